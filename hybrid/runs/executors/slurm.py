"""One Slurm job of whole nodes, inside which a worker on every core walks the list."""

import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import final

from hybrid.base.errors import HybridError, MissingPart, UsageError
from hybrid.base.locks import not_shared
from hybrid.runs.spec import SECONDS
from hybrid.runs.worklist import SweepWatcher, Worklist

SECONDS_BEFORE = 120
"""Slurm sends SIGTERM so long before the time limit; a worker then ends after its measurement in progress."""
SUBMIT_SECONDS = 60
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
    nodes: int = 1,
    cores: int = 128,
    setup: str | None = None,
    gres: str | None = None,
) -> "Slurm":
    """One Slurm job: `nodes` whole nodes of `cores` cores for `time` (2h, 30min or 02:00:00), booked on `account`.

    A worker runs on every core that the threads of a run leave. `setup` is a shell script that every job sources first, which
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
            name=f"hybrid-{work.ids[0]}",
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
        """Submit the job; see `hybrid.runs.worklist.Executor`. MissingPart where there is no Slurm here."""
        if shutil.which("sbatch") is None:
            raise MissingPart(
                "there is no Slurm here: sbatch is not found. Give the command on a login node, or leave --executor slurm out."
            )
        text = self.script(work)
        submit = ["sbatch", "--parsable"]
        try:
            done = subprocess.run(submit, input=text, capture_output=True, text=True, check=False, timeout=SUBMIT_SECONDS)
        except subprocess.TimeoutExpired:
            raise HybridError(
                f"slurm: sbatch did not answer for {SUBMIT_SECONDS} s; squeue shows whether the job is there."
            ) from None
        if done.returncode:
            raise UsageError(f"slurm: sbatch refused the job: {' '.join((done.stderr or done.stdout).split())}")
        job = done.stdout.strip().partition(";")[0]
        log = work.results / f"slurm-{job}.log"
        return f"submitted as Slurm job {job}; its log is {log}. The same command with --dry-run shows what is left."
