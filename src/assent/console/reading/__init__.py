"""What the console knows of one desk: its ledger, followed read-only, as plain values for whoever shows them.

`tail.Tail` is the door: a snapshot that never changes, answers to questions about single records and intents, and a way
to wait for news. Nothing here speaks HTTP, formats a number, or writes into a ledger.
"""
