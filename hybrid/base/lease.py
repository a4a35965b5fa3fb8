"""The lease of an exclusive machine: one job at a time, waiters in the order in which they came.

The state of every machine is one small file, changed under a lock that lasts for milliseconds. A lease has a fencing number
(Kleppmann, "How to do distributed locking", 2016), compared before each submission under the same lock: an owner that slept
while its lease was released by hand finds another number and submits nothing. A lease is taken over only from an owner that is
certainly gone: its process has ended on this host, or its Slurm job has. Others are released by hand: `hybrid qpu release`.
"""

import json
import os
import platform
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any, final

from hybrid.base.errors import HybridError, UsageError
from hybrid.base.locks import lock, not_shared
from hybrid.base.slurm_jobs import has_ended

POLL_SECONDS, BUSY_SECONDS = 0.05, 0.005
"""Between two looks at whose turn it is, and at a lock that another process holds for a moment."""
UNSEEN_SECONDS = 10.0
"""A waiter that has not looked for so long loses its place; a process that was stopped keeps nobody waiting."""
RELEASE_SECONDS = 5.0
_numbers = count()


class LeaseLost(HybridError):
    """The lease was released by hand meanwhile; nothing was submitted."""


def folder() -> Path:
    """Where leases are: in the home folder, which the nodes of a cluster share."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "hybrid" / "qpu"


def me() -> dict[str, Any]:
    """This process, as others can look whether it still runs."""
    pid = os.getpid()
    about = {"host": platform.node(), "pid": pid, "start": _start(pid), "boot": _boot(), "space": _space()}
    return about | {"slurm_job": os.environ.get("SLURM_JOB_ID"), "token": next(_numbers)}


def _start(pid: int) -> str | None:
    """When a process began, in ticks since the start of its host; None for one that has ended, "" where that is not known."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return None if Path("/proc/self/stat").exists() else ""
    except OSError:
        return ""
    return None if fields[0] in "ZX" else fields[19]


def _boot() -> str:
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return ""


def _space() -> str:
    """In which a process number means something: containers on one host have others."""
    with suppress(OSError):
        return os.readlink("/proc/self/ns/pid")
    return ""


def is_gone(owner: dict[str, Any]) -> bool:
    """Whether a process has certainly ended; False where that cannot be known from here."""
    if owner["host"] == platform.node():
        if owner["boot"] and owner["boot"] != _boot():
            return True
        if owner["space"] == _space() and (start := _start(owner["pid"])) != "":
            return start != owner["start"]
    job = owner.get("slurm_job")
    return bool(job) and job != os.environ.get("SLURM_JOB_ID") and has_ended(str(job))


@final
class Lease:
    """The lease of one machine by its name."""

    def __init__(self, name: str) -> None:
        """UsageError where several nodes of a job would not see each other's lease."""
        self.name = re.sub(r"[^\w.-]", "_", name)
        self.path = folder() / f"{self.name}.json"
        if int(os.environ.get("SLURM_NNODES", "1")) > 1 and (why := not_shared(self.path)):
            raise UsageError(f"{self.path}: {why}; set XDG_STATE_HOME to a folder that the nodes share, or take one node.")

    def state(self) -> dict[str, Any]:
        """The newest state: fence, holder, queue, and seconds the machine was held and idle though work waited."""
        try:
            return json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {"fence": 0, "holder": None, "queue": [], "free_since": 0.0, "idle_s": 0.0, "held_s": 0.0, "leases": 0}
        except ValueError:
            raise UsageError(f"{self.path}: is damaged; move it away once nothing uses {self.name}.") from None

    @contextmanager
    def _changing(self, limit_s: float | None = None) -> Iterator[dict[str, Any]]:
        """The state, to be changed by nobody else; written where the block ends, also by an error."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            begun = time.monotonic()
            while not lock(file):
                if limit_s is not None and time.monotonic() - begun > limit_s:
                    raise UsageError(f"{self.name}: another process is submitting a job just now; stop it first, or try again.")
                time.sleep(BUSY_SECONDS)
            state = self.state()
            try:
                yield state
            finally:
                self._write(state)
        finally:
            os.close(file)

    def _write(self, state: dict[str, Any]) -> None:
        new = self.path.with_suffix(f".{os.getpid()}")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump(state, file)
        os.replace(new, self.path)

    @contextmanager
    def held(self, waiting: Callable[[], None], finish: Callable[[str], None]) -> Iterator[int]:
        """The fencing number, while the lease is held. `waiting` is called at every look and may raise; `finish` with the job
        that an owner who is gone had submitted, and returns when it runs no more."""
        owner, since = me(), time.time()
        try:
            while (taken := self._take(owner, since)) is None:
                waiting()
                time.sleep(POLL_SECONDS)
        except BaseException:
            with self._changing() as state:
                state["queue"] = [one for one in state["queue"] if not _same(one, owner)]
            raise
        fence, orphan = taken
        try:
            if orphan:
                finish(orphan)
            yield fence
        finally:
            self._free(fence)

    def _take(self, owner: dict[str, Any], since: float) -> tuple[int, str | None] | None:
        """The fencing number and an orphaned job where it is this owner's turn; else a place in the queue."""
        with self._changing() as state:
            now = time.time()
            if state["holder"] and is_gone(state["holder"]):
                state |= {"orphan": state["holder"]["job"], "free_since": state["holder"]["seen"], "holder": None}
            queue = [one for one in state["queue"] if not is_gone(one) and abs(now - one["seen"]) < UNSEEN_SECONDS]
            if state["holder"] is None and (not queue or _same(queue[0], owner)):
                if queue:
                    state["idle_s"] += max(0.0, now - max(state["free_since"], since))
                state |= {"fence": state["fence"] + 1, "queue": queue[1:], "leases": state["leases"] + 1}
                orphan = state.pop("orphan", None)
                state["holder"] = owner | {"fence": state["fence"], "since": now, "job": orphan, "seen": now}
                return state["fence"], orphan
            mine = owner | {"since": since, "seen": now}
            at = next((i for i, one in enumerate(queue) if _same(one, owner)), len(queue))
            state["queue"] = [*queue[:at], mine, *queue[at + 1 :]]
            return None

    def submit(self, fence: int, run: Callable[[], Any]) -> Any:
        """The job that `run` submits, its id kept; LeaseLost where the lease has another fencing number by now."""
        with self._changing() as state:
            holder = state["holder"]
            if holder is None or holder["fence"] != fence:
                raise LeaseLost(f"{self.name}: the lease {fence} was released by hand.")
            job = run()
            holder |= {"job": str(job.job_id()), "seen": time.time()}
            return job

    def _free(self, fence: int) -> None:
        with self._changing() as state:
            if state["holder"] and state["holder"]["fence"] == fence:
                now = time.time()
                state["held_s"] += max(0.0, now - state["holder"]["since"])
                state |= {"holder": None, "free_since": now}

    def release(self) -> dict[str, Any]:
        """Take the lease from whom holds it, by hand; returns the holder. UsageError where nobody does, or just submits."""
        with self._changing(RELEASE_SECONDS) as state:
            holder = state["holder"]
            if holder is None:
                raise UsageError(f"{self.name}: nobody holds a lease.")
            state |= {"holder": None, "free_since": time.time(), "fence": state["fence"] + 1, "orphan": holder["job"]}
            return holder


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(one[key] == other[key] for key in ("host", "pid", "start", "boot", "space", "token"))
