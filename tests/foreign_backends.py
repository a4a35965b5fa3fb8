"""Backends of other people's for the tests: steady ones, and such as fail, are late, die, or lose shots.

What a backend does is told by environment variables and counted in files, so that it lives on between processes. FOREIGN_LOG
is a folder: `jobs` counts the jobs sent, `asked` has a line for every circuit of a job that was answered.
"""

import os
import time
from functools import cached_property
from pathlib import Path

from qiskit.providers import JobStatus, JobV1
from qiskit.providers.fake_provider import GenericBackendV2
from qiskit_aer import AerSimulator


class Late(JobV1):
    """A job that is not done when it is asked for its result."""

    def __init__(self, job):
        super().__init__(job.backend(), job.job_id())
        self._job, self._due = job, time.monotonic() + 0.05

    def submit(self):
        """Sent already."""

    def status(self):
        return JobStatus.DONE if time.monotonic() > self._due else JobStatus.QUEUED

    def result(self):
        while self.status() is not JobStatus.DONE:
            time.sleep(0.01)
        return self._job.result()


class Machine(AerSimulator):
    """Four circuits per job."""

    def __init__(self):
        super().__init__(max_parallel_threads=1)
        self.log = Path(os.environ["FOREIGN_LOG"])

    @cached_property
    def target(self):
        """Made once: the transpiler looks eighty times, and AerSimulator makes another one at every look."""
        return super().target

    @property
    def max_circuits(self):
        return int(os.environ.get("FOREIGN_MOST", "4"))

    def run(self, circuits, **options):
        sent = self.sent()
        (self.log / "jobs").write_text(str(sent + 1))
        self.misbehave(sent)
        job = super().run(circuits, **options)
        with (self.log / "asked").open("a") as asked:
            asked.writelines(f"{[(g.name, g.params) for g in circuit]}\n" for circuit in circuits)
        return job

    def sent(self):
        path = self.log / "jobs"
        return int(path.read_text()) if path.exists() else 0

    def misbehave(self, sent):
        """Nothing wrong here."""


class EveryThird(Machine):
    """Every third job fails."""

    def misbehave(self, sent):
        if sent % 3 == 2 and "FOREIGN_STEADY" not in os.environ:
            raise ConnectionError("the line is busy")


class Delayed(Machine):
    """Results are late."""

    def run(self, circuits, **options):
        job = super().run(circuits, **options)
        return job if "FOREIGN_STEADY" in os.environ else Late(job)


class Dying(Machine):
    """Dies behind FOREIGN_LIFE jobs."""

    def misbehave(self, sent):
        if "FOREIGN_STEADY" not in os.environ and sent >= int(os.environ["FOREIGN_LIFE"]):
            raise RuntimeError("helium is lost")


class Refusing(Machine):
    """Says that the request is wrong."""

    def misbehave(self, sent):
        raise ValueError("no such thing as shots")


class Losing(Machine):
    """Measures fewer shots than it was asked for."""

    def run(self, circuits, **options):
        return super().run(circuits, **(options | {"shots": options["shots"] - 1}))


generic = GenericBackendV2(5, seed=42)
"""An instance."""


def made():
    """Makes one."""
    return GenericBackendV2(5, seed=42)


def nothing():
    """Makes none."""
    return 3
