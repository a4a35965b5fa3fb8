"""SIGINT and SIGTERM as errors that a verb raises itself, once its work is saved."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hybrid.base.errors import HybridError, Interrupted, Stopped


@contextmanager
def pending_stop(*, waiting: str = "") -> Iterator[list[HybridError]]:
    """A list that a signal fills with Interrupted or Stopped, for the verb to look at between two measurements.

    With `waiting`, a line that Ctrl-C prints in a terminal, a second Ctrl-C raises KeyboardInterrupt at once.
    """
    pending: list[HybridError] = []

    def stop(number: int, frame: Any) -> None:
        if waiting and number == signal.SIGINT:
            if pending:
                raise KeyboardInterrupt
            if sys.stderr.isatty():  # os.write, because the signal may come in the middle of a print
                os.write(sys.stderr.fileno(), f"\n{waiting}\n".encode())
        pending.append(Interrupted("interrupted.") if number == signal.SIGINT else Stopped("stopped by SIGTERM."))

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield pending
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
