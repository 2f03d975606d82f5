"""The five laws of the pipeline, each as one query over the tables and streams.

A law is one statement, so all its figures belong to one moment, also while the pipeline runs. A
SELECT on a stream moves no offset. The figures named in `violations` must be 0; IN_FLIGHT counts
what a stream has not given out yet, and is no violation.

The queries are the files beside this one; sqlfluff reads them. Which columns are compared is asked
of the database (`kinds`), and fills their placeholders.

Every query takes one value, SINCE: what is older was perhaps purged by hand, and is left out. What
OPS.PURGE took is known from OPS.RETENTION_LOG, and needs no SINCE.
"""

from app.caves.laws.law import LAWS, Law, Verdict

__all__ = ["LAWS", "Law", "Verdict"]
