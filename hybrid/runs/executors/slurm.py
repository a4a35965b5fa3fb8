"""One Slurm job of whole nodes, inside which a worker on every core walks the list."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import final

from hybrid.base.errors import HybridError, MissingPart, UsageError
from hybrid.base.files import read_bytes
from hybrid.base.locks import lock, not_shared
from hybrid.base.slurm_jobs import QueuedJob, queued
from hybrid.runs.spec import SECONDS
from hybrid.runs.worklist import MOST_BYTES, SweepWatcher, Worklist

SECONDS_BEFORE = 120
"""Slurm sends SIGTERM so long before the time limit; a worker then ends after its measurement in progress."""
SUBMIT_SECONDS = 60
NAMED = "hybrid-"
"""How a job's name begins; the name of its list follows."""
TIME = re.compile(r"(?:(\d+)-)?(\d+):(\d\d):(\d\d)|(\d+)(s|min|h)")
SCRIPT = """#!/bin/bash
#SBATCH --job-name={name}
#SBATCH --account={account}
#SBATCH --qos={qos}
#SBATCH --partition={partition}
#SBATCH --time={time}
#SBATCH --nodes={nodes}
#SBATCH --ntasks-per-node={tasks}
#SBATCH --cpus-per-task={threads}
#SBATCH --exclusive
#SBATCH --hint=nomultithread
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output={output}
{more}export OMP_NUM_THREADS={threads} OPENBLAS_NUM_THREADS={threads} MKL_NUM_THREADS={threads}
{setup}# Slurm signals the steps before the limit; the batch shell waits for them, so that they end with everything saved.
trap '' TERM
srun --kill-on-bad-exit=0 --cpus-per-task={threads} {worker}
"""


def slurm(
    *,
    account: str,
    qos: str,
    partition: str,
    time: str,
    nodes: int,
    cores: int = 128,
    setup: str | None = None,
    gres: str | None = None,
) -> "Slurm":
    """One Slurm job: `nodes` whole nodes of `cores` cores for `time` (2h, 30min or 02:00:00), booked on `account`.

    A worker runs on every core that the threads of a run leave. Runs that a job of yours has already, waiting or running, are
    left to it. `setup` is a shell script that every job sources first, which
    loads modules and the environment; `gres` a resource such as qpu:1. The job ends cleanly before its limit, is requeued by
    Slurm after a node's failure, and the same command continues it.
    """
    for name, value in (("account", account), ("qos", qos), ("partition", partition)):
        if not re.fullmatch(r"[\w.+-]+", value):
            raise UsageError(f"slurm: {name} takes a name of letters, digits and ._+-, not '{value}'.")
    if gres is not None and not re.fullmatch(r"[\w.:+-]+", gres):
        raise UsageError(f"slurm: gres takes a resource as qpu:1, not '{gres}'.")
    if nodes < 1 or cores < 1:
        raise UsageError("slurm: nodes and cores must be at least 1.")
    if setup is not None and not Path(setup).is_file():
        raise UsageError(f"slurm: setup: {setup}: no such file.")
    return Slurm(account, qos, partition, _limit(time), nodes, cores, setup, gres)


def _limit(text: str) -> str:
    """The time limit as Slurm reads it, days-hours:minutes:seconds."""
    match = TIME.fullmatch(text)
    if match is None:
        raise UsageError(f"slurm: time takes 30min, 2h or 1-12:00:00, not '{text}'.")
    if match[5]:
        seconds = int(int(match[5]) * SECONDS[match[6]])
    else:
        seconds = ((int(match[1] or 0) * 24 + int(match[2])) * 60 + int(match[3])) * 60 + int(match[4])
    if seconds < 2 * SECONDS_BEFORE:
        raise UsageError(f"slurm: time must be at least {2 * SECONDS_BEFORE} s, not '{text}', half of which its end takes.")
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


@final
@dataclass(frozen=True)
class Slurm:
    """The options, checked."""

    account: str
    qos: str
    partition: str
    time: str
    nodes: int
    cores: int
    setup: str | None
    gres: str | None

    def script(self, work: Worklist) -> str:
        """The job's script; the list of runs is saved beside the records. UsageError where threads or locks do not fit."""
        threads = max((spec.threads for spec in work.specs), default=1)
        if threads > self.cores:
            raise UsageError(f"slurm: runs with {threads} threads do not fit on {self.cores} cores.")
        tasks = min(self.cores // threads, -(-len(work.specs) // self.nodes))
        saved = work.save()
        if self.nodes > 1 and (why := not_shared(saved)):
            where = "Choose --results DIR elsewhere, or nodes=1."
            raise UsageError(f"{work.results}: {why}, and workers on several nodes need them. {where}")
        worker = [sys.executable, "-m", "hybrid", "sweep", "--worker", str(saved)]
        more = f"#SBATCH --signal=TERM@{SECONDS_BEFORE}\n" + (f"#SBATCH --gres={self.gres}\n" if self.gres else "")
        return SCRIPT.format(
            name=f"{NAMED}{saved.stem}",
            account=self.account,
            qos=self.qos,
            partition=self.partition,
            time=self.time,
            nodes=self.nodes,
            tasks=tasks,
            threads=threads,
            output=work.results.resolve() / "slurm-%j.log",
            more=more,
            setup=f"source {shlex.quote(str(Path(self.setup).resolve()))}\n" if self.setup else "",
            worker=shlex.join(worker),
        )

    def execute(self, work: Worklist, watcher: SweepWatcher) -> str:
        """Submit what no job has yet; see `hybrid.runs.worklist.Executor`. MissingPart where there is no Slurm here."""
        if shutil.which("sbatch") is None:
            raise MissingPart(
                "there is no Slurm here: sbatch is not found. Give the command on a login node, or leave --executor slurm out."
            )
        with _submitting(work):
            there = _at_jobs(work)
            left = work.without({name for _, ids in there for name in ids})
            words = [f"{len(ids)} of the runs are in Slurm job {job.id} already ({job.state.lower()})." for job, ids in there]
            if left.specs:
                job = _submitted(self.script(left))
                words.insert(0, f"submitted as Slurm job {job}; its log is {work.results / f'slurm-{job}.log'}.")
            else:
                words.append(f"Nothing was submitted; scancel {' '.join(job.id for job, _ in there)} ends what is there.")
        return " ".join([*words, "The same command with --dry-run shows what is left."])


@contextmanager
def _submitting(work: Worklist) -> Iterator[None]:
    """One process at a time looks at the queue and submits; UsageError where another does, or nothing can be locked."""
    work.saved_lists().mkdir(mode=0o700, parents=True, exist_ok=True)
    file = os.open(work.saved_lists() / "submitting.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            locked = lock(file)
        except OSError as error:
            raise UsageError(
                f"{work.results}: this file system cannot lock files ({error.strerror}); choose --results DIR elsewhere."
            ) from None
        if not locked:
            raise UsageError(f"slurm: another process is submitting runs of {work.results} just now; try again.")
        yield
    finally:
        os.close(file)


def _at_jobs(work: Worklist) -> list[tuple[QueuedJob, set[str]]]:
    """The user's jobs that wait or run, each with the ids of this list's runs that are on its own; a job's name says which
    saved list that is. UsageError for a saved list that is damaged."""
    found = []
    for job in queued():
        path = work.saved_lists() / f"{job.name.removeprefix(NAMED)}.json"
        if job.name.startswith(NAMED) and path.is_file():
            try:
                theirs = Worklist.from_json(json.loads(read_bytes(path, max_bytes=MOST_BYTES)))
            except (ValueError, KeyError, TypeError):
                raise UsageError(f"slurm: {path}: is damaged, and job {job.id} has its runs: scancel {job.id}.") from None
            if ids := {*theirs.ids} & {*work.ids}:
                found.append((job, ids))
    return found


def _submitted(script: str) -> str:
    """The id of the job that Slurm makes of the script; UsageError where it refuses."""
    words = ["sbatch", "--parsable"]
    try:
        done = subprocess.run(words, input=script, capture_output=True, text=True, check=False, timeout=SUBMIT_SECONDS)
    except subprocess.TimeoutExpired:
        why = f"slurm: sbatch did not answer for {SUBMIT_SECONDS} s; squeue shows whether the job is there."
        raise HybridError(why) from None
    if done.returncode:
        raise UsageError(f"slurm: sbatch refused the job: {' '.join((done.stderr or done.stdout).split())}")
    return done.stdout.strip().partition(";")[0]
