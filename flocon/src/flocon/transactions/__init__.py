"""Transactions as Snowflake has them, on DuckDB's; and the changes that streams give out.

manager        what a session has open: from BEGIN to COMMIT, a snapshot for each statement
transaction    one that is open: what it sees, what it has done, what it holds
replay         its effects, read and done again on a newer snapshot
locks          who excludes whom
commit_clock   when each table was changed last, counted in commits
changes        which tables are tracked, who writes to them, the order of commits
change_log     the log of a tracked table: how a statement's effect gets there
log_shape      the columns of such a log
streams        streams: definitions and offsets
stream_view    the view through which a stream is read

Nothing here knows of sessions, statements or rights.
"""
