"""The view through which a stream is read: what has changed since its offset.

https://docs.snowflake.com/en/user-guide/streams-intro
"""

from dataclasses import dataclass
from datetime import datetime

from flocon.sql.tokens import FullName
from flocon.transactions.change_log import Tracked, hidden

_VIEW_PREFIX = "_account_stream_"
_LAST = 2**63 - 1


@dataclass(frozen=True)
class Stream:
    """A stream's definition. table_id names the table it was made on, and never another."""

    id: int
    name: FullName
    table_id: int
    table: FullName
    append_only: bool
    show_initial_rows: bool
    comment: str
    created_on: datetime
    owner: str

    @property
    def view(self) -> str:
        """The hidden view that answers for the stream, and for the next one of its name."""
        return f"{_VIEW_PREFIX}{self.name.schema}.{self.name.name}"

    @property
    def quoted_view(self) -> str:
        return hidden(self.name.database, '"' + self.view.replace('"', '""') + '"')


def initial_table(stream: Stream) -> str:
    return hidden(stream.name.database, f"_account_initial_{stream.id}")


def stream_bound_variable(database: str) -> str:
    """The variable of a connection that ends what the streams of a database show."""
    return f"stream_bound_{database}"


def view_sql(stream: Stream, tracked: Tracked) -> str:
    """The stream's rows: one statement, so offset, place and rows come from one snapshot.

    In an explicit transaction they end where it began: the connection's variable says where.
    """
    database = stream.name.database
    streams, commits = (hidden(database, f"_account_{t}") for t in ("streams", "commits"))
    itself = f"FROM {streams} WHERE id = {stream.id}"
    row_id = f"sha1('{database}.{tracked.id}.' || \"$row\")"
    since = (
        f'FROM {tracked.log} l JOIN {commits} c ON l."$tx" = c.tx'
        f' WHERE c.seq > (SELECT "offset" {itself})'
        f" AND c.seq <= coalesce(getvariable('account_{stream_bound_variable(database)}'), {_LAST})"
    )
    changes = (
        f"SELECT {tracked.list(prefix='l.')}, 'INSERT' AS \"METADATA$ACTION\","
        f' FALSE AS "METADATA$ISUPDATE", {row_id} AS "METADATA$ROW_ID"'
        f" {since} AND l.\"$op\" = 'I'"
    )
    if not stream.append_only:
        # Rows with one entry, nearly all as a rule, are told apart without sorting.
        more = f'FROM {tracked.log} o WHERE o."$op" <> \'I\' AND o."$row" = l."$row"'
        changes = (
            f"{changes} AND NOT EXISTS (SELECT 1 {more}) UNION ALL"
            f" {_net_changes(tracked, row_id, f'{since} AND EXISTS (SELECT 1 {more})')}"
        )
    if stream.show_initial_rows:
        first = f"(SELECT initial {itself})"
        changes = (
            f"SELECT {tracked.list()}, 'INSERT' AS \"METADATA$ACTION\","
            ' FALSE AS "METADATA$ISUPDATE",'
            f" sha1('{stream.id}.' || rowid) AS \"METADATA$ROW_ID\""
            f" FROM {initial_table(stream)} WHERE {first}"
            f" UNION ALL SELECT * FROM ({changes}) WHERE NOT {first}"
        )
    return f"CREATE OR REPLACE VIEW {stream.quoted_view} AS {changes}"


def _net_changes(tracked: Tracked, row_id: str, since: str) -> str:
    """Of rows with several entries the first and the last decide: born and there INSERT, born and
    gone nothing, old and gone DELETE, old and changed both."""
    order = 'c.seq, l."$n", l."$op" = \'A\''
    window = f'PARTITION BY "$row" ORDER BY {order}'
    whole = f"{window} ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING"
    return (
        f"SELECT {tracked.list()}, CASE WHEN \"$there\" THEN 'INSERT' ELSE 'DELETE' END"
        ' AS "METADATA$ACTION", "$old" AND "$stays" AS "METADATA$ISUPDATE",'
        f' {row_id} AS "METADATA$ROW_ID" FROM ('
        f"SELECT l.*, \"$op\" IN ('I', 'A') AS \"$there\","
        f' row_number() OVER ({window}) = 1 AS "$first",'
        f' lead("$n") OVER ({window}) IS NULL AS "$last",'
        f" first_value(\"$op\") OVER ({whole}) IN ('D', 'B') AS \"$old\","
        f" last_value(\"$op\") OVER ({whole}) IN ('I', 'A') AS \"$stays\""
        f" {since})"
        ' WHERE ("$last" AND "$there") OR ("$first" AND NOT "$there")'
    )
