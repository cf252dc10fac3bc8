"""What a person types, and what a script reads: one module a command, each loaded only when it is asked for.

Nothing is decided here. A command reads the settings, asks the running desk or reads the ledger, and shows the answer;
whatever it shows is inert in a terminal. Begin with `main.py`.
"""
