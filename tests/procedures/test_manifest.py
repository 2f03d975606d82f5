from __future__ import annotations

import importlib
import inspect

from snowflake.snowpark import Session

from tests.procedures.deployment import PROJECT, manifest

HANDLERS = {
    "RAW_TO_STAGING_ORDERS": "raw_to_staging.orders",
    "RAW_TO_STAGING_INVENTORY": "raw_to_staging.inventory",
    "STAGING_TO_PROD_ORDERS": "staging_to_production.orders",
    "STAGING_TO_PROD_INVENTORY_HISTORY": "staging_to_production.inventory_history",
    "STAGING_TO_PROD_INVENTORY_CURRENT": "staging_to_production.inventory_current",
}


def test_the_manifest_deploys_the_five_procedures_into_ops() -> None:
    entities = manifest()["entities"].values()
    procedures = [entity for entity in entities if entity["type"] == "procedure"]
    assert {entity["identifier"]["name"]: entity["handler"] for entity in procedures} == HANDLERS
    assert {entity["identifier"]["schema"] for entity in procedures} == {"OPS"}
    assert {entity["identifier"]["database"] for entity in procedures} == {"<% ctx.env.database %>"}


def test_every_handler_is_a_function_of_a_session() -> None:
    for handler in HANDLERS.values():
        module, function = handler.split(".")
        found = getattr(importlib.import_module(module), function)
        [parameter] = inspect.signature(found, eval_str=True).parameters.values()
        assert parameter.annotation is Session


def test_the_environment_has_the_documented_defaults() -> None:
    assert manifest()["env"] == {
        "database": "CAVES_ALBERT_DB",
        "warehouse": "COMPUTE_WH",
        "task_schedule": "1 MINUTE",
    }


def test_only_snowpark_is_packaged_for_snowflake() -> None:
    lines = (PROJECT / "requirements.txt").read_text("utf-8").splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == [
        "snowflake-snowpark-python"
    ]


def test_the_procedures_import_nothing_but_snowpark_and_each_other() -> None:
    modules = {path.stem for path in (PROJECT / "procedures").glob("*.py")}
    allowed = modules | {"__future__", "collections", "contextlib", "dataclasses", "snowflake"}
    for path in (PROJECT / "procedures").glob("*.py"):
        imported = {
            line.split()[1].split(".")[0]
            for line in path.read_text("utf-8").splitlines()
            if line.startswith(("import ", "from "))
        }
        assert imported <= allowed, path.name
