"""The procedures in the account as a deployment leaves them, without the minute that `snow` takes.

That `snow` deploys the same is what test_deployed.py is about.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

from tests.procedures.deployment import PROJECT
from tests.procedures.pipeline import Pipeline
from tests.procedures.test_manifest import HANDLERS

PROCEDURE = """
CREATE OR REPLACE PROCEDURE {database}.OPS.{name}({arguments})
RETURNS VARIANT LANGUAGE PYTHON RUNTIME_VERSION = '3.11'
PACKAGES = ('snowflake-snowpark-python')
IMPORTS = ('@{database}.OPS.DEPLOYMENT/caves.zip')
HANDLER = '{handler}'
EXECUTE AS OWNER
"""

# A handler that runs another one and kills its own process before the nth of its statements.
KILLED = """
import importlib, os, signal
from snowflake.connector.cursor import SnowflakeCursor

def run(session, handler: str, nth: int):
    sent = []
    execute = SnowflakeCursor.execute

    def deadly(cursor, command, *args, **kwargs):
        if not kwargs.get("_describe_only"):
            if len(sent) == nth:
                os.kill(os.getpid(), signal.SIGKILL)
            sent.append(command)
        return execute(cursor, command, *args, **kwargs)

    SnowflakeCursor.execute = deadly
    module, function = handler.split(".")
    return getattr(importlib.import_module(module), function)(session)
"""


def deploy_procedures(pipeline: Pipeline, folder: Path) -> None:
    """All procedures, and OPS.KILLED(handler, nth) beside them."""
    archive = folder / "caves.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        for path in (PROJECT / "procedures").glob("*.py"):
            zipped.write(path, path.name)
        zipped.writestr("killed.py", KILLED)
    database = pipeline.database
    pipeline.session.file.put(
        str(archive), f"@{database}.OPS.DEPLOYMENT", auto_compress=False, overwrite=True
    )
    wanted = [(name, "", handler) for name, handler in HANDLERS.items()]
    wanted.append(("KILLED", "handler VARCHAR, nth INT", "killed.run"))
    for name, arguments, handler in wanted:
        pipeline.sql(
            PROCEDURE.format(database=database, name=name, arguments=arguments, handler=handler)
        )
