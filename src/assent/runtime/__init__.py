"""The shell around the desk: the only room with a clock and an event loop.

Everything nondeterministic becomes an input here, is put in order here, and reaches the desk as plain values.
What the desk decides is made durable before any of it leaves. The same code runs on real time, on scaled time
and on virtual time; it must never decide anything about money itself.
"""
