"""Everything that can go wrong in this package, sorted by what the caller must do about it."""


class IngestError(Exception):
    """The root. Its text is one line that a person can act on."""


class WrongUse(IngestError):
    """The flags or the environment make no sense: exit code 2."""


class Fatal(IngestError):
    """Going on would lose or repeat messages, or is impossible: stop with exit code 1."""


class Transient(IngestError):
    """The network, a session, a lock: the same attempt may succeed later."""


class NoBroker(Transient):
    """No broker answers. They are back sooner than a warehouse, and asking costs nothing."""


class DataRefused(IngestError):
    """The warehouse refuses the data of at least one row; its text is the warehouse's reason."""


class FenceLost(IngestError):
    """INGEST_OFFSETS is not as this ingester last read or wrote it: somebody else moved on."""
