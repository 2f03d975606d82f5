"""Statements that sqlglot leaves as text: tokens in, small dataclasses out."""
