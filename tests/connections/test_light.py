"""What programs that make no DataFrames import with the connector."""

import subprocess
import sys

import pytest

from tests.conftest import ROOT


@pytest.mark.parametrize(
    "program", ["import ingest.ingester", "from app.caves import cli; cli.parser('status')"]
)
def test_a_program_that_makes_no_dataframes_starts_without_pandas(program: str) -> None:
    """It is there for whoever imports it afterwards."""
    told = "import sys; print([x in sys.modules for x in ('snowflake.connector', 'pandas')])"
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"{program}; {told}; import pandas; print(pandas.DataFrame([1]).size)",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split("\n") == ["[True, False]", "1", ""]
