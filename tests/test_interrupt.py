"""Progress and Ctrl-C in a real terminal, while members of the run take their time. Times are loose: machines are busy."""

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SECONDS = 40.0
"""The members wait so long; a command that ends well before was interrupted in time."""
MEMBERS = f'''
import time

from hybrid.catalog.problems.h2 import h2
from hybrid.simulators.exact import exact


def slow():
    """A problem that takes long to load."""
    time.sleep({SECONDS})
    return h2()


def compiling():
    """A backend that takes long to compile."""
    return Backend(exact(), compiles=True)


def holding():
    """A backend that lets no other thread of Python run while it measures."""
    return Backend(exact(), compiles=False)


class Backend:
    def __init__(self, inner, compiles):
        self.inner, self.compiles = inner, compiles
        self.memory_bytes, self.describe = inner.memory_bytes, inner.describe

    def compile(self, task):
        if self.compiles:
            time.sleep({SECONDS})
        return self

    def expectations(self, angles):
        return sum(range(10**10))  # in one call of C, which answers no signal
'''


class Terminal:
    """A command in a terminal of its own, and what it has shown."""

    def __init__(self, folder: Path, *words: str) -> None:
        (folder / "members.py").write_text(MEMBERS)
        self.ours, theirs = pty.openpty()
        line = [sys.executable, "-m", "hybrid", *words]
        self.child = subprocess.Popen(line, stdin=theirs, stdout=theirs, stderr=theirs, cwd=folder, start_new_session=True)
        os.close(theirs)
        self.shown = ""

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *error: object) -> None:
        self.child.kill()
        self.child.wait()
        os.close(self.ours)

    def until(self, text: str) -> None:
        """Read until the text has appeared."""
        end = time.monotonic() + SECONDS / 2
        while text not in self.shown and time.monotonic() < end and self._read():
            pass
        assert text in self.shown, self.shown

    def interrupt(self) -> None:
        self.child.send_signal(signal.SIGINT)

    def ended(self) -> int:
        """The exit code, once the command has ended and everything is read."""
        end = time.monotonic() + SECONDS / 2
        while time.monotonic() < end and self._read():
            pass
        return self.child.wait(SECONDS / 4)

    def _read(self) -> bool:
        if select.select([self.ours], [], [], 1)[0]:
            try:
                self.shown += os.read(self.ours, 65536).decode(errors="replace")
            except OSError:  # how Linux tells that the other end closed
                return False
        return True


@pytest.mark.parametrize(
    ("words", "work"),
    [
        (["./members.py:slow"], "loading the problem"),
        (["h2", "--backend", "./members.py:compiling"], "compiling the circuits of 2 qubits"),
        (["./members.py:slow", "--dry-run"], "compiling the circuits"),
    ],
    ids=["loading", "compiling", "dry run"],
)
def test_what_is_no_measurement_shows_itself_and_ends_at_the_first_ctrl_c(tmp_path, words, work):
    with Terminal(tmp_path, "run", *words) as terminal:
        terminal.until(f"{work}  (0:0")
        terminal.interrupt()
        assert terminal.ended() == 130
    assert "interrupted" in terminal.shown
    assert not [*tmp_path.glob("results/*")]


def test_a_measurement_that_holds_python_is_waited_for_in_words_and_ended_by_the_second_ctrl_c(tmp_path):
    with Terminal(tmp_path, "run", "h2", "--backend", "./members.py:holding", "--optimizer", "spsa") as terminal:
        record, end = None, time.monotonic() + SECONDS / 2
        while record is None and time.monotonic() < end:  # the start line is written just before the first measurement
            record = next((path for path in tmp_path.glob("results/*.jsonl") if path.stat().st_size), None)
            time.sleep(0.1)
        assert record is not None
        time.sleep(0.5)
        terminal.interrupt()
        terminal.until("stopping after the step in progress; Ctrl-C again stops at once")
        terminal.interrupt()
        assert terminal.ended() == -signal.SIGKILL
    assert json.loads(record.read_text())["kind"] == "start"
