"""How rows lie on the disk."""

from pathlib import Path

from flocon.account import Account


def test_a_variant_is_compressed_by_zstd_in_its_table_and_in_the_log(tmp_path: Path) -> None:
    account = Account(tmp_path)
    session = account.open_session(user="TESTER")
    try:
        for sql in (
            "CREATE DATABASE d",
            "CREATE TABLE t (id INT, v VARIANT NOT NULL)",
            "CREATE STREAM s ON TABLE t",
            "ALTER TABLE t ADD COLUMN w VARIANT",
            "CREATE TABLE c CLONE t",
        ):
            session.execute(sql)
        logs = [tracked.log for tracked in account.stores.tracked_tables.all_tracked("D")]
        assert len(logs) == 1
        said = (
            "SELECT table_name, regexp_extract_all(sql, '(\\w+) JSON[^,]* COMPRESSION ZSTD', 1)"
            " FROM duckdb_tables() WHERE database_name = 'D' AND sql LIKE '%ZSTD%' ORDER BY ALL"
        )
        assert session.connection.values(said) == [
            ("C", ["V", "W"]),
            ("T", ["V", "W"]),
            (logs[0].rpartition(".")[2], ["V", "W"]),
        ]
    finally:
        account.close()
