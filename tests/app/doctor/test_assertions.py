"""The assertions as data, and what is told of an account."""

from pathlib import Path

import pytest

from app.caves.doctor import events
from app.caves.doctor.examination import ASSERTIONS, REASONS
from app.caves.doctor.record import Record, differences
from app.caves.objects import PROCEDURES
from ingest import snowflake_sink


def test_each_assertion_has_a_name_of_its_own_a_sentence_a_page_and_what_follows() -> None:
    assert len({each.name for each in ASSERTIONS}) == len(ASSERTIONS)
    for each in ASSERTIONS:
        assert each.check.__doc__, each.name
        assert each.says.endswith("."), each.name
        assert each.page.startswith("https://docs.snowflake.com/en/"), each.name
        assert each.otherwise, each.name


def test_what_an_assertion_needs_is_asked_before_it() -> None:
    asked: set[str] = set()
    for each in ASSERTIONS:
        assert set(each.needs) <= asked, each.name
        asked.add(each.name)
    assert set(REASONS) <= asked


def test_every_procedure_of_the_pipeline_is_called() -> None:
    wanted = {f"calls-{name.split('.')[1].lower().replace('_', '-')}" for name in PROCEDURES}
    assert wanted <= {each.name for each in ASSERTIONS}


@pytest.mark.parametrize("name", ["CREATE_OFFSETS", "MOVE_OFFSETS", "SIGN_OFFSETS", "INSERT_RAW"])
def test_the_doctor_writes_with_the_ingesters_own_statements(name: str) -> None:
    assert getattr(events, name) == getattr(snowflake_sink, name).replace("{database}", "{db}")


def test_a_message_is_told_without_the_names_of_the_account() -> None:
    record = Record(
        names={"ABC12345": "<account>", "CLAIRE": "<user>", "A": "<role>"},
        prefixes={"CAVES_DOCTOR_0A1B2C3D": "{db}"},
    )
    told = record.redacted(
        "Claire of abc12345.eu-west-1: 'CAVES_DOCTOR_0A1B2C3D.OPS' and 'SALARIES' of"
        " claire@example.com at 10.0.0.7, query 01b2c3d4-0000-1111-2222-333344445555. A failure",
        "SELECT * FROM {db}.OPS.X",
    )
    assert told == (
        "<user> of <account>.eu-west-1: '{db}.OPS' and '…' of … at …, query …. <role> failure"
    )


def test_what_an_error_quotes_is_told_only_where_the_check_has_said_it() -> None:
    record = Record()
    record.begin("one")
    record.refused("SELECT * FROM {db}.OPS.X", 2003, "02000", "Object 'X' of 'SALARIES'")
    record.judged("one", "fails", "002003: Object 'X' of 'SALARIES'", is_own_text=False)
    record.judged("two", "fails", "counts: {'staged': 4}", is_own_text=True)

    found = record.as_json()["assertions"]
    assert found["one"]["answers"][0]["message"] == "Object 'X' of '…'"
    assert found["one"]["seen"] == "002003: Object 'X' of '…'"
    assert found["two"]["seen"] == "counts: {'staged': 4}"


def test_records_of_another_format_are_not_compared() -> None:
    assert differences({"format": 1}, {"format": 2}) == ["format 1 cannot be compared with 2"]


def test_the_folder_of_answers_says_what_it_is_for() -> None:
    text = (Path(__file__).parent / "answers" / "README.md").read_text(encoding="utf-8")
    assert "caves doctor --record" in text
