"""The first and the last moment that an event may have can be read through every view."""

from datetime import datetime
from typing import Any

from tests.procedures.deployment import run_sql_file
from tests.procedures.modelled_pipeline import HANDLERS
from tests.procedures.pipeline import adjustment, opened_pipeline, order

MOMENTS = ("1970-01-01T00:00:00Z", "2261-12-31T23:59:59.999999Z")


def test_every_view_shows_the_ends_of_the_range_to_every_reader(
    account: Any, database: str
) -> None:
    with opened_pipeline(account, database) as pipeline:
        connection = pipeline.session.connection
        for name in ("05_tasks.sql", "06_analytics.sql", "07_operations.sql", "08_alerts.sql"):
            run_sql_file(connection, name, database)
        for n, moment in enumerate(MOMENTS):
            pipeline.ingest(
                order(f"o-{n}", event_timestamp=moment),
                adjustment(f"a-{n}", product_id=f"p-{n}", event_timestamp=moment),
            )
        for handler in HANDLERS.values():
            handler(pipeline.session)
        views = [
            f"{schema}.{row['name']}"
            for schema in ("ANALYTICS", "OPS")
            for row in pipeline.session.sql(f"SHOW VIEWS IN SCHEMA {schema}").collect()
        ]
        assert {"ANALYTICS.SALES", "ANALYTICS.CUSTOMER_LOYALTY", "OPS.EVENT_LATENCY"} <= {*views}
        cursor = connection.cursor()
        for view in (*views, "PRODUCTION.ORDERS", "PRODUCTION.INVENTORY_CURRENT"):
            rows = cursor.execute(f"SELECT * FROM {view}").fetchall()
            assert len(cursor.execute(f"SELECT * FROM {view}").fetch_pandas_all()) == len(rows)
        sold = cursor.execute("SELECT SOLD_AT FROM ANALYTICS.SALES ORDER BY 1").fetchall()
        assert sold == [
            (datetime(1970, 1, 1, 1),),
            (datetime(2262, 1, 1, 0, 59, 59, 999999),),
        ]
        shown = cursor.execute("SELECT SOLD_AT FROM ANALYTICS.SALES ORDER BY 1").fetch_pandas_all()
        assert [str(moment) for moment in shown["SOLD_AT"]] == [
            "1970-01-01 01:00:00",
            "2262-01-01 00:59:59.999999",
        ]
