"""The columns of SHOW, DESCRIBE and the histories that `caves` reads."""

from app.caves.doctor.assertion import Broken, Subject
from app.caves.doctor.environment import Environment

LISTINGS = Subject("deploys")

# Statement, and the columns that are read of its answer; the page is the statement's own.
SHOWN = {
    "databases": ("SHOW DATABASES", "name owner comment"),
    "schemas": ("SHOW SCHEMAS IN DATABASE {db}", "name owner"),
    "stages": ("SHOW STAGES IN DATABASE {db}", "name schema_name"),
    "tables": ("SHOW TABLES IN DATABASE {db}", "name schema_name rows bytes"),
    "views": ("SHOW VIEWS IN DATABASE {db}", "created_on name schema_name"),
    "streams": ("SHOW STREAMS IN DATABASE {db}", "name schema_name stale stale_after mode"),
    "tasks": (
        "SHOW TASKS IN SCHEMA {db}.OPS",
        "name schema_name owner comment warehouse schedule predecessors state definition condition",
    ),
    "alerts": (
        "SHOW ALERTS IN SCHEMA {db}.OPS",
        "name schema_name owner comment warehouse schedule state condition action",
    ),
    "procedures": (
        "SHOW PROCEDURES IN SCHEMA {db}.OPS",
        "created_on name schema_name is_builtin arguments",
    ),
    "streamlits": (
        "SHOW STREAMLITS IN DATABASE {db}",
        "created_on name schema_name title owner query_warehouse",
    ),
    "warehouses": (
        "SHOW WAREHOUSES",
        "name state size auto_suspend owner comment resource_monitor",
    ),
    "roles": ("SHOW ROLES", "name comment"),
}
HISTORIES = {
    "task-history": (
        "SELECT * FROM TABLE({db}.INFORMATION_SCHEMA.TASK_HISTORY(RESULT_LIMIT => 1))",
        "name state run_id attempt_number scheduled_from scheduled_time query_start_time"
        " completed_time error_code error_message return_value root_task_id graph_run_group_id"
        " database_name schema_name",
        "sql-reference/functions/task_history",
    ),
    "alert-history": (
        "SELECT * FROM TABLE({db}.INFORMATION_SCHEMA.ALERT_HISTORY(RESULT_LIMIT => 1))",
        "name state database_name schema_name scheduled_time completed_time",
        "sql-reference/functions/alert_history",
    ),
    "task-dependents": (
        "SELECT * FROM TABLE({db}.INFORMATION_SCHEMA.TASK_DEPENDENTS("
        "TASK_NAME => '{db}.OPS.TASK_RAW_TO_STAGING_ORDERS', RECURSIVE => TRUE))",
        "name state",
        "sql-reference/functions/task_dependents",
    ),
    "task-graphs": (
        "SELECT * FROM TABLE({db}.INFORMATION_SCHEMA.CURRENT_TASK_GRAPHS())",
        "root_task_name database_name schema_name state",
        "sql-reference/functions/current_task_graphs",
    ),
    "warehouse-load": (
        "SELECT * FROM TABLE({db}.INFORMATION_SCHEMA.WAREHOUSE_LOAD_HISTORY("
        "DATE_RANGE_START => DATEADD('hour', -1, CURRENT_TIMESTAMP()), WAREHOUSE_NAME => '{wh}'))",
        "start_time end_time avg_running avg_queued_load",
        "sql-reference/functions/warehouse_load_history",
    ),
    "staged-code": ("LIST @{db}.OPS.DEPLOYMENT/caves/", "name md5", "sql-reference/sql/list"),
    "table-columns": (
        "SELECT * FROM {db}.INFORMATION_SCHEMA.COLUMNS LIMIT 1",
        "table_schema table_name column_name",
        "sql-reference/info-schema/columns",
    ),
}


def _assert_columns(name: str, statement: str, columns: str, page: str) -> None:
    """The assertion that these columns are there."""

    def check(environment: Environment) -> str:
        answer = environment.ask(statement)
        there = {each.lower() for each in answer.names}
        if missing := [each for each in columns.split() if each not in there]:
            raise Broken(f"without {', '.join(missing)}; there are {', '.join(sorted(there))}")
        return f"{len(there)} columns"

    head = statement.split(" IN ")[0].split("(")[0].replace("{db}.", "")
    check.__doc__ = f"{head} has the columns that `caves` reads: {', '.join(columns.split())}."
    otherwise = "`caves deploy`, `status` or `cost` fail, or show nothing, where they read these"
    LISTINGS.holds(f"columns-of-{name}", page, otherwise)(check)


for _name, (_statement, _columns) in SHOWN.items():
    _assert_columns(_name, _statement, _columns, f"sql-reference/sql/show-{_name}")
for _name, (_statement, _columns, _page) in HISTORIES.items():
    _assert_columns(_name, _statement, _columns, _page)


@LISTINGS.holds(
    "describe-procedure-has-imports",
    "sql-reference/sql/desc-procedure",
    "a deployment never drops a procedure that left the project",
)
def describe_procedure_has_imports(environment: Environment) -> str:
    """DESCRIBE PROCEDURE names the stage from which the code is imported."""
    answer = environment.ask("DESCRIBE PROCEDURE {db}.OPS.PURGE(NUMBER, NUMBER)")
    values = dict(
        zip(map(str.lower, answer.column("property")), answer.column("value"), strict=True)
    )
    imports = str(values.get("imports", "")).replace('"', "").upper()
    if "OPS.DEPLOYMENT/CAVES/" not in imports:
        raise Broken("imports do not name OPS.DEPLOYMENT/caves/")
    return "imports"
