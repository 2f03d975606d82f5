"""A procedure that fails anywhere has done nothing, and the next run does its work.

Which statements there are is not written down here: they are those that a run is seen to send.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from snowflake.snowpark.exceptions import SnowparkSQLException

from tests.procedures.modelled_pipeline import HANDLERS, STREAMS, TABLES, ModelledPipeline
from tests.procedures.pipeline import Handler, Pipeline, adjustment, order
from tests.procedures.tapped import Fault, Tap, breaking, failing, losing, tap

# What has to run before there is news for the procedure's own stream.
BEFORE = {
    "STAGING_TO_PROD_ORDERS": ["RAW_TO_STAGING_ORDERS"],
    "STAGING_TO_PROD_INVENTORY_HISTORY": ["RAW_TO_STAGING_INVENTORY"],
    "STAGING_TO_PROD_INVENTORY_CURRENT": ["RAW_TO_STAGING_INVENTORY"],
}
NEWS = (
    order("o-1", quantity=7),
    order("o-2"),
    order("o-3", quantity=0),
    adjustment("a-1", quantity_change=7),
    adjustment("a-2", product_id="p-2"),
    adjustment("a-3", quantity_change=None),
)

UPDATED = ("PRODUCTION.ORDERS", "PRODUCTION.INVENTORY_CURRENT")


def state(pipeline: Pipeline) -> dict[str, Counter[str]]:
    """Every row of every table, and of every stream, which is its offset seen from outside."""
    reads = [*TABLES, *STREAMS.values()]
    return {name: Counter(map(str, pipeline.sql(f"SELECT * FROM {name}"))) for name in reads}


def sizes(pipeline: Pipeline) -> dict[str, tuple[int, str | None]]:
    """The same in one statement: how many rows each has, and when the last of them changed."""
    return {
        name: (count, changed)
        for name, count, changed in pipeline.sql(
            " UNION ALL ".join(
                f"SELECT '{name}', COUNT(*),"
                f" {'MAX(UPDATED_AT)::VARCHAR' if name in UPDATED else 'NULL'} FROM {name}"
                for name in [*TABLES, *STREAMS.values()]
            )
        )
    }


def sent_by(modelled: ModelledPipeline, handler: Handler) -> list[str]:
    """The statements of a run, the transaction's own included."""
    with tap(modelled.pipeline.session, Tap()) as seen:
        handler(modelled.pipeline.session)
    return seen.seen


def made_ready(modelled: ModelledPipeline, procedure: str) -> int:
    """News for the procedure's stream; returns how many statements its run sends."""
    count = len(sent_by(modelled, HANDLERS[procedure]))
    modelled.ingester.ingest(*NEWS)
    for earlier in BEFORE.get(procedure, []):
        HANDLERS[earlier](modelled.pipeline.session)
    return count


def broken_run(modelled: ModelledPipeline, procedure: str, fault: Tap) -> None:
    """The run fails, and leaves no transaction open."""
    with tap(modelled.pipeline.session, fault), pytest.raises((SnowparkSQLException, Fault)):
        HANDLERS[procedure](modelled.pipeline.session)
    assert fault.seen[-1].strip().upper() == "ROLLBACK"


@pytest.mark.parametrize("procedure", HANDLERS)
def test_a_fault_in_any_statement_leaves_nothing_and_the_next_run_does_the_work(
    modelled: ModelledPipeline, procedure: str
) -> None:
    statements = made_ready(modelled, procedure)
    commit = statements - 1
    before, rows = sizes(modelled.ingester), state(modelled.ingester)
    assert rows[STREAMS[procedure]]
    for nth in range(statements):
        broken_run(modelled, procedure, failing(nth))
        assert sizes(modelled.ingester) == before, f"statement {nth} failed"
    for nth in (0, commit - 1):
        broken_run(modelled, procedure, losing(nth))
        assert sizes(modelled.ingester) == before, f"the answer of statement {nth} was lost"
    assert state(modelled.ingester) == rows

    broken_run(modelled, procedure, losing(commit))
    done = sizes(modelled.ingester)
    assert done[STREAMS[procedure]] == (0, None), "a COMMIT that is only not heard of is done"
    HANDLERS[procedure](modelled.pipeline.session)
    assert sizes(modelled.ingester) == done


@pytest.mark.parametrize("procedure", ["RAW_TO_STAGING_INVENTORY", "STAGING_TO_PROD_ORDERS"])
def test_a_connection_that_breaks_before_the_commit_undoes_the_run_by_itself(
    modelled: ModelledPipeline, connect: Any, procedure: str
) -> None:
    commit = made_ready(modelled, procedure) - 1
    before = sizes(modelled.ingester)
    with connect(modelled.pipeline.database) as session:
        with tap(session, breaking(commit)), pytest.raises(Fault):
            HANDLERS[procedure](session)
        assert sizes(modelled.ingester) == before
    assert sizes(modelled.ingester) == before
    HANDLERS[procedure](modelled.pipeline.session)
    assert sizes(modelled.ingester)[STREAMS[procedure]] == (0, None)


CONSTANT = {
    "RAW_TO_STAGING_ORDERS": ["BEGIN", "INSERT", "COMMIT"],
    "RAW_TO_STAGING_INVENTORY": ["BEGIN", "INSERT", "COMMIT"],
    "STAGING_TO_PROD_ORDERS": ["BEGIN", "MERGE", "COMMIT"],
    "STAGING_TO_PROD_INVENTORY_HISTORY": ["BEGIN", "MERGE", "COMMIT"],
    "STAGING_TO_PROD_INVENTORY_CURRENT": ["BEGIN", "MERGE", "MERGE", "COMMIT"],
}


def test_the_statements_are_the_same_for_no_row_and_for_many(modelled: ModelledPipeline) -> None:
    def sent() -> dict[str, list[str]]:
        return {name: modelled.pipeline.statements(handler) for name, handler in HANDLERS.items()}

    assert sent() == CONSTANT
    modelled.ingester.ingest(*(order(f"o-{n}", quantity=n % 3) for n in range(150)))
    modelled.ingester.ingest(*(adjustment(f"a-{n}", product_id=f"p-{n % 7}") for n in range(100)))
    assert sent() == CONSTANT
    assert modelled.ingester.count("PRODUCTION.ORDERS") == 100
    assert modelled.ingester.count("RAW_DATA.REJECTED_EVENTS") == 50
    assert modelled.ingester.rows(
        "PRODUCTION.INVENTORY_CURRENT", "PRODUCT_ID, CURRENT_STOCK_LEVEL"
    ) == [(f"p-{n}", 24 * len(range(n, 100, 7))) for n in range(7)]
