"""SIGINT and SIGTERM as errors that a verb raises itself, once its work is saved."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, final

from hybrid.base.errors import HybridError, Interrupted, Stopped

WAITING = "stopping after the step in progress; Ctrl-C again stops at once"
ANSWERING = """
trap '' INT TERM
signalled() { [ "$(dd bs=1 count=1 2>/dev/null | wc -c)" -eq 1 ]; }
signalled && sleep 0.5 && printf '\\n%s\\n' "$0" >&2 && signalled && sleep 0.5 && kill -KILL "$PPID"
"""
"""Says what a Ctrl-C waits for, and ends this process at a second one. It is a process of its own, since a simulator may keep
Python from answering signals for minutes; Python's C code writes a byte to it for each signal. A record survives SIGKILL."""


AGAIN_SECONDS = 0.5
"""Python ignores an exception that a signal raises within a callback of its importer, so it is raised again until it counts."""
REMINDS = hasattr(signal, "setitimer")


class _AtOnce(BaseException):
    """Ends the work at once; no `except Exception` between the signal and the verb catches it."""


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
def pending_stop() -> Iterator[PendingStop]:
    """What signals ask for, from now on until the end of the block. A second Ctrl-C raises KeyboardInterrupt."""
    pending = PendingStop()

    def stop(number: int, frame: Any) -> None:
        if number == signal.SIGINT and pending:
            raise KeyboardInterrupt
        during = f" while {pending.work}; what was measured is saved, and the same command continues" if pending.work else ""
        error = Interrupted if number == signal.SIGINT else Stopped
        pending.append(error(f"{'interrupted' if error is Interrupted else 'stopped by SIGTERM'}{during}."))
        if pending.work:
            if REMINDS:
                before.setdefault(signal.SIGALRM, signal.signal(signal.SIGALRM, again))
                signal.setitimer(signal.ITIMER_REAL, AGAIN_SECONDS, AGAIN_SECONDS)
            raise _AtOnce

    def again(number: int, frame: Any) -> None:
        if pending.work:
            raise _AtOnce

    before: dict[int, Any] = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield pending
    except _AtOnce:
        raise pending[0] from None
    finally:
        if REMINDS and signal.SIGALRM in before:
            signal.setitimer(signal.ITIMER_REAL, 0.0)
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def answering() -> Iterator[None]:
    """In a terminal, a process that answers signals which take a while: it says so, and a second one ends this process."""
    if not sys.stderr.isatty() or os.name != "posix":
        yield
        return
    with subprocess.Popen(["sh", "-c", ANSWERING, WAITING], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as child:
        assert child.stdin is not None
        os.set_blocking(child.stdin.fileno(), False)
        before = signal.set_wakeup_fd(child.stdin.fileno(), warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(before)
            child.kill()
