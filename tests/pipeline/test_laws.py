"""Laws 2 to 5, for whatever happens: what the tables say is what the model says.

The events, how they are cut into batches, what comes twice, which procedure runs when, what fails
and what is purged: all of it is drawn.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.procedures.actions import INVENTORY, ORDERS, Action, Ingest, Run, actions
from tests.procedures.examples import examples
from tests.procedures.modelled_pipeline import ModelledPipeline


def test_the_laws_hold_at_any_moment_of_any_history(modelled: ModelledPipeline) -> None:
    """A history ends in any state, then every procedure catches up.

    It begins with two batches that have come all the way, so that whatever follows meets rows.
    """

    @examples(3)
    @given(seed=st.integers(0, 2**32), history=st.lists(actions(200), min_size=3, max_size=8))
    def they_hold(seed: int, history: list[Action]) -> None:
        modelled.empty()
        for action in (Ingest(seed, 200), Run(ORDERS), Run(INVENTORY), Ingest(seed + 1, 200)):
            action(modelled)
        for action in history:
            action(modelled)
        modelled.check()
        modelled.drain()
        modelled.check()

    they_hold()
