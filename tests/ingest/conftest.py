"""The Kafka client reads its schemas through a deprecated function while it is imported."""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import kafka  # noqa: F401  (imported for that effect alone)
