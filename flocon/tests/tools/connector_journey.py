"""The connector's newest major version: python connector_journey.py PORT DATABASE FOLDER"""

# mypy: ignore-errors

import sys
from decimal import Decimal
from pathlib import Path

import pandas as pd
import snowflake.connector
from snowflake.connector.pandas_tools import write_pandas

port, database, folder = sys.argv[1:]
assert int(snowflake.connector.__version__.split(".")[0]) >= 5

with snowflake.connector.connect(
    account="local", host="127.0.0.1", port=int(port), protocol="http", user="me", password="any",
    database=database, schema="PUBLIC", warehouse="COMPUTE_WH",
) as connection:  # fmt: skip

    def run(sql, *binds):
        return connection.cursor().execute(sql, binds or None).fetchall()

    file = Path(folder) / "wines.csv"
    file.write_text("1,Riesling\n2,Merlot\n")
    run("create stage files")
    assert run(f"put file://{file} @files")[0][6] == "UPLOADED"
    assert run(f"put file://{file} @files")[0][6] == "SKIPPED"
    run(f"put file://{file} @files/plain auto_compress = false")
    assert [row[0] for row in run("list @files")] == [
        "files/plain/wines.csv",
        "files/wines.csv.gz",
    ]
    down = Path(folder) / "down"
    down.mkdir()
    assert run(f"get @files/plain file://{down}")[0][2] == "DOWNLOADED"
    assert (down / "wines.csv").read_text() == file.read_text()
    run("create table wines (id int, name varchar)")
    run("copy into wines from @files/wines file_format = (type = csv)")
    cursor = connection.cursor()
    cursor.executemany("insert into wines values (%s, %s)", [(3, "Malbec"), (4, None)])
    assert run("select * from wines order by id") == [
        (1, "Riesling"), (2, "Merlot"), (3, "Malbec"), (4, None),
    ]  # fmt: skip
    assert run("select %s, %s, 2.50", 1, "it's") == [(1, "it's", Decimal("2.50"))]
    frame = pd.DataFrame({"ID": [1, 2], "NOTE": ["dry", None]})
    assert write_pandas(connection, frame, "NOTES", auto_create_table=True)[0]
    found = connection.cursor().execute("select * from notes order by id").fetch_pandas_all()
    assert found["NOTE"].tolist()[0] == "dry"
    cursor.execute("select 1; select 2", num_statements=2)
    assert cursor.fetchall() == [(1,)] and cursor.nextset() and cursor.fetchall() == [(2,)]
    connection.autocommit(False)
    run("delete from wines")
    connection.rollback()
    assert run("select count(*) from wines") == [(4,)]
    try:
        run("select * from nothing")
        raise AssertionError("it was answered")
    except snowflake.connector.errors.ProgrammingError as error:
        assert error.errno == 2003
