"""The console's pages: rendered here, from what the read side knows, and whole without a script.

A page shows and asks; it decides nothing. Every approval, rejection, halt and resume leaves through the control socket
with the session's credential, and the desk's own process judges it.
"""
