"""Whom we trade with. One folder a venue, the same file names in each; `port.py` is what all of them promise."""
