"""A process and all its descendants: the memory that they hold together, and killing them (Linux)."""

import mmap
import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import final

REFRESH_SECONDS = 0.2
MOST_SHARE = 0.02
"""Largest share of time for reading the list of processes, so that it does not disturb the measurement."""
PAGE = mmap.PAGESIZE


@final
class ProcessTree:
    """The leader of a session of its own, and its descendants, also those that left the session while their parents lived."""

    def __init__(self, leader: int) -> None:
        self._leader, self._members, self._due = leader, {leader}, 0.0

    def resident_bytes(self) -> int:
        """The sum of resident bytes, an upper bound: shared pages count several times (see `proportional_bytes`)."""
        began = time.monotonic()
        if began >= self._due:
            self.refresh()
            self._due = began + max(REFRESH_SECONDS, (time.monotonic() - began) / MOST_SHARE)
        return sum(map(_resident, self._members))

    def proportional_bytes(self) -> int:
        """The same with pages that several share divided among them: a forked child holds what it wrote and little more."""
        return sum(map(_proportional, self._members))

    def refresh(self) -> None:
        """Read anew which processes belong to it."""
        processes = {pid: parts for pid in _pids() if (parts := _parents(pid)) is not None}
        members = {self._leader} | {pid for pid, (_, session) in processes.items() if session == self._leader}
        members |= self._members & processes.keys()
        while more := {pid for pid, (parent, _) in processes.items() if parent in members} - members:
            members |= more
        self._members = members

    def kill(self) -> None:
        """Kill them all."""
        self.refresh()
        if not hasattr(os, "killpg"):
            os.kill(self._leader, signal.SIGTERM)  # how Windows ends a process at once
            return
        with suppress(ProcessLookupError):
            os.killpg(self._leader, signal.SIGKILL)
        for pid in self._members - {self._leader}:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)


def _pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()] if os.path.isdir("/proc") else []


def _parents(pid: int) -> tuple[int, int] | None:
    """Parent and session; None for a process that has ended."""
    try:
        state, parent, _, session, *_ = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (OSError, ValueError):
        return None
    return None if state == "Z" else (int(parent), int(session))


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
    except (OSError, ValueError, IndexError):
        return 0


def _proportional(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    except (OSError, ValueError, IndexError, StopIteration):
        return _resident(pid)
