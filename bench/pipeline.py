"""The pipeline in a benchmark's account: its tables, streams and procedures, and events in RAW."""

import re
import tempfile
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from snowflake.connector import SnowflakeConnection

from app.caves.project import Project

# The order in which the tasks run them, which is the manifest's.
TRANSFORMS = (
    "RAW_TO_STAGING_ORDERS",
    "RAW_TO_STAGING_INVENTORY",
    "STAGING_TO_PROD_ORDERS",
    "STAGING_TO_PROD_INVENTORY_HISTORY",
    "STAGING_TO_PROD_INVENTORY_CURRENT",
)
_FILES = ("01_database.sql", "02_tables.sql", "03_streams.sql")
_PLACEHOLDER = re.compile(r"<%\s*ctx\.env\.(\w+)\s*%>")

# Events {first} … {first} + {count} - 1, seven orders to three adjustments, as the shop writes
# them: every 50th order has a quantity that is not a number, every 40th comes twice. Of
# a thousand events 300 are adjustments, of 300 products, and every sixth of a product counts its
# stock; ten products are never counted.
EVENTS = """
SELECT
    N, 'e-' || LPAD(N::VARCHAR, 12, '0') AS EVENT_ID, N % 10 < 7 AS IS_ORDER,
    'p-' || LPAD((N * 7919 % 1000)::VARCHAR, 5, '0') AS PRODUCT_ID,
    'c-' || (N * 104729 % 50000)::VARCHAR AS CUSTOMER_ID,
    TO_CHAR(
        DATEADD('second', N % 20000000, '2026-01-01'::TIMESTAMP_NTZ), 'YYYY-MM-DD"T"HH24:MI:SS'
    ) || '+01:00' AS AT,
    CASE WHEN N % 50 = 3 THEN '"two"' ELSE (N % 12 + 1)::VARCHAR END AS QUANTITY,
    (N % 90 + 5)::VARCHAR || '.' || LPAD((N % 100)::VARCHAR, 2, '0') AS PRICE
FROM (SELECT {first} + SEQ8() AS N FROM TABLE(GENERATOR(ROWCOUNT => {count})))
"""
INSERT = (
    """
INSERT INTO RAW_DATA.RAW_EVENTS_STREAM (
    EVENT_ID, EVENT_TYPE, EVENT_TIMESTAMP, PRODUCT_ID, CUSTOMER_ID, EVENT_DATA,
    INGESTION_TIMESTAMP, KAFKA_TOPIC, KAFKA_PARTITION, KAFKA_OFFSET
)
SELECT
    EVENT_ID, CASE WHEN IS_ORDER THEN 'ORDER_CREATED' ELSE 'INVENTORY_ADJUSTED' END,
    NULL, PRODUCT_ID, CASE WHEN IS_ORDER THEN CUSTOMER_ID END,
    PARSE_JSON(
        '{{"event_id":"' || EVENT_ID || '","event_type":"'
        || CASE WHEN IS_ORDER THEN 'ORDER_CREATED' ELSE 'INVENTORY_ADJUSTED' END
        || '","event_timestamp":"' || AT || '","product_id":"' || PRODUCT_ID
        || '","product_name":"Château ' || PRODUCT_ID || ' – Grand Vin"'
        || ',"product_category":"🍷 Rouge"'
        || CASE WHEN IS_ORDER THEN
            ',"order_id":"o-' || CASE WHEN N % 40 = 1 THEN N - 1 ELSE N END::VARCHAR
            || '","customer_id":"' || CUSTOMER_ID || '","quantity":' || QUANTITY
            || ',"unit_price":' || PRICE || ',"total_amount":' || PRICE
            || ',"payment_method":"CARD","shipping_address":"3 rue du Puits, 69001 Lyon"}}'
        ELSE
            ',"adjustment_id":"a-' || N::VARCHAR || '","adjustment_type":"RESTOCK"'
            || ',"quantity_change":' || (N % 30 - 6)::VARCHAR
            || CASE WHEN N % 100 < 99 AND (N + FLOOR(N / 1000)) % 6 = 0
                THEN ',"new_stock_level":' || (N % 400)::VARCHAR ELSE '' END
            || ',"reason":"livraison","warehouse_location":"Lyon"}}'
        END
    ),
    '2026-11-22 12:00:00'::TIMESTAMP_NTZ, 'sales_events', N % 6, N
FROM ("""
    + EVENTS
    + ")"
)

_PROCEDURE = """
CREATE OR REPLACE PROCEDURE {database}.OPS.{name}()
RETURNS VARIANT LANGUAGE PYTHON RUNTIME_VERSION = '3.11'
PACKAGES = ('snowflake-snowpark-python')
IMPORTS = ('@{database}.OPS.DEPLOYMENT/caves.zip')
HANDLER = '{handler}'
EXECUTE AS OWNER
"""


@dataclass
class Pipeline:
    """A deployed pipeline without its tasks: the benchmark calls the procedures itself."""

    connection: SnowflakeConnection
    database: str
    written: int = 0

    def rows(self, sql: str) -> list[Any]:
        cursor = self.connection.cursor()
        cursor.execute(sql)
        return cursor.fetchall()

    def run_file(self, name: str, env: Mapping[str, str]) -> None:
        """A file of app/sql, with the settings filled in."""
        text = (Project.find().root / "app" / "sql" / name).read_text("utf-8")
        while _PLACEHOLDER.search(text):  # a setting may name another one
            text = _PLACEHOLDER.sub(lambda found: env[found[1]], text)
        for _ in self.connection.execute_string(text):
            continue

    def write_events(self, count: int) -> None:
        """This many more events into RAW, in one statement."""
        self.rows(INSERT.format(first=self.written, count=count))
        self.written += count

    def call(self, name: str) -> float:
        """Call a procedure; returns the seconds it took."""
        started = time.perf_counter()
        self.rows(f"CALL OPS.{name}()")
        return time.perf_counter() - started

    def cycle(self) -> dict[str, float]:
        """All transforms once, one after the other; returns the seconds of each."""
        return {name: self.call(name) for name in TRANSFORMS}


@contextmanager
def deployed(connection: SnowflakeConnection, database: str) -> Iterator[Pipeline]:
    """Deploy what the transforms need into an empty account."""
    project = Project.find()
    env = {**project.env, "database": database}
    pipeline = Pipeline(connection, database)
    for name in _FILES:
        pipeline.run_file(name, env)
    _deploy_procedures(connection, project, database)
    yield pipeline


def _deploy_procedures(connection: SnowflakeConnection, project: Project, database: str) -> None:
    entities = yaml.safe_load((project.root / "snowflake.yml").read_text("utf-8"))["entities"]
    cursor = connection.cursor()
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "caves.zip"
        with zipfile.ZipFile(archive, "w") as zipped:
            for path in (project.root / "procedures").glob("*.py"):
                zipped.write(path, path.name)
        cursor.execute(f"PUT file://{archive} @{database}.OPS.DEPLOYMENT AUTO_COMPRESS=FALSE")
    for name in TRANSFORMS:
        handler = entities[name.lower()]["handler"]
        cursor.execute(_PROCEDURE.format(database=database, name=name, handler=handler))
