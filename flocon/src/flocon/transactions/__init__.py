"""Transactions, locks and the log of changes that streams read."""
