from __future__ import annotations

import importlib
import inspect
from importlib.metadata import version
from typing import Any

from snowflake.snowpark import Session

from tests.procedures.deployment import PROJECT, manifest

HANDLERS = {
    "RAW_TO_STAGING_ORDERS": "raw_to_staging.orders",
    "RAW_TO_STAGING_INVENTORY": "raw_to_staging.inventory",
    "STAGING_TO_PROD_ORDERS": "staging_to_production.orders",
    "STAGING_TO_PROD_INVENTORY_HISTORY": "staging_to_production.inventory_history",
    "STAGING_TO_PROD_INVENTORY_CURRENT": "staging_to_production.inventory_current",
}
# What people, the nightly task and the alert call, with the arguments that they may give.
REPAIRS = {
    "RETRY_REJECTED": ("rejections.retry", ["events", "reason"]),
    "ACCEPT_FUTURE": ("rejections.accept_future", ["events", "note"]),
    "VOID_ADJUSTMENT": ("corrections.void_adjustment", ["adjustment_id", "note"]),
    "WITHDRAW_ORDER_EVENT": (
        "corrections.withdraw_order_event",
        ["order_id", "event_id", "note"],
    ),
    "DISCARD_REJECTED": ("rejections.discard", ["events", "reason", "note"]),
    "REPROCESS": ("reprocessing.reprocess", ["since", "until"]),
    "FORGET_CUSTOMER": ("forgetting.forget_customer", ["customer_id", "asked_by", "plan"]),
    "PURGE": ("nightly.purge", ["raw_days", "staging_days"]),
    "UPDATE_INCIDENTS": (
        "alerts.update_incidents",
        ["email_integration", "recipients", "webhook_integration"],
    ),
}


def procedures() -> list[dict[str, Any]]:
    entities = manifest()["entities"].values()
    return [entity for entity in entities if entity["type"] == "procedure"]


def test_the_manifest_deploys_every_procedure_into_ops() -> None:
    handlers = {entity["identifier"]["name"]: entity["handler"] for entity in procedures()}
    assert handlers == HANDLERS | {name: handler for name, (handler, _) in REPAIRS.items()}
    assert {entity["identifier"]["schema"] for entity in procedures()} == {"OPS"}
    databases = {entity["identifier"]["database"] for entity in procedures()}
    assert databases == {"<% ctx.env.database %>"}


def test_every_handler_takes_a_session_and_the_arguments_of_its_signature() -> None:
    signatures = {
        entity["handler"]: [argument["name"] for argument in entity.get("signature") or []]
        for entity in procedures()
    }
    assert signatures == {handler: [] for handler in HANDLERS.values()} | dict(REPAIRS.values())
    for handler, arguments in signatures.items():
        module, function = handler.split(".")
        found = getattr(importlib.import_module(module), function)
        first, *others = inspect.signature(found, eval_str=True).parameters.values()
        assert first.annotation is Session
        assert [other.name for other in others] == arguments


def test_the_environment_has_the_documented_defaults() -> None:
    assert manifest()["env"] == {
        "database": "CAVES_ALBERT_DB",
        "warehouse": "COMPUTE_WH",
        "task_schedule": "1 MINUTE",
        "task_trigger": "SCHEDULE = '<% ctx.env.task_schedule %>'",
        "batch_max_seconds": 60,
        "batch_max_events": 50,
        "sign_of_life_seconds": 300,
        "latency_threshold": 300,
        "dashboard_runtime": "SYSTEM$WAREHOUSE_RUNTIME",
        "dashboard_compute_pool": "SYSTEM_COMPUTE_POOL_CPU",
        "max_event_future_seconds": 3600,
        "profile": "live",
        "profile_fast": (
            "task_trigger=USER_TASK_MINIMUM_TRIGGER_INTERVAL_IN_SECONDS = 10; batch_max_seconds=1;"
            " batch_max_events=10000; latency_threshold=60"
        ),
        "profile_triggered": (
            "task_trigger=; batch_max_seconds=180; batch_max_events=10000;"
            " sign_of_life_seconds=900; alert_schedule=15 MINUTE"
        ),
        "profile_economy": (
            "task_trigger=; batch_max_seconds=600; batch_max_events=10000;"
            " sign_of_life_seconds=3600; alert_schedule=60 MINUTE; latency_threshold=900"
        ),
        "warehouse_generation": "1",
        "monthly_credits": 800,
        "monitor_notify_users": "",
        "low_stock_threshold": 50,
        "mask_customers": "off",
        "shop_time_zone": "Europe/Paris",
        "shop_language": "en",
        "raw_retention_days": 30,
        "staging_retention_days": 7,
        "log_level": "",
        "alert_schedule": "5 MINUTE",
        "alert_warehouse": "",
        "alert_email_integration": "",
        "alert_recipients": "",
        "alert_webhook_integration": "",
    }


def test_only_snowpark_is_packaged_for_snowflake_in_the_version_that_the_tests_run_on() -> None:
    lines = (PROJECT / "requirements.txt").read_text("utf-8").splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == [
        f"snowflake-snowpark-python=={version('snowflake-snowpark-python')}"
    ]


def test_the_procedures_import_nothing_but_snowpark_and_each_other() -> None:
    modules = {path.stem for path in (PROJECT / "procedures").glob("*.py")}
    standard = {"__future__", "collections", "contextlib", "dataclasses", "datetime", "functools"}
    standard |= {"base64", "binascii", "decimal", "hashlib", "json", "logging", "re", "secrets"}
    standard |= {"time", "typing"}
    allowed = modules | standard | {"snowflake"}
    for path in (PROJECT / "procedures").glob("*.py"):
        imported = {
            line.split()[1].split(".")[0]
            for line in path.read_text("utf-8").splitlines()
            if line.startswith(("import ", "from "))
        }
        assert imported <= allowed, path.name
