"""SIGINT and SIGTERM as errors that a verb raises itself, once its work is saved."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, final

from hybrid.base.errors import HybridError, Interrupted, Stopped


class _AtOnce(BaseException):
    """Passes through every `except Exception` between a signal and the verb."""


@final
class PendingStop(list[HybridError]):
    """What signals have asked for: Interrupted or Stopped, for the verb to look at between two measurements.

    While `work` says what is done, nothing would be lost, and a signal ends it at once.
    """

    work = ""

    @property
    def error(self) -> HybridError | None:
        """The first signal's, or None."""
        return self[0] if self else None


@contextmanager
def pending_stop(*, waiting: str = "") -> Iterator[PendingStop]:
    """What signals ask for, from now on until the end of the block.

    With `waiting`, a line that Ctrl-C prints in a terminal, a second Ctrl-C raises KeyboardInterrupt at once.
    """
    pending = PendingStop()

    def stop(number: int, frame: Any) -> None:
        if waiting and number == signal.SIGINT:
            if pending:
                raise KeyboardInterrupt
            if sys.stderr.isatty() and not pending.work:  # os.write: the signal may come in the middle of a print
                os.write(sys.stderr.fileno(), f"\n{waiting}\n".encode())
        during = f" while {pending.work}; what was measured is saved, and the same command continues" if pending.work else ""
        error = Interrupted if number == signal.SIGINT else Stopped
        pending.append(error(f"{'interrupted' if error is Interrupted else 'stopped by SIGTERM'}{during}."))
        if pending.work:
            raise _AtOnce

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield pending
    except _AtOnce:
        raise pending[0] from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
