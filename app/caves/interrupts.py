"""Signals that end a command, as the exception that Python has for them."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType, TracebackType


class Interrupts:
    """SIGINT, SIGTERM and SIGHUP as KeyboardInterrupt, now, later (`deferred`) or never (`ignore`).

    Python handlers are used even for ignoring, since SIG_IGN and signal masks would be inherited
    by every program started meanwhile. Outside the main thread, where Python runs no handlers,
    it does nothing.
    """

    SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def __init__(self) -> None:
        self._previous: dict[int, object] = {}
        self._deferring = False
        self._ignoring = False
        self._pending = False

    def __enter__(self) -> "Interrupts":
        if threading.current_thread() is threading.main_thread():
            for number in self.SIGNALS:
                self._previous[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # what signal() returned
        self._previous.clear()

    @contextlib.contextmanager
    def deferred(self) -> Iterator[None]:
        """A signal that comes within the block is raised at its end."""
        self._deferring = True
        try:
            yield
        finally:
            self._deferring = False
        if self._pending:
            self._pending = False
            raise KeyboardInterrupt

    def ignore(self) -> None:
        """From here on a signal changes nothing."""
        self._ignoring = True

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._ignoring:
            return
        if self._deferring:
            self._pending = True
            return
        raise KeyboardInterrupt
