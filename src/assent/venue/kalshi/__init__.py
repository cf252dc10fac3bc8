"""Kalshi: event contracts over its REST and websocket interfaces."""
