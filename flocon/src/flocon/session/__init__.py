"""A client's session: the way of a statement from its text to its answer."""
