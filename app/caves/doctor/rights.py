"""What each role of the environment may do: docs/roles.md."""

from app.caves.doctor.assertion import Broken, Subject, expect
from app.caves.doctor.environment import Environment, Session
from app.caves.doctor.events import ingest, order
from app.caves.objects import ROOT_TASKS, STREAMS

RIGHTS = Subject("bootstraps", "deploys")
holds = RIGHTS.holds
PRIVILEGES = "user-guide/security-access-control-privileges"
ROLES = "docs/roles.md promises it: grant what is missing (app/sql/admin/04_grants.sql)"


def _views(environment: Environment, role: str, schemas: tuple[str, ...]) -> str:
    """Every view of these schemas, read under the role."""
    names = [
        (schema, name)
        for schema in schemas
        for name in environment.ask(f"SHOW VIEWS IN SCHEMA {{db}}.{schema}").column("name")
    ]
    refused = []
    with environment.open(role) as session:
        for schema, name in names:
            errno = session.refusal(f"SELECT * FROM {{db}}.{schema}.{name} LIMIT 1")
            if errno is not None:
                refused.append(f"{schema}.{name} ({errno})")
    if refused:
        raise Broken(f"refused: {', '.join(refused)}")
    if not names:
        raise Broken("there are no views")
    return f"{len(names)} views"


@holds(
    "ingester-writes",
    PRIVILEGES,
    "the ingester's service user cannot write: its role needs another privilege",
)
def ingester_writes(environment: Environment) -> str:
    """INSERT on RAW, and SELECT, INSERT, UPDATE on the offsets, are all that a batch needs."""
    first = int(environment.ask("SELECT NEXT_OFFSET FROM {db}.RAW_DATA.INGEST_OFFSETS").value)
    with environment.open("INGESTER") as session:
        ingest(session, [order("o-30", "e-30")], first)
    return "one batch"


@holds("ingester-reads-nothing", PRIVILEGES, "the ingester's role may read events")
def ingester_reads_nothing(environment: Environment) -> str:
    """The ingester's role can neither read nor delete events."""
    with environment.open("INGESTER") as session:
        for statement in (
            "SELECT COUNT(*) FROM {db}.RAW_DATA.RAW_EVENTS_STREAM",
            "DELETE FROM {db}.RAW_DATA.RAW_EVENTS_STREAM",
            "SELECT COUNT(*) FROM {db}.PRODUCTION.ORDERS",
        ):
            if session.refusal(statement) is None:
                raise Broken(f"may do: {statement}")
    return "refused"


@holds(
    "deployer-reads-every-view",
    "sql-reference/functions/task_dependents",
    "the alert and the dashboard show nothing: views fail for their owner",
)
def deployer_reads_every_view(environment: Environment) -> str:
    """The views' owner reads each of them."""
    return _views(environment, "DEPLOYER", ("ANALYTICS", "OPS"))


@holds("analyst-reads-every-view", "sql-reference/sql/create-view", ROLES)
def analyst_reads_every_view(environment: Environment) -> str:
    """ANALYST reads every view of ANALYTICS."""
    return _views(environment, "ANALYST", ("ANALYTICS",))


@holds("operator-reads-every-view", "sql-reference/functions/task_dependents", ROLES)
def operator_reads_every_view(environment: Environment) -> str:
    """OPERATOR reads every view of OPS, those over histories included."""
    return _views(environment, "OPERATOR", ("OPS",))


@holds(
    "has-data-with-select-alone",
    "sql-reference/functions/system_stream_has_data",
    "`caves status` under OPERATOR cannot tell whether rows wait",
)
def has_data_with_select_alone(environment: Environment) -> str:
    """SELECT on a stream, without any right on its table, is enough to ask whether it has data."""
    with environment.open("OPERATOR") as session:
        for name in STREAMS:
            session.ask(f"SELECT SYSTEM$STREAM_HAS_DATA('{{db}}.{name}')")
    return f"{len(STREAMS)} streams"


@holds("operator-suspends-and-resumes-tasks", "sql-reference/sql/alter-task", ROLES)
def operator_suspends_and_resumes_tasks(environment: Environment) -> str:
    """OPERATE is enough to suspend and to resume a task."""
    return _both_ways(environment, "OPERATOR", f"TASK {{db}}.{ROOT_TASKS[0]}")


@holds("operator-runs-tasks", "sql-reference/sql/execute-task", ROLES)
def operator_runs_tasks(environment: Environment) -> str:
    """OPERATE is enough for EXECUTE TASK."""
    with environment.open("OPERATOR") as session:
        session.ask(f"EXECUTE TASK {{db}}.{ROOT_TASKS[1]}")
    return "executed"


@holds("operator-suspends-and-resumes-the-alert", "sql-reference/sql/alter-alert", ROLES)
def operator_suspends_and_resumes_the_alert(environment: Environment) -> str:
    """OPERATE is enough to suspend and to resume an alert."""
    return _both_ways(environment, "OPERATOR", "ALERT {db}.OPS.ALERT_INCIDENTS")


@holds("operator-executes-the-alert", "sql-reference/sql/execute-alert", ROLES)
def operator_executes_the_alert(environment: Environment) -> str:
    """OPERATE is enough for EXECUTE ALERT."""
    with environment.open("OPERATOR") as session:
        session.ask("EXECUTE ALERT {db}.OPS.ALERT_INCIDENTS")
    return "executed"


@holds("operator-calls-procedures", "sql-reference/sql/call", ROLES)
def operator_calls_procedures(environment: Environment) -> str:
    """USAGE on a procedure with owner's rights is enough, without any right on its tables."""
    with environment.open("OPERATOR") as session:
        session.ask("CALL {db}.OPS.DISCARD_REJECTED(PARSE_JSON('[]')::ARRAY, NULL, NULL)")
    return "called"


@holds("operator-reads-no-event", PRIVILEGES, "operators on call can read addresses and customers")
def operator_reads_no_event(environment: Environment) -> str:
    """OPERATOR reads neither orders nor the rows of a stream."""
    with environment.open("OPERATOR") as session:
        errnos = [
            session.refusal(f"SELECT * FROM {{db}}.{name} LIMIT 1")
            for name in ("PRODUCTION.ORDERS", "RAW_DATA.STREAM_RAW_ORDERS")
        ]
    expect([errno for errno in errnos if errno is None], [], "allowed")
    return f"errors {errnos[0]}, {errnos[1]}"


def _both_ways(environment: Environment, role: str, name: str) -> str:
    with environment.open(role) as session:
        _alter(session, name, "SUSPEND")
        _alter(session, name, "RESUME")
    return "both"


def _alter(session: Session, name: str, how: str) -> None:
    session.ask(f"ALTER {name} {how}")
