import pytest

from app.caves.operations.tasks import GraphRun, Task, awaited

CHAIN = [Task("A"), Task("B", parents=("A",)), Task("C", parents=("B",))]


@pytest.mark.parametrize(
    ("states", "waiting"),
    [
        pytest.param({}, ["A"], id="not begun"),
        pytest.param({"A": "SCHEDULED"}, ["A"], id="root is scheduled"),
        pytest.param({"A": "EXECUTING"}, ["A"], id="root runs"),
        pytest.param({"A": "SUCCEEDED"}, ["B"], id="child not in the history yet"),
        pytest.param({"A": "SUCCEEDED", "B": "SUCCEEDED"}, ["C"], id="grandchild is next"),
        pytest.param({"A": "SUCCEEDED", "B": "SUCCEEDED", "C": "SUCCEEDED"}, [], id="all done"),
        pytest.param({"A": "SKIPPED"}, [], id="nothing runs below a skipped task"),
        pytest.param({"A": "SUCCEEDED", "B": "SKIPPED"}, [], id="skipped in the middle"),
        pytest.param({"A": "SUCCEEDED", "B": "FAILED"}, [], id="nothing runs below a failed one"),
        pytest.param({"A": "CANCELLED"}, [], id="cancelled"),
    ],
)
def test_what_a_graph_is_waiting_for(states: dict[str, str], waiting: list[str]) -> None:
    assert awaited("A", CHAIN, states) == waiting


def test_a_suspended_child_is_passed_over() -> None:
    tasks = [Task("A"), Task("B", parents=("A",), started=False), Task("C", parents=("B",))]

    assert awaited("A", tasks, {"A": "SUCCEEDED"}) == ["C"]


def test_a_suspended_root_runs_when_it_is_told_to() -> None:
    assert awaited("A", [Task("A", started=False)], {}) == ["A"]


def test_a_task_waits_for_all_its_parents() -> None:
    tasks = [
        Task("A"),
        Task("B", parents=("A",)),
        Task("C", parents=("A",)),
        Task("D", parents=("B", "C")),
    ]

    assert awaited("A", tasks, {"A": "SUCCEEDED", "B": "SUCCEEDED"}) == ["C"]
    done = {"A": "SUCCEEDED", "B": "SUCCEEDED", "C": "SUCCEEDED"}
    assert awaited("A", tasks, done) == ["D"]


def test_other_graphs_do_not_matter() -> None:
    assert awaited("A", [Task("A"), Task("Z")], {"A": "SUCCEEDED"}) == []


@pytest.mark.parametrize(
    ("state", "failed"),
    [
        ("FAILED", True),
        ("FAILED_AND_AUTO_SUSPENDED", True),
        ("CANCELLED", True),
        ("SKIPPED", False),
    ],
)
def test_a_run_has_failed_when_one_of_its_tasks_has(state: str, failed: bool) -> None:
    assert GraphRun("A", {"A": "SUCCEEDED", "B": state}).failed is failed
