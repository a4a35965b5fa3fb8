"""The log of answers: a run replays the recorded ones, then measures and appends new ones; a replay measures all again."""

import hashlib
import os
import platform
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol, final

import numpy as np

from hybrid.base import json_lines
from hybrid.base.errors import HybridError, Interrupted, RecordError, Stopped
from hybrid.base.machine import here, versions
from hybrid.base.types import Estimates, Journal, Losses, LossGradient, NoJournal, Tensor
from hybrid.compilation import FIRST_COMPILER
from hybrid.runs import record
from hybrid.runs.record import Record

Body = dict[str, Any]
STOP = "stop"
"""The question that is answered where a limit of computing time ends the loop: no replay looks at a clock."""


class AnswerLog(Journal, Protocol):
    """What a session asks for answers."""

    n_answers: int

    @property
    def next_question(self) -> str | None:
        """The question that the record answers next; None where it answers no more."""
        ...

    @property
    def seconds(self) -> float:
        """The time that all recorded answers took."""
        ...

    def open(self, start: Body, about: Body) -> None:
        """Begin a run whose start line is `start`; `about` is not part of the digest."""
        ...

    def answer(self, asked: Body, measure: Callable[[], Body]) -> tuple[Body, bool]:
        """The answer's body, which contains `asked`, and whether it was read instead of measured."""
        ...


@final
class RecordingLog:
    """The log of a run: replays recorded answers, then measures new ones and appends each before it is used."""

    def __init__(
        self,
        file: Record,
        interruption: Callable[[], HybridError | None],
        note: Callable[[str], None] = lambda text: None,
        *,
        strict: bool = False,
        label: str | None = None,
    ) -> None:
        """`note` hears that a record is continued on another processor; `strict` refuses that. A new record has the `label`."""
        self.n_answers = 0
        self._note, self._strict, self._label = note, strict, label
        self._elsewhere: Body = {}
        self._record = file
        self._interruption = interruption
        self._replay: Iterator[tuple[int, Body]] | None = None
        self._next: tuple[int, Body] | None = None

    def open(self, start: Body, about: Body) -> None:
        """Write the start line, or check that the existing one has the same inputs and versions."""
        if self._replay is not None:
            return
        today, start = (
            versions(),
            json_lines.load(json_lines.dump(start).encode()),
        )  # as it is read back: a point is a list there
        if self._record.start is None:
            host = {"host": platform.node(), "pid": os.getpid(), "time": round(time.time(), 3), "cores": os.cpu_count()}
            host |= here() | ({} if self._label is None else {"label": self._label})
            host |= {"slurm_job": job} if (job := os.environ.get("SLURM_JOB_ID")) else {}
            self._record.append("start", start, about | host | {"versions": today})
        before = self._record.start or start
        _check_same(self._record.path, before | {"versions": self._record.about.get("versions", today)}, start, today)
        self._compare_machines()
        self._replay = self._record.answers() if self._record.n_answers else iter(())
        self._next = next(self._replay, None)

    def _compare_machines(self) -> None:
        """A note where the record was begun on another processor or with other kernels; RecordError if strict."""
        begun, now = self._record.about, here()
        if all(begun.get(key, value) == value for key, value in now.items()):  # earlier versions recorded none
            return
        self._elsewhere = {"continued_on": now}
        then, text = (f"{one['processor']}, kernel {one['kernel']}" for one in (begun, now))
        if self._strict:
            raise RecordError(f"{self._record.path}:1: this unfinished run was started on {then}; this is {text} (--strict).")
        self._note(f"{self._record.path}: continued on another processor ({text}) than {then}: last digits may differ.")

    @property
    def continued_on(self) -> list[dict[str, str]]:
        """Other processors and kernels than the start's on which answers, or the end, were computed."""
        machines = [*self._record.continued_on, *self._elsewhere.values()]
        return [machine for i, machine in enumerate(machines) if machine not in machines[:i]]

    @property
    def next_question(self) -> str | None:
        """See `AnswerLog`."""
        return None if self._next is None else self._next[1]["question"]

    @property
    def seconds(self) -> float:
        """See `AnswerLog`."""
        return self._record.seconds

    def answer(self, asked: Body, measure: Callable[[], Body]) -> tuple[Body, bool]:
        """See `AnswerLog`; RecordError when the record answers another question, the interruption's error when there is one."""
        recorded = self._next
        if recorded is not None:
            number, body = recorded
            check_question(self._record.path, number, body, asked, " on another processor" if self._elsewhere else "")
            self._next = next(self._replay or iter(()), None)
        else:
            if error := self._interruption():
                point = ",".join(f"{value:.6g}" for value in asked["x"])
                raise type(error)(f"{error} {self._saved()}\nx = {point}")
            begun = time.monotonic()
            body = asked | measure()
            self._record.append("answer", body, self._elsewhere | {"seconds": round(time.monotonic() - begun, 6)})
        self.n_answers += 1
        return body, recorded is not None

    def recorded(self, key: str, asked: str) -> Mapping[str, Any] | None:
        """See `hybrid.base.types.Journal`; RecordError when the part answers another question."""
        part = self._record.parts.get(key)
        if part is not None and part["asked"] != asked:
            raise RecordError(f"{self._record.path}: a part of the next answer is to another question; nothing was changed.")
        return part

    def keep(self, send: Callable[[], tuple[Body, Body]]) -> Body:
        """See `Journal`; the interruption's error when there is one, or the job's own Stopped; both say what is saved."""
        begun = time.monotonic()
        try:
            self.check()
            parts, about = send()
        except (Stopped, Interrupted) as stopped:
            raise type(stopped)(f"{stopped} {self._saved()}") from stopped
        self._record.append("part", parts, about | self._elsewhere | {"seconds": round(time.monotonic() - begun, 6)})
        return parts

    def submitted(self, job: str, of: str) -> None:
        """See `Journal`: a line without parts, as the result is not there yet."""
        self._record.append("part", {}, {"submitted": job, "of": of} | self._elsewhere)

    def sent(self, of: str) -> str | None:
        """See `Journal`."""
        job, circuits = self._record.submitted
        return job if circuits == of else None

    def check(self) -> None:
        """See `Journal`."""
        if error := self._interruption():
            raise error

    def _saved(self) -> str:
        parts = f" and {len(self._record.parts)} circuits of the next one" if self._record.parts else ""
        return f"{self.n_answers} answers{parts} are saved in {self._record.path}; the same command continues."


class AuditedAnswer(NamedTuple):
    """One recorded answer and the new measurement of it."""

    n: int
    recorded: Body
    measured: Body


@final
class ReplayLog(NoJournal):
    """The log of a replay: the session gets the recorded answers, and every one is measured again; nothing is written."""

    def __init__(self, path: Path, report: Callable[[AuditedAnswer], None]) -> None:
        self.n_answers = 0
        self.start: Body = {}
        self._path = path
        self._report = report
        self._answers = ((number, body) for number, kind, body, _, _ in record.lines(path) if kind == "answer")
        self._next = next(self._answers, None)

    @property
    def next_question(self) -> str | None:
        """See `AnswerLog`."""
        return None if self._next is None else self._next[1]["question"]

    @property
    def seconds(self) -> float:
        """See `AnswerLog`; a replay is not limited in time."""
        return 0.0

    def open(self, start: Body, about: Body) -> None:
        """Keep the start line, for a comparison with the recorded one."""
        self.start = start

    def answer(self, asked: Body, measure: Callable[[], Body]) -> tuple[Body, bool]:
        """The recorded answer, after a new measurement has been reported; RecordError where the record has no more answers."""
        if self._next is None:
            raise RecordEnded(f"{self._path}: ends after {self.n_answers} answers.")
        number, body = self._next
        check_question(self._path, number, body, asked)
        if asked["question"] != STOP:
            self._report(AuditedAnswer(self.n_answers, body, asked | measure()))
        self._next = next(self._answers, None)
        self.n_answers += 1
        return body, True


class RecordEnded(RecordError):
    """A replayed record is unfinished; all its answers have been measured again."""


def check_question(path: Path, number: int, body: Body, asked: Body, where: str = "") -> None:
    """RecordError unless the recorded answer is the answer to this question; `where` it is asked, if not where it was."""
    if any(body.get(key) != value for key, value in asked.items()):
        raise RecordError(f"{path}:{number}: answers another question than this run asks{where}; nothing was changed.")


def _check_same(path: Path, before: Body, start: Body, installed: dict[str, str]) -> None:
    """RecordError naming the first input or version in which today's run differs from an unfinished record."""
    for key, today in (start | {"versions": installed}).items():
        then = before.get(key, FIRST_COMPILER if key == "compiler" else None)
        if then == today:
            continue
        if isinstance(then, dict) and isinstance(today, dict):
            key = next(name for name in {**today, **then} if then.get(name) != today.get(name))
            then, today = then.get(key), today.get(key)
        raise RecordError(
            f"{path}:1: this unfinished run was started with {key} = {then}, today it is {today}. "
            "Move the file away to run afresh."
        )


def losses_body(losses: Losses | Estimates) -> dict[str, Any]:
    """Values and their standard errors, one per point."""
    return {"values": losses.values.tolist(), "stderr": losses.stderr.tolist()}


def gradient_body(answer: LossGradient) -> dict[str, Any]:
    """A loss and its gradient, with their standard errors."""
    return {
        "loss": answer.loss,
        "loss_stderr": answer.loss_stderr,
        "gradient": answer.gradient.tolist(),
        "gradient_stderr": answer.gradient_stderr.tolist(),
    }


def metric_body(metric: Tensor) -> dict[str, Any]:
    """The upper triangle, row by row: the tensor is symmetric."""
    return {"metric": metric[np.triu_indices(len(metric))].tolist()}


def metric_of(upper: list[float], p: int) -> Tensor:
    """The tensor (p, p) of `metric_body`'s upper triangle."""
    tensor = np.zeros((p, p))
    tensor[np.triu_indices(p)] = upper
    return tensor + np.triu(tensor, 1).T


def point_hash(points: np.ndarray) -> str:
    """16 hex digits that identify the points; a record holds them in place of the points."""
    return hashlib.sha256(np.ascontiguousarray(points).tobytes()).hexdigest()[:16]
