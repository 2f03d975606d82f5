"""The parts of large answers are kept for a time, and not too many of them."""

from pathlib import Path

from flocon.stores.result_parts import Part, ResultParts


def test_the_oldest_go_where_there_are_too_many_and_the_latest_stays(tmp_path: Path) -> None:
    parts = ResultParts(tmp_path / "results", most_bytes=100)
    first, second = (parts.keep([Part(1, b"x" * 60)]) for _ in range(2))
    assert parts.read(first.name, 0, first.key) is None
    assert parts.read(second.name, 0, second.key) == b"x" * 60
    whole = parts.keep([Part(1, b"y" * 200), Part(2, b"z")])
    assert whole.sizes == ((1, 200), (2, 1))
    assert parts.read(whole.name, 1, whole.key) == b"z"
    assert [each.name for each in (tmp_path / "results").iterdir()] == [whole.name]


def test_they_go_when_their_time_is_over_and_with_the_account(tmp_path: Path) -> None:
    parts = ResultParts(tmp_path / "results", seconds=-1)
    kept = parts.keep([Part(1, b"x")])
    assert parts.read(kept.name, 0, kept.key) is None
    assert parts.state() == {"result parts KB": 0}
    left = ResultParts(tmp_path / "results").keep([Part(1, b"x")])
    after = ResultParts(tmp_path / "results")
    assert after.read(left.name, 0, left.key) is None
    assert not (tmp_path / "results").exists()


def test_an_answer_without_further_parts_leaves_nothing(tmp_path: Path) -> None:
    parts = ResultParts(tmp_path / "results")
    assert parts.keep([]).sizes == ()
    assert not (tmp_path / "results").exists()
