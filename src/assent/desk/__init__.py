"""What we decide. One door (`desk.Desk.handle`), facts out, and a state that is nothing but their fold.

No clock, no I/O, no randomness, no thread and no float in money: whatever could differ between two runs enters as an
input.
"""
