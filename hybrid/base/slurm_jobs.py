"""What Slurm says of jobs: whether one has ended, and which of this user's wait or run."""

import re
import shutil
import subprocess
import time
from contextlib import suppress
from typing import NamedTuple

from hybrid.base.errors import HybridError

ASK_SECONDS = 10.0
"""Between two questions about the same job, and how long an answer is waited for."""
ENDED = ("BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED", "TIMEOUT")
"""States of a Slurm job that runs no more (squeue(1))."""
ENDING = "COMPLETING"
_asked: dict[str, tuple[float, bool]] = {}


class QueuedJob(NamedTuple):
    """A job of this user that waits or runs: its id, its state as PENDING or RUNNING, and its name."""

    id: str
    state: str
    name: str


def has_ended(job: str) -> bool:
    """Whether Slurm says that the job has ended, or knows it no more; False where it does not answer."""
    asked, ended = _asked.get(job, (-ASK_SECONDS, False))
    if time.monotonic() - asked >= ASK_SECONDS and shutil.which("scontrol"):
        with suppress(OSError, subprocess.TimeoutExpired):
            words = ["scontrol", "show", "job", job, "-o"]
            done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=ASK_SECONDS)
            state = re.search(r"JobState=(\w+)", done.stdout)
            ended = state is not None and state[1] in ENDED or "Invalid job id" in done.stderr
        _asked[job] = time.monotonic(), ended
    return ended


def queued() -> list[QueuedJob]:
    """This user's jobs that wait or run, without those that are ending; HybridError where Slurm does not answer."""
    words = ["squeue", "--me", "--noheader", "--format=%i|%T|%j"]
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=6 * ASK_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise HybridError(f"slurm: squeue does not answer ({error}); nothing was submitted.") from None
    if done.returncode:
        raise HybridError(f"slurm: squeue does not answer ({' '.join(done.stderr.split())}); nothing was submitted.")
    jobs = [QueuedJob(*line.split("|", 2)) for line in done.stdout.splitlines() if line.count("|") >= 2]
    return [job for job in jobs if job.state != ENDING]
