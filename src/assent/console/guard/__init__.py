"""Who may ask the console what. Nothing behind the guard is open unless its route says so.

`entry.Guard` stands in front of every route, so a forgotten one is closed. A route declares whom it serves by one of
the dependencies in `people`: `viewer`, `approver`, `operator`, or `anyone` for what needs no credential.
"""
