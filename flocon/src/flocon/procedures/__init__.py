"""Stored procedures in Python: how they are kept and called, and the processes that run them."""
