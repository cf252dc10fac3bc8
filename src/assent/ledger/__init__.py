"""What we remember: an append-only, hash-chained record of bytes, and the means to convince a stranger of it.

This room knows nothing of facts. It keeps `(ts, kind, version, body)`, adds a number and two hashes, and is durable
before it says so. Begin with `chain.py`, then `port.py`; `verify.py` is a program of its own.
"""
