"""Web pages and HTTP interface, in a process of their own: they read the ledger and ask the desk, and decide nothing.

Nobody's page, however slow or hostile, may delay trading: the desk's process does nothing for the console but answer
its control socket, and judges for itself who asks.
"""
