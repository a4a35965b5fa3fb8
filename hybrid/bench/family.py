"""A process and all that it started: how much memory they hold together, and their end (Linux)."""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import final

LOOK_SECONDS = 0.2
MOST_TIME = 0.02
"""Of the time that passes, looking through all processes may take this share, so that it disturbs no measurement."""
PAGE = os.sysconf("SC_PAGE_SIZE")


@final
class ProcessTree:
    """The leader of a session of its own, and its descendants, also those that left the session while their parents lived."""

    def __init__(self, leader: int) -> None:
        self._leader, self._members, self._due = leader, {leader}, 0.0

    def resident_bytes(self) -> int:
        """Resident bytes, summed; where that is above what they hold, `proportional_bytes` tells."""
        began = time.monotonic()
        if began >= self._due:
            self.look()
            self._due = began + max(LOOK_SECONDS, (time.monotonic() - began) / MOST_TIME)
        return sum(map(_resident, self._members))

    def proportional_bytes(self) -> int:
        """The same with pages that several share divided among them: a forked child holds what it wrote and little more."""
        return sum(map(_proportional, self._members))

    def look(self) -> None:
        """See who belongs to it now."""
        found = {pid: parts for pid in _pids() if (parts := _parents(pid)) is not None}
        members = {self._leader} | {pid for pid, (_, session) in found.items() if session == self._leader}
        members |= self._members & found.keys()
        while more := {pid for pid, (parent, _) in found.items() if parent in members} - members:
            members |= more
        self._members = members

    def kill(self) -> None:
        """End them all."""
        self.look()
        with suppress(ProcessLookupError):
            os.killpg(self._leader, signal.SIGKILL)
        for pid in self._members - {self._leader}:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)


def _pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()] if os.path.isdir("/proc") else []


def _parents(pid: int) -> tuple[int, int] | None:
    """Parent and session; None for a process that is no more, or dead and not yet waited for."""
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
