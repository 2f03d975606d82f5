"""Rounds of ingestion under fire: `python -m tests.chaos --rounds 3 --seed 1`.

Each round runs the whole pipeline on this machine with programs and faults that are real, and ends
with every law judged. Exit codes: 0 all is well, 1 something is not, 2 wrong use.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from app.caves.machine.broker import KAFKA, KINDS, TANSU
from tests.chaos.deployment import deploy_with_snow
from tests.chaos.plan import FULL, on_kafka, plan, with_files
from tests.chaos.report import show_round, show_total
from tests.chaos.round import Outcome, run_round


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(prog="tests.chaos", description=__doc__.split("\n")[0])
    result.add_argument("--rounds", type=int, default=1, help="how many (default 1)")
    result.add_argument("--seed", type=int, default=1, help="of the first; each next is one more")
    result.add_argument(
        "--seconds",
        type=float,
        default=FULL.seconds,
        help="at least (default 60)",
    )
    result.add_argument("--rate", type=float, default=FULL.rate, help="events per second (200)")
    result.add_argument(
        "--broker",
        choices=KINDS,
        default=TANSU,
        help="kafka (needs Java and Maven) is killed and started again, too (tansu)",
    )
    result.add_argument("--files", action="store_true", help="every ingester sends files, not one")
    result.add_argument("--keep", action="store_true", help="keep data and logs of good rounds too")
    return result


def main(argv: Sequence[str] | None = None) -> int:
    arguments = parser().parse_args(argv)
    scale = replace(FULL, seconds=arguments.seconds, rate=arguments.rate)
    if arguments.broker == KAFKA:
        scale = on_kafka(scale)
    if arguments.files:
        scale = with_files(scale)
    seeds = range(arguments.seed, arguments.seed + arguments.rounds)
    try:
        for seed in seeds:
            plan(seed, scale.seconds, scale)
    except ValueError as error:
        sys.stderr.write(f"chaos: {error}\n")
        return 2
    console, notes = Console(width=110), Console(stderr=True, width=110, highlight=False)
    outcomes: list[Outcome] = []
    for seed in seeds:
        folder = Path(tempfile.mkdtemp(prefix=f"caves-chaos-{seed}-"))
        try:
            outcome = run_round(seed, scale, folder, deploy_with_snow, notes.print)
        except BaseException:
            notes.print(f"data and logs are kept in {folder}")
            raise
        outcomes.append(outcome)
        show_round(outcome, console)
        if outcome.good and not arguments.keep:
            shutil.rmtree(folder)
    show_total(outcomes, console)
    return 0 if all(outcome.good for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
