"""What an operator gets wrong, or finds wrong, is one clear line with what to do; no traceback."""

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)
from kafka import KafkaAdminClient

from app.caves.machine.supervision import free_port
from tests.conftest import RunningAccount
from tests.ingest.conftest import create_raw_data
from tests.ingest.ingestion import PROMPT, Ingestion, Sent, wait_for
from tests.ingest.programs import Program

ORDER = b'{"event_type": "ORDER_CREATED", "event_id": "E%d"}'
ORDERS = tuple(Sent(ORDER % number, partition=number % 2) for number in range(20))
IDLE = ("--idle-exit", "0.3", *PROMPT)


def the_error(process: Program) -> str:
    """The one line of the log that is an error; there must be no other, and no traceback."""
    log = process.log
    assert "Traceback" not in log, log
    errors = [line for line in log.splitlines() if " ERROR " in line]
    assert len(errors) == 1, log
    return re.sub(r"^[-\d]+ [:,\d]+ ERROR [\w.]+: ", "", errors[0])


def failed(ingestion: Ingestion, process: Program) -> str:
    assert ingestion.left(process) == 1, process.log
    return the_error(process)


def test_a_connection_that_connections_toml_does_not_have(ingestion: Ingestion) -> None:
    home = ingestion.account.home
    assert failed(ingestion, ingestion.ingester("-c", "nowhere")) == (
        f"there is no connection 'nowhere' (-c/--connection): {home}/config.toml and"
        f" {home}/connections.toml have local; SNOWFLAKE_HOME is {home}"
    )


def test_a_connection_that_the_environment_changes_as_it_does_for_snow(
    ingestion: Ingestion,
) -> None:
    port = str(free_port())
    process = ingestion.ingester(
        SNOWFLAKE_CONNECTIONS_LOCAL_PORT=port, SNOWFLAKE_CONNECTIONS_LOCAL_LOGIN_TIMEOUT="1"
    )
    assert f"(asked: 127.0.0.1:{port})" in failed(ingestion, process)


def test_a_private_key_that_is_encrypted_and_one_that_is_not_there(ingestion: Ingestion) -> None:
    key = ingestion.folder / "key.p8"
    key.write_bytes(
        rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"correct horse")
        )
    )
    wrong = ingestion.ingester(SNOWFLAKE_PRIVATE_KEY_FILE=str(key), PRIVATE_KEY_PASSPHRASE="wrong")
    missing = ingestion.ingester(SNOWFLAKE_PRIVATE_KEY_FILE="/no/key.p8")
    assert failed(ingestion, wrong) == (
        f"connection 'local': the private key in {key} does not open: is the passphrase right?"
    )
    assert failed(ingestion, missing) == (
        "connection 'local': the private key in /no/key.p8 cannot be read: No such file or"
        " directory"
    )


def test_a_proxy_is_no_hindrance_on_this_machine(ingestion: Ingestion) -> None:
    proxy = f"http://127.0.0.1:{free_port()}"
    process = ingestion.ingester(*IDLE, HTTP_PROXY=proxy, http_proxy=proxy)
    assert ingestion.left(process) == 0, process.log


def test_a_database_that_is_not_there(ingestion: Ingestion) -> None:
    assert failed(ingestion, ingestion.ingester("--database", "NOT_THERE")) == (
        "reading INGEST_OFFSETS: 002003 (02000): SQL compilation error: Database 'NOT_THERE' does"
        " not exist or not authorized; does --database name the right one, has the application"
        " been deployed to it (caves deploy), and may this role use it?"
    )


def test_a_table_that_is_missing(
    account: RunningAccount, broker: str, programs: None, database: str, tmp_path: Path
) -> None:
    with account.connect(database=database) as connection:
        create_raw_data(connection, database)
        connection.cursor().execute("DROP TABLE RAW_DATA.RAW_EVENTS_STREAM")
    ingestion = Ingestion(account, broker, database, tmp_path)
    ingestion.send(*ORDERS)
    assert re.fullmatch(
        r"looking at RAW_EVENTS_STREAM: 002003 \(\w+\): .*RAW_EVENTS_STREAM.* does not exist.*;"
        r" does --database name the right one, has the application been deployed to it \(caves"
        r" deploy\), and may this role use it\?",
        failed(ingestion, ingestion.ingester(*PROMPT)),
    )
    assert ingestion.stored() == []


@pytest.mark.parametrize("table", ["INGEST_OFFSETS", "RAW_EVENTS_STREAM"])
def test_a_privilege_that_is_missing(ingestion: Ingestion, table: str) -> None:
    ingestion.send(*ORDERS)
    doing = {"INGEST_OFFSETS": "reading INGEST_OFFSETS"}.get(table, f"looking at {table}")
    assert failed(ingestion, ingestion.sabotaged(f"refuse 42501 3001 {table}", *PROMPT)) == (
        f"{doing}: 003001 (42501): SQL access control error: Insufficient privileges to operate on"
        f" table '{table}'; the role of this connection needs USAGE on the database and RAW_DATA,"
        " SELECT and INSERT on its tables, and UPDATE on INGEST_OFFSETS"
    )
    assert ingestion.ingested() == []


def test_an_account_that_does_not_answer(ingestion: Ingestion) -> None:
    away = (
        f'[away]\nhost = "127.0.0.1"\nport = {free_port()}\nprotocol = "http"\nlogin_timeout = 1\n'
        'account = "a"\nuser = "u"\npassword = "p"\n'
    )
    process = ingestion.ingester("-c", "away", SNOWFLAKE_CONNECTIONS=away)
    error = failed(ingestion, process)
    assert error.startswith("connecting to Snowflake: ")
    assert error.endswith(
        "; are account, user and credentials of this connection in connections.toml right, and does"
        " the account answer?"
    )


def test_brokers_that_do_not_answer(ingestion: Ingestion) -> None:
    ingestion.servers = f"127.0.0.1:{free_port()}"
    process = ingestion.ingester(CAVES_KAFKA_BOOTSTRAP_TIMEOUT_MS="500")
    reason = f"cannot reach Kafka at {ingestion.servers}: nothing listens there"
    assert failed(ingestion, process) == reason


def test_a_name_that_no_topic_can_have(ingestion: Ingestion) -> None:
    process = ingestion.ingester("--topic", "sales events")
    assert ingestion.left(process) == 2
    assert process.log.splitlines()[-1] == (
        "ingest.ingester: error: argument --topic: 'sales events' cannot be a topic: letters,"
        " digits, '.', '_' and '-' only, 249 at most"
    )


def test_a_topic_that_is_not_there_yet_is_waited_for(ingestion: Ingestion) -> None:
    early = ingestion.ingester(*PROMPT)
    line = f"the topic '{ingestion.topic}' does not exist yet; waiting for it"
    wait_for(lambda: line in early.log, "the message")
    ingestion.send(*ORDERS)
    ingestion.wait_for_rows(len(ORDERS), early)
    early.terminate()
    assert ingestion.left(early) == 0, early.log
    assert ingestion.ingested() == ingestion.sent()


def test_a_topic_created_anew_stops_the_ingester_until_the_operator_says_reset(
    ingestion: Ingestion,
) -> None:
    """One is shorter than before, the other longer."""
    other = Ingestion(ingestion.account, ingestion.servers, ingestion.database, ingestion.folder)

    def create_again(ingestion: Ingestion, second: Sequence[Sent]) -> None:
        ingestion.send(*ORDERS)
        assert ingestion.left(ingestion.ingester(*IDLE)) == 0
        admin = KafkaAdminClient(bootstrap_servers=ingestion.servers)
        admin.delete_topics([ingestion.topic])
        admin.close()
        ingestion.send(*second)

    with ThreadPoolExecutor() as pool:
        list(pool.map(create_again, (ingestion, other), (ORDERS[:6], ORDERS * 2)))
    before = ingestion.ingested()
    stopped = ingestion.ingester(*IDLE)
    reset = other.ingester("--offsets", "reset", *IDLE)
    one = (
        r"partition [01]: INGEST_OFFSETS is at 10 of the topic with id [\w-]{22}, but the topic has"
        r" id [\w-]{22} now: it was created again"
    )
    assert re.fullmatch(
        rf"topic '{ingestion.topic}', {one}(; {one})?\. Nothing was moved\. Start once with"
        r" --offsets reset to go on from the topic's start; REJECTED_EVENTS will tell of the gap",
        failed(ingestion, stopped),
    )
    assert ingestion.ingested() == before
    assert other.left(reset) == 0, reset.log
    other.kill_all()
    gaps = other.rows(
        "SELECT STATUS, KAFKA_PARTITION, KAFKA_OFFSET, REASON LIKE 'gap: %reading goes on from 0'"
        " FROM RAW_DATA.REJECTED_EVENTS ORDER BY KAFKA_PARTITION"
    )
    assert gaps == [("DISCARDED", 0, None, True), ("DISCARDED", 1, None, True)]
    raw = (
        "SELECT KAFKA_PARTITION, KAFKA_OFFSET FROM RAW_DATA.RAW_EVENTS_STREAM"
        " WHERE KAFKA_TOPIC = ? ORDER BY 1, 2"
    )
    old = [(partition, offset) for partition in (0, 1) for offset in range(10)]
    new = [(partition, offset) for partition in (0, 1) for offset in range(20)]
    assert other.rows(raw, other.topic) == sorted(old + new)
    assert other.stored() == [(0, 20), (1, 20)]
