"""The processes that run procedures."""
