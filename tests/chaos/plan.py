"""Which fault strikes what, and when: a pure function of a seed."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from enum import StrEnum

from app.caves.machine.broker import KAFKA, TANSU

# The group forms and the first batches are written before anything strikes.
QUIET_SECONDS = 3.0
TRIES = 200


class Kind(StrEnum):
    KILL_INGESTER = "ingester killed"
    FREEZE_BEFORE_FENCE = "ingester frozen before the fence"
    FREEZE_BEHIND_FENCE = "ingester frozen behind the fence"
    KILL_ACCOUNT = "account killed"
    KILL_ACCOUNT_AT_COMMIT = "account killed before it answers a COMMIT"
    LOSE_COMMIT = "answer to a COMMIT lost"
    LOSE_INSERT = "answer to an INSERT lost"
    LOSE_PUT = "answer to a PUT lost"
    LOSE_COPY = "answer to a COPY INTO lost"
    SILENCE_BROKER = "broker silent"
    REBALANCE = "a member joins in mid-batch and leaves"
    KILL_BROKER = "broker killed"
    RESTART_BROKER = "broker restarted"


# Tansu keeps its topics in memory: with it they would be gone.
NEEDS_KAFKA = (Kind.KILL_BROKER, Kind.RESTART_BROKER)
# There are such statements for sure only where every ingester sends files.
NEEDS_FILES = (Kind.LOSE_PUT, Kind.LOSE_COPY)
ON_TANSU = tuple(kind for kind in Kind if kind not in (*NEEDS_KAFKA, *NEEDS_FILES))
ON_INGESTER = (Kind.KILL_INGESTER, Kind.FREEZE_BEFORE_FENCE, Kind.FREEZE_BEHIND_FENCE)


@dataclass(frozen=True)
class Scale:
    """How large a round is. Seconds, if not said otherwise."""

    seconds: float = 60.0
    rate: float = 200.0  # events per second
    ingesters: int = 3
    file_ingesters: int = 1  # so many of them send files, the others statements alone
    session: float = 6.0
    silence: float = 15.0
    extra_every: float = 12.0
    kinds: tuple[Kind, ...] = ON_TANSU
    broker: str = TANSU
    task_schedule: str = "10 SECONDS"
    hurry: bool = False  # run the tasks at the end, rather than wait for their schedule

    def duration(self, kind: Kind) -> tuple[float, float]:
        """The shortest and the longest that such a fault lasts."""
        match kind:
            case Kind.SILENCE_BROKER:
                return (self.silence, self.silence)
            case Kind.FREEZE_BEFORE_FENCE | Kind.FREEZE_BEHIND_FENCE:
                # The group needs one session to miss it, and another to share its partitions out.
                return (self.session * 2.2, self.session * 2.6)
            case Kind.REBALANCE:
                return (self.session * 0.3, self.session)
            case Kind.LOSE_COMMIT | Kind.LOSE_INSERT | Kind.LOSE_PUT | Kind.LOSE_COPY:
                return (0.0, 0.0)
            case _:
                return (0.0, self.session * 0.4)

    def rest(self, kind: Kind) -> float:
        """How long what was struck is left alone, so that the next fault finds it at work."""
        if kind in NEEDS_KAFKA:
            # Apache Kafka takes about so long to start, and the group to form again.
            return self.session * 3
        slow = kind in (Kind.KILL_ACCOUNT, Kind.KILL_ACCOUNT_AT_COMMIT, Kind.REBALANCE)
        return self.session * (0.8 if slow else 0.3)


FULL = Scale()


def on_kafka(scale: Scale) -> Scale:
    """The same, and the broker is stricken, too."""
    return replace(scale, broker=KAFKA, kinds=(*scale.kinds, *NEEDS_KAFKA))


def with_files(scale: Scale) -> Scale:
    """The same, and every ingester sends its rows as files."""
    return replace(scale, file_ingesters=scale.ingesters + 1, kinds=(*scale.kinds, *NEEDS_FILES))


# What is left out is what other tests are about.
SHORT = Scale(
    seconds=10.0,
    rate=60.0,
    ingesters=2,
    session=3.0,
    silence=3.5,
    extra_every=1e9,
    kinds=(
        Kind.KILL_INGESTER,
        Kind.FREEZE_BEFORE_FENCE,
        Kind.KILL_ACCOUNT_AT_COMMIT,
        Kind.LOSE_COMMIT,
        Kind.LOSE_INSERT,
        Kind.SILENCE_BROKER,
        Kind.REBALANCE,
    ),
    hurry=True,
)


@dataclass(frozen=True)
class Fault:
    at: float  # seconds after the first event
    kind: Kind
    seconds: float
    target: int | None = None  # the number of an ingester


def plan(seed: int, seconds: float, scale: Scale = FULL) -> tuple[Fault, ...]:
    """Each kind once, and some more by chance, in the order of time; the same for the same seed.

    Faults of different things overlap freely; what is struck already is not struck again until it
    had time to recover.
    """
    dice = random.Random(seed)
    few = [Kind.KILL_INGESTER, Kind.KILL_ACCOUNT, Kind.LOSE_COMMIT, Kind.LOSE_INSERT]
    kinds = [*scale.kinds, *dice.choices(few, k=int(seconds / scale.extra_every))]
    # The longest first: there is the least room for them.
    kinds.sort(key=lambda kind: -sum(scale.duration(kind)))
    for _ in range(TRIES):
        placed: list[Fault] = []
        for kind in kinds:
            fault = _place(dice, kind, seconds, scale, placed)
            if fault is None:
                break
            placed.append(fault)
        else:
            return tuple(sorted(placed, key=lambda fault: fault.at))
    raise ValueError(f"{seconds:g} s are too short for {len(kinds)} faults")


def _place(
    dice: random.Random, kind: Kind, seconds: float, scale: Scale, placed: list[Fault]
) -> Fault | None:
    """The fault at a moment at which nothing that it strikes is struck; None: none was found."""
    for _ in range(TRIES):
        lasts = dice.uniform(*scale.duration(kind))
        latest = max(QUIET_SECONDS, seconds - lasts)
        target = dice.randrange(scale.ingesters) if kind in ON_INGESTER else None
        at = round(dice.uniform(QUIET_SECONDS, latest), 2)
        fault = Fault(at, kind, round(lasts, 2), target)
        if not any(_collide(fault, other, scale) for other in placed):
            return fault
    return None


def struck(fault: Fault) -> set[str]:
    """What the fault strikes, or needs sound."""
    if fault.kind in ON_INGESTER:
        return {f"ingester {fault.target}"}
    match fault.kind:
        case Kind.SILENCE_BROKER | Kind.KILL_BROKER | Kind.RESTART_BROKER:
            return {"broker"}
        case Kind.REBALANCE:
            return {"group", "broker"}
        case _:
            return {"account"}


def _collide(one: Fault, other: Fault, scale: Scale) -> bool:
    if not struck(one) & struck(other):
        return False
    first, second = sorted((one, other), key=lambda fault: fault.at)
    return first.at + first.seconds + scale.rest(first.kind) > second.at
