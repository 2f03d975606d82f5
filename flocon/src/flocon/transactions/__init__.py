"""Transactions as Snowflake has them, on DuckDB's; and the changes that streams give out.

manager        what a session has open: from BEGIN to COMMIT, a snapshot for each statement
transaction    one that is open: what it sees, what it has done, what it holds
replay         its effects, read and done again on a newer snapshot
locks          who excludes whom
commit_clock   when each table was changed last, counted in commits
write_times    when the rows of each table changed last, over the account's end
commits        open transactions, and the order of commits
tracked_tables which tables have a log, and who writes to them
change_log     such a log: its names and its columns
logged_dml     a DML statement, and its effect in the log
streams        streams: definitions and offsets
stream_view    the view through which a stream is read

Nothing here knows of sessions, statements or rights.
"""
