"""What a reader and a command may take, and how a command may end."""

import faulthandler
import json
import resource
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from hybrid.cli.app import EXIT_CODES

SECONDS, PATIENCE, MEMORY_BYTES = 20.0, 6, 2**30


class Hang(BaseException):
    """Something did not end within SECONDS of the processor, or PATIENCE times as long: others may keep the machine busy."""


@pytest.fixture
def limited() -> Iterator[None]:
    """This process gets 1 GiB more than it holds; a reader that hangs in C is ended with its traceback."""
    held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (held + MEMORY_BYTES, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


@contextmanager
def timed() -> Iterator[None]:
    def ring(number: int, frame: Any) -> None:
        raise Hang

    timers = {signal.SIGPROF: (signal.ITIMER_PROF, SECONDS), signal.SIGALRM: (signal.ITIMER_REAL, PATIENCE * SECONDS)}
    before = {number: signal.signal(number, ring) for number in timers}
    for timer, seconds in timers.values():
        signal.setitimer(timer, seconds)
    faulthandler.dump_traceback_later(2 * PATIENCE * SECONDS, exit=True, file=sys.__stderr__)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
        for number, (timer, _) in timers.items():
            signal.setitimer(timer, 0)
            signal.signal(number, before[number])


def check_ended(done: Any, *, as_json: bool) -> None:
    """The command ended with a documented exit code, in words; its JSON is JSON."""
    assert done.code in (0, *EXIT_CODES.values()), done
    assert "This is a bug" not in done.err and "Traceback" not in done.err, done.err
    assert not set(done.out + done.err) & set("\x1b\x07\u202e"), done
    assert done.code == 0 or done.err.startswith("hybrid: ") or "\nhybrid: " in done.err, done
    if as_json and (done.code == 0 or done.out):
        json.loads(done.out)
