"""From the topic into Snowflake's RAW_DATA, each message exactly once.

    python -m ingest.ingester -c NAME --bootstrap-servers HOST:PORT

Exit codes: 0 stopped or idle, 1 failed (one line on stderr says why), 2 wrong use.
"""

import sys

if not __package__:
    # Started as a plain script: the modules beside this one belong to the package `ingest`, and
    # their folder itself must not be searched, for it would hide other modules of the same names.
    from pathlib import Path

    sys.path[0] = str(Path(__file__).resolve().parents[1])

import contextlib
import logging
import os
from collections.abc import Callable, Mapping, Sequence

from connections.light import without_pandas

with without_pandas():
    import snowflake.connector

from connections.errors import ConnectionProblem
from connections.named import resolve
from connections.proxies import keep_loopback_direct
from ingest import optional
from ingest.config import IngesterConfig, read_config
from ingest.errors import Fatal, IngestError, WrongUse
from ingest.fast import connector_gzip, interpreter
from ingest.kafka.clients import TopicId, forget_group, open_consumer, timestamps_at
from ingest.loop import Ingester
from ingest.metrics import Metrics
from ingest.process import (
    Stop,
    Stopped,
    harmless,
    set_up_logging,
    stopped_by_signals,
)
from ingest.snowflake_errors import CONNECTOR_ERRORS
from ingest.snowflake_sink import Connect, SnowflakeSink

log = logging.getLogger("ingest.ingester")

# The longest a lock of a batch that was left behind may hold up the next attempt; Snowflake's own
# default is 12 hours.
SESSION_PARAMETERS = {
    "QUERY_TAG": "caves-ingester",
    "TIMEZONE": "UTC",
    "TIMESTAMP_INPUT_FORMAT": "AUTO",
    "LOCK_TIMEOUT": 30,
    "STATEMENT_TIMEOUT_IN_SECONDS": 120,
}

# Seconds that the connector tries to reach the account, where connections.toml sets none. Its own
# are longer than a Kafka consumer may stay away.
TIMEOUTS = {"login_timeout": 15, "network_timeout": 60}


def connector(config: IngesterConfig) -> Connect:
    """How to open a session by the named connection. Raises Fatal for one that cannot be used."""
    connector_gzip.install()
    try:
        resolved = resolve(config.connection)
    except ConnectionProblem as error:
        raise Fatal(str(error)) from error

    def connect() -> snowflake.connector.SnowflakeConnection:
        try:
            login = {**TIMEOUTS, **resolved.login()}
            return snowflake.connector.connect(
                **login
                | {
                    "database": config.database,
                    "paramstyle": "qmark",
                    "session_parameters": SESSION_PARAMETERS,
                }
            )
        except ConnectionProblem as error:
            raise Fatal(str(error)) from error
        except CONNECTOR_ERRORS as error:
            error.add_note(f"asked: {resolved.reached_at}")
            raise
        except (TypeError, ValueError, KeyError) as error:
            # A parameter that the connector cannot read can be any of these.
            raise Fatal(
                f"connection {resolved.name!r} does not open: {resolved.masked(str(error))}"
            ) from error

    return connect


def ingest(config: IngesterConfig, connect: Connect, stop: Stop) -> None:
    """Run until it is stopped, or idle."""
    metrics = Metrics()
    sink = SnowflakeSink(connect, config.database, files=config.file_max_bytes > 0)
    with metrics.served(config.metrics_host, config.metrics_port), contextlib.closing(sink):
        # First the warehouse: a consumer that is closed in the middle of its first questions to the
        # brokers writes a traceback beside the one line that says what is wrong.
        with stop.interruptible():
            sink.check(config.topic)
            consumer = open_consumer(config.bootstrap_servers, config.group, config.kafka)
        servers, settings = config.bootstrap_servers, config.kafka
        with contextlib.closing(TopicId(servers, config.topic, settings)) as topic_id:
            with stop.interruptible():
                topic_id.check()
            Ingester(
                config,
                consumer,
                sink,
                metrics,
                stop,
                forget_group=lambda: forget_group(servers, config.group, settings),
                ask_id=topic_id.ask,
                ask_timestamps=lambda offsets: timestamps_at(
                    servers, config.topic, settings, offsets
                ),
            ).run()


def main(
    argv: Sequence[str] | None = None,
    environ: Mapping[str, str] = os.environ,
    connect_with: Callable[[IngesterConfig], Connect] = connector,
) -> int:
    keep_loopback_direct(os.environ)
    try:
        config = read_config(sys.argv[1:] if argv is None else argv, environ)
        set_up_logging(config.log_level)
        log.info("started: %s", config)
        if lacking := optional.missing():
            log.info("without %s", ", ".join(lacking))
        interpreter.collect_less()
        interpreter.take_turns_sooner()
        with stopped_by_signals() as stop:
            ingest(config, connect_with(config), stop)
    except WrongUse as error:
        sys.stderr.write(f"ingester: {harmless(str(error))}\n")
        return 2
    except IngestError as error:
        log.error("%s", error)
        return 1
    except Stopped:
        pass
    log.info("left")
    return 0


if __name__ == "__main__":
    sys.exit(main())
