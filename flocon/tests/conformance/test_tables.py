"""CREATE, ALTER and DROP of tables and what holds them."""

from decimal import Decimal
from typing import Any

import pytest
import snowflake.connector
from shared import errno, one_database, shown

from conformance.shared import failure

database = pytest.fixture(scope="module")(one_database)
Run = Any


@pytest.mark.parametrize(
    ("kind", "create"),
    [
        ("table", "create {} table {} thing (a int)"),
        ("view", "create {} view {} sight as select 1 a"),
        ("schema", "create {} schema {} place"),
        ("stage", "create {} stage {} shelf"),
        ("database", "create {} database {} another_one"),
    ],
)
def test_an_object_is_created_once_or_replaced_or_kept(run: Run, kind: str, create: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create"""
    run(create.format("", ""))
    assert errno(run, create.format("", "")) == 2002
    ((kept,),) = run(create.format("", "if not exists"))
    assert "already exists, statement succeeded" in kept
    run(create.format("or replace", ""))
    name = create.format("", "").split()[2]
    run(f"drop {kind} {name}")
    run(f"drop {kind} if exists {name}")
    assert errno(run, f"drop {kind} {name}") == 2003


def test_create_or_alter_table_adds_columns_and_keeps_the_rows(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-or-alter"""
    definition = "create or alter table grown (a int, b varchar default 'x'{})"
    run(definition.format(""))
    run("insert into grown (a) values (1)")
    run("-- a comment before the statement\n" + definition.format(", c number(10, 2)"))
    run(definition.format(", c number(10, 2)"))
    assert run("select * from grown") == [(1, "x", None)]


_SHAPED = (
    "a int, b varchar(3) default 'x', c timestamp_ntz default current_timestamp(),"
    " d number(5, 2) default 1.5, e int autoincrement"
)


def _described(run: Run, table: str) -> list[tuple[str, ...]]:
    """Of each column its name, its type, whether it takes NULL, and its default."""
    return [(row[0], row[1], row[3], row[4]) for row in run(f"describe table {table}")]


def test_create_or_alter_table_changes_what_is_written_and_keeps_the_rows(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-or-alter"""
    run(f"create or replace table remade ({_SHAPED})")
    run("insert into remade (a) values (1)")
    before = _described(run, "remade")
    run(f"create or alter table remade ({_SHAPED})")
    assert _described(run, "remade") == before
    run("create or alter table remade (a int not null, b varchar(5), d number(4, 2) default 1.5,"
        " e int autoincrement, f int default 7)")  # fmt: skip
    assert _described(run, "remade") == [
        ("A", "NUMBER(38,0)", "N", None),
        ("B", "VARCHAR(5)", "Y", None),
        ("D", "NUMBER(4,2)", "Y", "1.5"),
        ("E", "NUMBER(38,0)", "Y", "IDENTITY START 1 INCREMENT 1 NOORDER"),
        ("F", "NUMBER(38,0)", "Y", "7"),
    ]
    assert errno(run, "insert into remade (a) values (null)") == 100072
    run("insert into remade (a, b) values (2, 'abcde')")
    assert run("select a, b, d, f from remade order by a") == [
        (1, "x", Decimal("1.50"), 7), (2, "abcde", Decimal("1.50"), 7),
    ]  # fmt: skip
    run("create or alter table remade (a int)")
    run("insert into remade values (null)")
    assert run("select * from remade order by a") == [(1,), (2,), (None,)]
    assert errno(run, "create or alter table remade (a int not null)") == 100072


@pytest.mark.parametrize(
    ("columns", "number"),
    [
        ("a int default 7, b varchar(3) default 'x'", 2),
        ("a int, b varchar(3) default 'y'", 2),
        ("b varchar(3) default 'x', a int", 2),
        ("a int, c int, b varchar(3) default 'x'", 2),
        ("a int, b varchar(2) default 'x'", 40050),
        ("a varchar, b varchar(3) default 'x'", 2108),
        ("a int autoincrement, b varchar(3) default 'x'", 2),
    ],
)
def test_create_or_alter_table_refuses_what_cannot_be_altered(
    run: Run, columns: str, number: int
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-or-alter"""
    run("create or replace table remade (a int, b varchar(3) default 'x')")
    before = _described(run, "remade")
    assert errno(run, f"create or alter table remade ({columns})") == number
    assert _described(run, "remade") == before


def test_a_stream_follows_a_table_that_create_or_alter_changes(run: Run) -> None:
    """https://docs.snowflake.com/en/user-guide/streams-intro"""
    run("create or replace table remade (a int, b int)")
    run("create or replace stream changes on table remade")
    run("create or alter table remade (a int not null, c int)")
    run("insert into remade values (1, 2)")
    assert run("select a, c from changes") == [(1, 2)]
    run("drop stream changes")


def test_create_table_as_takes_names_and_types(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-table#create-table-as-select"""
    run("create or replace table named (x, y) as select 1, 'a'")
    run("create or replace table typed (x number(5, 1), y varchar) as select 1, 'a'")
    assert run("select x, y from named") == [(1, "a")]
    assert run("select x, y from typed") == [(Decimal("1.0"), "a")]


def test_a_clone_has_rows_constraints_and_comments_and_a_life_of_its_own(
    run: Run, connection: snowflake.connector.SnowflakeConnection
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-clone"""
    run("create or replace table origin (a int not null, b varchar default 'x' comment 'it''s')")
    run("insert into origin (a) values (1)")
    run("create or replace table twin clone origin")
    run("create or replace table shape like origin")
    run("delete from origin")
    assert run("select * from twin") == [(1, "x")]
    assert run("select * from shape") == []
    for copy in ("twin", "shape"):
        assert errno(run, f"insert into {copy} (a) values (null)") == 100072
        assert shown(connection, f"describe table {copy}")[1]["comment"] == "it's"
        assert shown(connection, f"describe table {copy}")[1]["default"] == "'x'"


_DEFAULTS = (
    "id int, d varchar default to_char(to_date('2024-01-02'), 'DD.MM.YYYY'),"
    " m varchar default '2024-01-01 10:00:00'::timestamp::varchar, q float default 1 / 3,"
    " t varchar default (10 / 4)::varchar, f varchar default 1.0::float::varchar,"
    " c varchar(5) default upper('it''s'),"
    " s varchar default 'n' || counted.nextval, z timestamp_tz default"
    " to_timestamp_tz('2024-01-01 10:00:00 +0200'), l varchar(9) default left('abc', -1)"
)
_BY_DEFAULT = ("02.01.2024", "2024-01-01 10:00:00.000", 0.333333, "2.500000", "1", "IT'S")


@pytest.mark.parametrize(
    "create",
    [
        "create or replace table told ({})",
        "create or replace temporary table told ({})",
        "create or replace table told ({}) as select 1, '', '', 0, '', '', '', '',"
        " '2024-01-01'::timestamp_tz, ''",
        "create or replace table told_first ({}); create or replace table told like told_first",
        "create or alter table told ({})",
        "create or replace table told (id int); create or alter table told ({})",
    ],
)
def test_a_default_is_what_its_expression_is_in_a_query(run: Run, create: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-table"""
    run("drop table if exists told")
    run("create sequence if not exists counted")
    for statement in create.split("; "):
        run(statement.format(_DEFAULTS))
    run("insert into told (id) values (7)")
    [row] = run("select * exclude (id, s, z, l) from told where id = 7")
    assert row == _BY_DEFAULT
    [row] = run("select s like 'n_', z::varchar, l from told where id = 7")
    assert row == (True, "2024-01-01 10:00:00.000 +0200", "")
    described = {row[0]: row[4] for row in run("describe table told")}
    informed = "select column_name, column_default from information_schema.columns"
    for found in (
        described,
        described if "temporary" in create else dict(run(f"{informed} where table_name = 'TOLD'")),
    ):
        assert found["Q"] == "1 / 3"
        assert found["L"] == "LEFT('abc', -1)"
    run("drop table told")


def test_a_default_has_the_time_of_its_row_in_the_session(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-table"""
    run("alter session set timezone = 'Asia/Tokyo'")
    run(
        "create or replace table stamped (id int, t varchar default current_timestamp::varchar,"
        " u varchar default uuid_string(), r number(38, 0) default random())"
    )
    run("insert into stamped (id) values (1), (2)")
    [(zone, length, numbers, identifiers)] = run(
        "select max(right(t, 6)), max(length(t)), count(distinct r), count(distinct u) from stamped"
    )
    run("alter session unset timezone")
    assert (zone, length, numbers, identifiers) == (" +0900", 29, 2, 2)


def test_a_default_that_the_engine_does_not_take_is_refused(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-table"""
    made = "create or replace table made (n int default (select max(id) from t))"
    assert errno(run, made) == 2


def test_an_object_is_a_default(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-table"""
    run(
        "create or replace table made (id int, o object default object_construct('a', 1, 'b', 'x'))"
    )
    run("insert into made (id) values (1)")
    run("insert into made (id) select 2")
    assert run("select o:a::int, o:b::varchar, typeof(o) from made") == [(1, "x", "OBJECT")] * 2


def test_defaults_fill_in_and_primary_keys_are_not_enforced(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/constraints-overview"""
    run(
        "create or replace table filled (id int primary key, at timestamp_ntz default"
        " current_timestamp(), n number(10, 2) not null default 1.5, unique (id))"
    )
    run("insert into filled (id) values (1), (1)")
    run("alter table filled add constraint again unique (n)")
    run("insert into filled (id) values (1)")
    assert errno(run, "insert into filled (id) values (null)") == 100072
    rows = run("select id, at is not null, n from filled")
    assert rows == [(1, True, Decimal("1.50"))] * 3


def test_columns_are_added_renamed_widened_and_dropped(
    run: Run, connection: snowflake.connector.SnowflakeConnection
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/alter-table"""
    run("create or replace table altered (a int, b varchar(5))")
    run("insert into altered values (1, 'x')")
    run("alter table altered add column c varchar default 'q'")
    run("alter table altered add column if not exists c varchar")
    run("alter table altered add d int, e int")
    run("alter table altered drop column e")
    run("alter table altered rename column d to dd")
    run("alter table altered alter column b set data type varchar(20)")
    run("alter table altered rename to changed")
    run("alter table if exists altered add column f int")
    assert run("select * from changed") == [(1, "x", "q", None)]
    described = [(row["name"], row["type"]) for row in shown(connection, "desc table changed")]
    assert described == [
        ("A", "NUMBER(38,0)"),
        ("B", "VARCHAR(20)"),
        ("C", "VARCHAR(16777216)"),
        ("DD", "NUMBER(38,0)"),
    ]
    run("drop table changed")


def test_a_dropped_schema_is_no_longer_current(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/drop-schema"""
    run("create schema short_lived")
    assert run("select current_schema()") == [("SHORT_LIVED",)]
    run("create table gone (a int)")
    run("create stream gone_stream on table gone")
    run("drop schema short_lived")
    assert run("select current_schema()") == [(None,)]
    assert errno(run, "create table nowhere (a int)") == 90106
    run("create schema short_lived")
    assert run("show tables in schema short_lived") == []
    assert run("show streams in schema short_lived") == []
    run("drop schema short_lived")


def test_keys_are_shown_and_follow_their_columns(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/show-primary-keys"""
    run("create schema of_keys")
    run("create table makers (id int primary key, name varchar unique)")
    run(
        "create table wines (id int, maker int references makers (id), year int, label varchar,"
        " constraint wines_pk primary key (id, year), constraint named unique (label, year),"
        " constraint of_maker foreign key (maker) references makers)"
    )

    def shown(statement: str, *columns: str) -> list[Any]:
        run(statement)
        names = ", ".join(f'"{name}"' for name in columns)
        return run(f"select {names} from table(result_scan(last_query_id())) order by all")

    own = ("constraint_name", "column_name", "key_sequence")
    assert shown("show primary keys in table wines", *own) == [
        ("WINES_PK", "ID", 1),
        ("WINES_PK", "YEAR", 2),
    ]
    assert shown("show unique keys in schema of_keys", "table_name", "column_name") == [
        ("MAKERS", "NAME"),
        ("WINES", "LABEL"),
        ("WINES", "YEAR"),
    ]
    names = ("pk_table_name", "pk_column_name", "fk_table_name", "fk_column_name")
    assert (
        shown("show imported keys in table wines", *names)
        == [("MAKERS", "ID", "WINES", "MAKER")] * 2
    )
    assert shown("show exported keys in makers", *names) == [("MAKERS", "ID", "WINES", "MAKER")] * 2
    assert shown("show imported keys in makers", *names) == []
    run("describe table wines")
    described = (
        'select "name", "primary key", "unique key" from table(result_scan(last_query_id()))'
    )
    assert run(described) == [
        ("ID", "Y", "N"), ("MAKER", "N", "N"), ("YEAR", "Y", "Y"), ("LABEL", "N", "Y"),
    ]  # fmt: skip
    run("alter table wines rename column year to vintage")
    run("alter table wines drop column label")
    run("alter table wines rename to bottles")
    assert shown("show primary keys in schema of_keys", "table_name", "column_name") == [
        ("BOTTLES", "ID"),
        ("BOTTLES", "VINTAGE"),
        ("MAKERS", "ID"),
    ]
    assert [row[3] for row in run("show unique keys in schema of_keys")] == ["MAKERS"]
    run("create table later (a int)")
    run("alter table later add constraint of_a primary key (a)")
    assert shown("show primary keys in later", *own) == [("OF_A", "A", 1)]
    run("drop table bottles")
    assert {row[3] for row in run("show primary keys in schema of_keys")} == {"MAKERS", "LATER"}
    assert errno(run, "show primary keys in table nothing") == 2003


def test_a_table_is_made_like_a_view(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-table"""
    run("create view outlined as select 1 a, 'x' b")
    run("create table shaped like outlined")
    run("insert into shaped select * from outlined")
    assert run("select * from shaped") == [(1, "x")]
    assert errno(run, "create table cloned clone outlined") == 2003


def test_a_table_of_a_query_keeps_the_comments_of_its_columns(
    run: Run, connection: snowflake.connector.SnowflakeConnection
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-table"""
    for kind in ("", "temporary"):
        run(
            f"create or replace {kind} table annotated (day date, n int comment 'how many')"
            " as select '2026-01-01', 1"
        )
        described = shown(connection, "describe table annotated")
        assert [row["comment"] for row in described] == [None, "how many"]
        assert run("select n from annotated") == [(1,)]


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        *((each, 2) for each in ("geometry", "geography", "vector(float, 3)", "file", "decfloat")),
        *((each, 2) for each in ("map(varchar, int)", "array(int)", "object(a int)", "uuid")),
        *((each, 2040) for each in ("hugeint", "bit", "json")),
    ],
)
def test_a_type_that_is_not_there_is_refused(run: Run, kind: str, number: int) -> None:
    """The engine's own type of that name, or another one, never takes its place.

    https://docs.snowflake.com/en/sql-reference/intro-summary-data-types
    """
    run("create or replace table typed (n int)")
    assert errno(run, f"create or replace table untyped (n {kind})") == number
    assert errno(run, f"alter table typed add column m {kind}") == number
    if number == 2:
        assert errno(run, f"select n::{kind} from typed") == 2
        assert (
            errno(run, f"create or replace view typed_view as select n::{kind} as n from typed")
            == 2
        )


def test_a_column_that_is_null_throughout_is_of_texts(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-table"""
    run("create table unknown as select 1 as a, null as b")
    run("insert into unknown values (2, 'x')")
    assert run("select a, b from unknown order by a") == [(1, None), (2, "x")]
    run("create view seen as select null as b")
    for relation, place in (("table unknown", 1), ("view seen", 0)):
        assert run(f"describe {relation}")[place][1] == "VARCHAR(16777216)"


def _keys(run: Run, table: str) -> list[tuple[str, str, str]]:
    """Of each key of a table: which, its column, and the table that it refers to."""
    found = [("PRIMARY", row[4], "") for row in run(f"show primary keys in table {table}")]
    found += [("UNIQUE", row[4], "") for row in run(f"show unique keys in table {table}")]
    return found + [
        ("FOREIGN", row[8], row[3]) for row in run(f"show imported keys in table {table}")
    ]


@pytest.mark.parametrize("temporary", ["", "temporary"])
@pytest.mark.parametrize("copy", ["like", "clone"])
def test_a_copy_of_a_table_has_its_keys_and_its_columns_as_they_are(
    run: Run, temporary: str, copy: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/constraints-create"""
    run("create or replace schema of_copies")
    run("create table makers (id int primary key)")
    run(
        f"create {temporary} table wines (id int, maker int, label varchar(9) default 'x' unique,"
        " constraint wines_pk primary key (id), foreign key (maker) references makers (id))"
    )
    run("insert into wines (id, maker) values (1, 2)")
    run(f"create {temporary} table copied {copy} wines")
    expected = [("PRIMARY", "ID", ""), ("UNIQUE", "LABEL", ""), ("FOREIGN", "MAKER", "MAKERS")]
    assert _keys(run, "wines") == _keys(run, "copied") == expected
    assert [row[6] for row in run("show primary keys in table copied")] == ["WINES_PK"]
    unnamed = {run(f"show unique keys in table {table}")[0][6] for table in ("wines", "copied")}
    assert len(unnamed) == 2
    assert run("select * from copied") == ([(1, 2, "x")] if copy == "clone" else [])
    assert [row[:6] for row in run("describe table copied")] == [
        ("ID", "NUMBER(38,0)", "COLUMN", "N", None, "Y"),
        ("MAKER", "NUMBER(38,0)", "COLUMN", "Y", None, "N"),
        ("LABEL", "VARCHAR(9)", "COLUMN", "Y", "'x'", "N"),
    ]
    assert errno(run, "insert into copied (maker) values (3)") == 100072
    run("alter table copied rename to again")
    run("alter table again rename column id to number")
    run("alter table again drop column label")
    assert _keys(run, "again") == [("PRIMARY", "NUMBER", ""), ("FOREIGN", "MAKER", "MAKERS")]
    run("alter table makers rename column id to maker_id")
    assert [row[4] for row in run("show imported keys in table again")] == ["MAKER_ID"]
    run("alter table makers rename to estates")
    assert _keys(run, "again")[1] == ("FOREIGN", "MAKER", "ESTATES")
    run("drop table estates")
    assert _keys(run, "again") == [("PRIMARY", "NUMBER", "")]
    run("drop table again")
    assert run("show primary keys in schema of_copies") != []
    run("drop schema of_copies")


def test_a_temporary_table_hides_the_keys_of_another(run: Run) -> None:
    """https://docs.snowflake.com/en/user-guide/tables-temp-transient"""
    run("create or replace table twofold (a int primary key, b int)")
    run("create temporary table twofold (a int, b int)")
    assert _keys(run, "twofold") == []
    run("alter table twofold add primary key (b)")
    assert _keys(run, "twofold") == [("PRIMARY", "B", "")]
    run("drop table twofold")
    assert _keys(run, "twofold") == [("PRIMARY", "A", "")]


def test_a_key_that_refers_to_its_own_table_follows_its_columns(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/show-primary-keys"""
    run("create or replace table vines (id int primary key, parent int references vines (id))")
    run("alter table vines rename column id to vine")
    assert [(row[4], row[8]) for row in run("show imported keys in table vines")] == [
        ("VINE", "PARENT")
    ]
    assert _keys(run, "vines")[0] == ("PRIMARY", "VINE", "")


def test_a_table_has_one_primary_key(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/constraints-overview"""
    assert errno(run, "create table twice (a int primary key, b int primary key)") == 2
    run("create or replace table once (a int)")
    run("alter table once add column b int primary key")
    run("alter table once add column c int unique")
    assert _keys(run, "once") == [("PRIMARY", "B", ""), ("UNIQUE", "C", "")]
    assert errno(run, "alter table once add primary key (a)") == 2
    assert errno(run, "alter table once add column d int primary key") == 2
    assert [row[0] for row in run("describe table once")] == ["A", "B", "C"]


def test_create_or_alter_table_sets_and_unsets_keys_comments_and_properties(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-table#create-or-alter-table-usage-notes"""
    run("create or replace table made (id int primary key, b int unique comment 'x')"
        " cluster by (id) comment = 'of wines' change_tracking = true")  # fmt: skip
    run("insert into made values (1, 2)")
    [named] = [row[6] for row in run("show unique keys in table made")]
    run("create or alter table made (id int, b int unique, c int primary key default 7)")
    assert _keys(run, "made") == [("PRIMARY", "C", ""), ("UNIQUE", "B", "")]
    assert [row[6] for row in run("show unique keys in table made")] == [named]
    assert [(row[0], row[3], row[9]) for row in run("describe table made")] == [
        ("ID", "Y", None), ("B", "Y", None), ("C", "N", None),
    ]  # fmt: skip
    run("show tables like 'made'")
    shown = (
        'select "comment", "cluster_by", "change_tracking" from table(result_scan(last_query_id()))'
    )
    assert run(shown) == [("", "", "ON")]
    run("insert into made (id) values (null)")
    assert run("select * from made order by id") == [(1, 2, 7), (None, None, 7)]


def test_the_default_that_a_column_was_added_with_stays(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/alter-table-column"""
    run("create or replace table later (a int default 1)")
    run("alter table later alter column a drop default")
    run("alter table later add column b int default 2")
    run("create or alter table later (a int, b int default 2, c int default 3)")
    for statement in (
        "alter table later alter column b drop default",
        "create or alter table later (a int, b int, c int default 3)",
        "create or alter table later (a int, b int default 2, c int)",
    ):
        assert errno(run, statement) == 2, statement
    run("alter table later add column if not exists a int default 1, d int")
    run("alter table later alter column a drop default")
    run("alter table later drop column d")
    run("alter table later rename column b to bb")
    run("create or replace table clone_of_later clone later")
    with pytest.raises(snowflake.connector.errors.ProgrammingError) as refused:
        run("alter table clone_of_later alter column bb drop default")
    assert refused.value.msg == (
        "000002 (0A000): Dropping default value is not allowed for column 'BB' because the column"
        " was added after table was created."
    )
    run("insert into clone_of_later (a) values (9)")
    assert run("select * from clone_of_later") == [(9, 2, 3)]
    run("alter table later drop column bb")
    run("create or replace table shape_of_later like later")
    run("alter table shape_of_later alter column c drop default")


def test_a_default_is_set_to_another_sequence_alone(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/alter-table-column"""
    run("create or replace schema of_sequences")
    run("create sequence tens start = 10")
    run("create sequence hundreds start = 100")
    run("create table counted (a int default tens.nextval, b int, c int default 5)")
    run("insert into counted (b) values (1)")
    run("alter table counted alter column a set default hundreds.nextval")
    run("insert into counted (b) values (2)")
    assert run("select a, b from counted order by b") == [(10, 1), (100, 2)]
    for statement in ("a set default 4", "b set default tens.nextval", "b set default 4",
                      "c set default 6", "c set default tens.nextval"):  # fmt: skip
        assert errno(run, f"alter table counted alter column {statement}") == 2, statement
    [(database,)] = run("select current_database()")
    told = f"{database}.OF_SEQUENCES.HUNDREDS.NEXTVAL"
    assert run("describe table counted")[0][4] == told
    assert run(
        "select column_default from information_schema.columns where table_name = 'COUNTED'"
        " order by column_name"
    ) == [(told,), (None,), ("5",)]
    run("drop schema of_sequences")


def test_several_columns_are_dropped_and_added_or_none(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/alter-table"""
    run("create or replace table wide (a int, b int default 2, c int, d int, e int, f int)")
    run("insert into wide values (1, 2, 3, 4, 5, 6)")
    run("alter table wide drop column b, c")
    run("alter table wide drop d")
    assert run("select * from wide") == [(1, 5, 6)]
    assert errno(run, "alter table wide drop column e, nowhere") == 904
    assert errno(run, "alter table wide add column g int, g int") == 1430
    assert errno(run, "alter table wide add column h int, a int") == 1430
    assert [row[0] for row in run("describe table wide")] == ["A", "E", "F"]
    run("alter table wide drop column if exists e, f")
    run("alter table wide add column g int, h int default 8")
    assert run("select * from wide") == [(1, None, 8)]


def test_a_view_does_not_read_itself(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-view"""
    run("create or replace view first_one as select 1 as a, 2 as b")
    run("create or replace view second_one as select a from first_one")
    run("create or replace view third_one as select a, current_user() as u from second_one")
    for query in (
        "select a from first_one",
        "select a from public.first_one",
        "select 1 as a where exists (select 1 from first_one)",
        "select a from second_one",
        "select a from third_one",
    ):
        number, said = failure(run, f"create or replace view first_one as {query}")
        assert (number, "a view that reads itself" in said) == (2, True), query
        assert run("select a, b from first_one") == [(1, 2)]
    run("create or replace temporary view own as select 7 as a")
    assert errno(run, "create or replace temporary view own as select a from own") == 2
    assert run("select a from own") == [(7,)]
    run("create or replace view first_one as with first_one as (select 3 as a) select * from"
        " first_one")  # fmt: skip
    assert run("select a from third_one") == [(3,)]
    assert errno(run, "create view nobody as select * from nobody") == 2003


def test_a_list_of_columns_names_each_column_of_the_query(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-view"""
    for listed, query in (
        ("(x)", "select 1, 2"),
        ("(x, y, z)", "select 1, 2"),
        ("(x)", "select * from (select 1 as a, 2 as b)"),
    ):
        for kind in ("view", "temporary view", "table", "temporary table"):
            number, said = failure(run, f"create {kind} listed {listed} as {query}")
            assert (number, said.endswith("Invalid column definition list")) == (2026, True), kind
    assert errno(run, "create table listed (x int not null) as select 1, 2") == 2026
    run("create table listed (x int, y int, primary key (x)) as select 1, 2")
    assert run("select x, y from listed") == [(1, 2)]


def test_a_row_of_too_few_values_is_none_of_a_table(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/insert"""
    run("create or replace table wide (a int, b varchar, c varchar)")
    for values, got in (("(1)", 1), ("(1), (2)", 1), ("(1, 'b', 'c', 'd')", 4)):
        number, said = failure(run, f"insert into wide values {values}")
        assert (number, said.endswith(f"expecting 3 but got {got}")) == (2020, True), values


def test_a_column_becomes_not_null_without_set(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/alter-table-column"""
    run('create or replace table filled (a int, "b" int, c int)')
    run("alter table filled alter column a not null")
    run('alter table filled modify column "b" not null')
    run("alter table filled alter c not null")
    for values in ("null, 1, 1", "1, null, 1", "1, 1, null"):
        assert errno(run, f"insert into filled values ({values})") == 100072


def test_create_or_alter_gives_a_view_its_new_query(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-view"""
    run("create or alter view altered as select 1 a")
    run("grant select on view altered to role sysadmin")
    run("create or alter view altered (z) as select 2")
    assert run("select z from altered") == [(2,)]
    assert len(run("show grants on view altered")) == 2
    assert errno(run, "create or alter view altered as select nosuch") == 904
    assert run("select z from altered") == [(2,)]


def test_keys_are_shown_without_a_limit(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/show-primary-keys"""
    for after in ("limit 1", "in schema limit 1", "starts with 'A'", "in account limit 1"):
        assert errno(run, f"show primary keys {after}") == 1003
