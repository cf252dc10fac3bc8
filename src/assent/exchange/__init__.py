"""An exchange in a box: the independent truth that judges the desk.

It keeps its own books, its own fees and its own clock (time is an argument), so that what the desk believes
can be compared with what happened, to the last micro. It must never import a desk's arithmetic: two readings
of one rulebook agree only if both are right. Start reading at `core.py`, then `boxed.py`.
"""
