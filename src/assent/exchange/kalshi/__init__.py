"""Kalshi in a box: our own matching core behind Kalshi's REST wire format, as a plain ASGI application.

It answers as the documentation and recorded traffic say the venue answers today, so that an adapter meets here what
it meets there. It shares no line with the adapter: two readings of one set of facts. Start reading at `app.py`.
"""
