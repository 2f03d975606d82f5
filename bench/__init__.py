"""Benchmarks: figures about this machine, never a test's verdict."""
