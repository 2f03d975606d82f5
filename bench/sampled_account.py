"""An account that notes every few milliseconds what its statements are at.

Started like `python -m flocon`; at its end it writes [moment, kind] pairs to the file that
BENCH_SAMPLES names.
"""

import json
import os
import runpy
import sys
import threading
import time
from pathlib import Path
from types import FrameType

_EVERY_SECONDS = 0.005
_LOCAL = f"{os.sep}flocon{os.sep}"
_TRACKING = ("change_log.py", "logged_dml.py", "tracked_tables.py", "commits.py", "replay.py")


def kind_of(frame: FrameType | None) -> str | None:
    """What a thread is at; None where it runs no statement, or waits for a procedure's."""
    own: list[tuple[str, str]] = []
    while frame is not None:
        code = frame.f_code
        if _LOCAL in code.co_filename:
            own.append((Path(code.co_filename).name, code.co_name))
        frame = frame.f_back
    if ("session.py", "execute") not in own:
        return None
    file, function = own[0]
    if file != "connection.py" or function not in ("values", "table", "commit"):
        return "account"
    caller, called = own[1]
    # The log's own INSERT … RETURNING is the statement itself.
    tracks = caller in _TRACKING and called != "_insert"
    return "change tracking" if tracks else "DuckDB"


def sample(samples: list[tuple[float, str]], ended: threading.Event) -> None:
    own = threading.get_ident()
    while not ended.wait(_EVERY_SECONDS):
        kinds = [kind_of(f) for ident, f in sys._current_frames().items() if ident != own]
        at_work = [kind for kind in kinds if kind]
        samples.append((time.time(), at_work[0] if at_work else "Snowpark and HTTP"))


def main() -> None:
    samples: list[tuple[float, str]] = []
    ended = threading.Event()
    threading.Thread(target=sample, args=(samples, ended), daemon=True).start()
    try:
        runpy.run_module("flocon", run_name="__main__", alter_sys=True)
    finally:
        ended.set()
        Path(os.environ["BENCH_SAMPLES"]).write_text(json.dumps(samples), "utf-8")


if __name__ == "__main__":
    main()
