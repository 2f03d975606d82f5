"""What has been found out about an account's latest statements, by their texts.

Pipelines repeat their statements to the letter. Under the same current names, and while no table,
view, stream or function of the databases that it reads changes its shape, the same text means the
same. Each account has a cache of its own: the same text reads other tables in another account.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from sqlglot import Expr

T = TypeVar("T")

# In a tree's meta: the statement's text, with the names and the shapes of tables that it was read
# under. Trees for which that is the same are the same.
TEXT = "text"
# In a tree's meta: which databases it reads, and in which shapes; None where that may change.
SHAPES = "shapes"
# Each has two places: one tells which databases it reads, the other what it means while they last.
_TEXTS = 2048
_UNKNOWN: Any = object()


class StatementCache:
    """The latest statements, and for each what has been computed of it by purpose. Thread-safe.

    What is in it is never changed.
    """

    def __init__(self, *, fast: bool) -> None:
        """fast: False keeps nothing."""
        self._fast = fast
        self._found: OrderedDict[Hashable, dict[Hashable, Any]] = OrderedDict()
        self._lock = threading.Lock()

    def cached(self, purpose: Hashable, tree: Expr, compute: Callable[[], T]) -> T:
        """What `compute` answers, or answered when the tree's text came before."""
        return self.by_text(purpose, tree.meta.get(TEXT), compute)

    def by_text(self, purpose: Hashable, text: Hashable | None, compute: Callable[[], T]) -> T:
        """The same for a text; None for what must be computed each time."""
        if text is None:
            return compute()
        found = self.found(text)
        answer: T = found.get(purpose, _UNKNOWN)
        if answer is _UNKNOWN:
            answer = found[purpose] = compute()
        return answer

    def found(self, text: Hashable) -> dict[Hashable, Any]:
        """What has been computed of a text, by purpose: what is added there is kept."""
        if not self._fast:
            return {}
        with self._lock:
            found = self._found.setdefault(text, {})
            self._found.move_to_end(text)
            while len(self._found) > _TEXTS:
                self._found.popitem(last=False)
            return found
