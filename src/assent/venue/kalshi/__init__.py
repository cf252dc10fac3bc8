"""Kalshi's event contracts: its words and ours. What parses and signs here does no I/O and reads no clock."""
