"""What things are: values that every other room shares.

Nothing in here decides, remembers or talks. A module of this room holds types and the checks of their own validity.
"""
