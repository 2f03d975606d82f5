"""How many examples Hypothesis tries, and which.

`make test` tries the same few each time, so that a run says something about the code and not about
luck, and leaves it at the first that fails. EXAMPLES_TIMES=50 tries fifty times as many, new ones
at each run, and looks for the smallest that fails, which takes minutes; `--hypothesis-seed=N`
repeats such a run.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

TIMES = int(os.environ.get("EXAMPLES_TIMES", "1"))


def examples(number: int) -> settings:
    return settings(
        max_examples=number * TIMES,
        derandomize=TIMES == 1,
        database=None,
        phases=(Phase.explicit, Phase.generate, *((Phase.shrink,) if TIMES > 1 else ())),
        deadline=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
