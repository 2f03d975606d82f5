"""Stored procedures and functions in Python: how they are kept and called."""
