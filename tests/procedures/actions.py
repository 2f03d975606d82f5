"""What can happen to the pipeline, as values that Hypothesis draws, shrinks and prints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from hypothesis import strategies as st

from tests.procedures.events import PARTITIONS, batch
from tests.procedures.modelled_pipeline import HANDLERS, ModelledPipeline
from tests.procedures.tapped import during, failing, tap


class Action(Protocol):
    def __call__(self, modelled: ModelledPipeline) -> None: ...


@dataclass(frozen=True)
class Ingest:
    """A batch of the ingester. `tests.procedures.events.batch` of the two shows its events."""

    seed: int
    size: int

    def __call__(self, modelled: ModelledPipeline) -> None:
        modelled.ingest(batch(self.seed, self.size))


@dataclass(frozen=True)
class Redeliver:
    """Events that came before come again, to any partition: producers repeat themselves."""

    start: int
    count: int
    partition: int

    def __call__(self, modelled: ModelledPipeline) -> None:
        again = modelled.delivered[self.start :][: self.count]
        modelled.ingest([(self.partition, text) for _, text in again])


@dataclass(frozen=True)
class Run:
    procedures: tuple[str, ...]

    def __call__(self, modelled: ModelledPipeline) -> None:
        modelled.run(*self.procedures)


@dataclass(frozen=True)
class Purge:
    table: str

    def __call__(self, modelled: ModelledPipeline) -> None:
        modelled.purge(self.table)


@dataclass(frozen=True)
class FailingRun:
    """A run whose nth statement fails in the account: as if it had never been."""

    procedure: str
    nth: int

    def __call__(self, modelled: ModelledPipeline) -> None:
        modelled.fail(self.procedure, failing(self.nth))


@dataclass(frozen=True)
class RunWithNews:
    """While the procedure runs, right before its nth statement, a batch comes in.

    The first statement, number 0, is BEGIN: what comes before it is not during the run.
    """

    procedure: str
    nth: int
    news: Ingest

    def __call__(self, modelled: ModelledPipeline) -> None:
        arrived = during(self.nth, lambda: modelled.arrive(batch(self.news.seed, self.news.size)))
        with tap(modelled.pipeline.session, arrived):
            modelled.run(self.procedure)
        modelled.settle()


ORDERS = ("RAW_TO_STAGING_ORDERS", "STAGING_TO_PROD_ORDERS")
INVENTORY = (
    "RAW_TO_STAGING_INVENTORY",
    "STAGING_TO_PROD_INVENTORY_HISTORY",
    "STAGING_TO_PROD_INVENTORY_CURRENT",
)

procedures = st.sampled_from(sorted(HANDLERS))
nth_statements = st.integers(1, 4)


def batches(size: int) -> st.SearchStrategy[Ingest]:
    return st.builds(Ingest, st.integers(0, 2**32), st.integers(1, size))


def actions(size: int) -> st.SearchStrategy[Action]:
    """Batches of up to `size` events, runs of a graph's start or of one procedure, and the rest."""
    graphs = st.sampled_from([ORDERS, INVENTORY, INVENTORY[:2]])
    anywhere = procedures.map(lambda name: (name,))
    rest = st.one_of(
        st.builds(
            Redeliver,
            st.integers(0, size),
            st.integers(1, size),
            st.integers(0, PARTITIONS - 1),
        ),
        st.builds(Purge, st.sampled_from(["STG_ORDERS", "STG_INVENTORY_ADJ"])),
        st.builds(FailingRun, procedures, nth_statements),
        st.builds(RunWithNews, procedures, nth_statements, batches(size // 10)),
    )
    return st.one_of(batches(size), st.builds(Run, graphs), st.builds(Run, anywhere), rest)
