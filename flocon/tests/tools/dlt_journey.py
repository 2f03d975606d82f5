"""dlt: python dlt_journey.py PORT DATABASE FOLDER loads twice, merging, with a child table."""

# mypy: ignore-errors

import sys

import dlt
from dlt.destinations import snowflake

port, database, folder = sys.argv[1:]
pipeline = dlt.pipeline(
    "shop",
    destination=snowflake(
        credentials={
            "host": "local", "database": database, "username": "me", "password": "any",
            "warehouse": "COMPUTE_WH", "role": "ACCOUNTADMIN",
            "query": {"host": "127.0.0.1", "port": port, "protocol": "http"},
        }
    ),
    dataset_name="shop",
    pipelines_dir=folder,
)  # fmt: skip
FIRST = [
    {"id": 1, "name": "x", "price": 1.5, "lines": [{"sku": "a", "n": 1}, {"sku": "b", "n": 2}]},
    {"id": 2, "name": "y", "price": 2.5, "at": "2026-01-01T00:00:00Z", "lines": []},
]
SECOND = [
    {"id": 1, "name": "xx", "price": 1.75, "lines": [{"sku": "c", "n": 3}]},
    {"id": 3, "name": "z", "fresh": True, "lines": [{"sku": "d", "n": 1}]},
]
for rows in (FIRST, SECOND):
    loaded = dlt.resource(rows, name="orders", primary_key="id", write_disposition="merge")
    pipeline.run(loaded).raise_on_failed_jobs()
