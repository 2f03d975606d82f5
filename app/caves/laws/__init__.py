"""The five laws of the pipeline, each as one query over the tables and streams.

A law is one statement, so all its figures belong to one moment, also while the pipeline runs. A
SELECT on a stream moves no offset. The figures named in `violations` must be 0; IN_FLIGHT counts
what a stream has not given out yet, and is no violation.

- `verify` states the laws and judges them;
- the queries are the `.sql` files beside it, which sqlfluff reads;
- `kinds` asks the database which columns are to be compared, and fills the queries' placeholders.

Every query takes one value, SINCE: what is older was perhaps purged by hand, and is left out. What
OPS.PURGE deleted is known from OPS.RETENTION_LOG, and needs no SINCE.
"""
