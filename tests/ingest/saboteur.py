"""Stands between a sink and the connector, for tests that let statements fail."""

from collections.abc import Callable
from typing import Any


class Saboteur:
    """Opens connections whose cursors call `before` and `after` with each statement's text."""

    def __init__(self, connect: Callable[[], Any]) -> None:
        self._connect = connect
        self.before: Callable[[str], None] = lambda sql: None
        self.after: Callable[[str], None] = lambda sql: None
        self.statements: list[str] = []
        self.opened = 0

    def __call__(self) -> Any:
        self.opened += 1
        return _Connection(self._connect(), self)


class _Connection:
    def __init__(self, real: Any, saboteur: Saboteur) -> None:
        self._real = real
        self._saboteur = saboteur

    def cursor(self) -> "_Cursor":
        return _Cursor(self._real.cursor(), self._saboteur)

    def close(self, retry: bool = True) -> None:
        self._real.close(retry=retry)


class _Cursor:
    def __init__(self, real: Any, saboteur: Saboteur) -> None:
        self._real = real
        self._saboteur = saboteur

    def execute(self, sql: str, parameters: Any = (), **options: Any) -> Any:
        self._saboteur.statements.append(" ".join(sql.split()[:2]))
        self._saboteur.before(sql)
        self._real.execute(sql, parameters, **options)
        self._saboteur.after(sql)
        return self

    def fetchall(self) -> list[Any]:
        return self._real.fetchall()

    @property
    def rowcount(self) -> int:
        return self._real.rowcount
