"""The latest answers, so that a request which comes twice is carried out once.

A client whose connection broke sends its request again under the same id, and cannot know whether
the first one arrived. Source: the connector's network.py, which repeats a POST with its requestId
and a retryCount.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

_KEPT = 256
# What is larger is a query's rows, and a query may well run twice.
_LARGEST = 64 * 1024

Response = dict[str, Any]


@dataclass
class _Answer:
    done: threading.Event = field(default_factory=threading.Event)
    response: Response | None = None


class Answers:
    def __init__(self) -> None:
        self._answers: OrderedDict[Hashable, _Answer] = OrderedDict()
        self._lock = threading.Lock()

    def once(self, key: Hashable, work: Callable[[], Response]) -> Response:
        """The response of `work`, or of the one that began under the same key before it."""
        with self._lock:
            first = self._answers.get(key)
            mine = _Answer()
            if first is None:
                self._answers[key] = mine
        if first is not None:
            first.done.wait()
            return first.response if first.response is not None else work()
        try:
            mine.response = work()
            return mine.response
        finally:
            self._settle(key, mine)

    def _settle(self, key: Hashable, answer: _Answer) -> None:
        answer.done.set()
        with self._lock:
            if answer.response is None or _is_large(answer.response):
                self._answers.pop(key, None)
            done = [each for each, known in self._answers.items() if known.done.is_set()]
            for oldest in done[: max(0, len(done) - _KEPT)]:
                del self._answers[oldest]


def _is_large(response: Response) -> bool:
    rows = (response.get("data") or {}).get("rowsetBase64") or ""
    return len(rows) > _LARGEST
