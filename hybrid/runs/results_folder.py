"""A folder of records: a summary of each, one read in full, one as a table. Standard library only."""

import hashlib
import re
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple, final

from hybrid.base.errors import RecordError
from hybrid.base.json_lines import dump
from hybrid.base.own_physics import OWN_PHYSICS
from hybrid.runs import record
from hybrid.runs.record import check_schema, digest_part
from hybrid.runs.result import Result, from_record

COLUMNS = ("n", "question", "iteration", "nfev", "points", "value", "stderr", "seconds")
"""First columns of every exported row."""
GEOMETRY = ("metric", "overlaps", "measure", "check", "calibrate", "stop")
"""Questions whose answers contain no loss."""
AT_HOME = ("host", "cores", "processor", "kernel", "folder")
"""Keys of a start line's meta that say where a run was made."""


@final
class Glance(NamedTuple):
    """Summary of a record from its first and last line. `verdict` is the word of a finished run's; an unfinished one has
    its last value; a damaged one says `why`."""

    id: str
    record: str
    state: str
    written: float
    started: float | None = None
    algorithm: str = ""
    problem: str = ""
    device: str = ""
    backend: str = ""
    shots: int | None = None
    seed: int | None = None
    quantity: str = ""
    value: float | None = None
    stderr: float | None = None
    unit: str = ""
    exact: float | None = None
    gap: float | None = None
    verdict: str = ""
    why: str = ""

    def to_json(self) -> dict[str, Any]:
        """The glance as one JSON object, times in ISO 8601."""
        times = {"written": iso(self.written), "started": None if self.started is None else iso(self.started)}
        return self._asdict() | times


def iso(seconds: float) -> str:
    """Seconds since 1970 as ISO 8601 in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def glance(path: Path) -> Glance:
    """The summary of a record, checksums not checked; never raises, whatever the file contains."""
    try:
        status = path.stat()
    except OSError as error:
        return Glance(path.stem, str(path), "damaged", 0.0, why=f"{path}: cannot be read ({error.strerror}).")
    if stat.S_ISREG(status.st_mode) and status.st_size == 0:
        return Glance(path.stem, str(path), "unfinished", status.st_mtime, why=f"{path}: holds nothing yet.")
    try:
        start, last = record.ends(path)
        check_schema(path, start["body"])
        return _summary(path, status.st_mtime, start["body"], start["meta"], last)
    except RecordError as error:
        return Glance(path.stem, str(path), "damaged", status.st_mtime, why=str(error))
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError):
        why = f"{path}: its first or last line lacks what a record has there."
        return Glance(path.stem, str(path), "damaged", status.st_mtime, why=why)


def _summary(path: Path, mtime: float, start: dict[str, Any], about: dict[str, Any], last: dict[str, Any]) -> Glance:
    spec, body = start["resolved"], last["body"]
    value, stderr, exact, gap, word = None, None, None, None, ""
    if last["kind"] == "stop":
        value, stderr = body["solution"]["value"], body["solution"]["stderr"]
        exact, gap = body["report"]["exact"], body["report"]["gap"]
        word = from_record(path, start, about, body, last["meta"], replayed=True).verdict.word
    elif last["kind"] == "answer" and body["question"] not in GEOMETRY:
        losses, stderrs = values_of(body)
        value, stderr = (-losses[0] if about["maximize"] else losses[0]), stderrs[0]
    return Glance(
        id=path.stem,
        record=str(path),
        state="finished" if last["kind"] == "stop" else "unfinished",
        written=float(last["meta"]["time"] if last["kind"] == "stop" else mtime),
        started=float(about["time"]),
        algorithm=short(about["given"]["algorithm"]),
        problem=short(about["given"]["problem"]),
        device=place(about, spec),
        backend=short(about["given"].get("backend", spec["backend"])),
        shots=int(spec["shots"]),
        seed=int(spec["seed"]),
        quantity=str(about["quantity"]),
        value=_number(value),
        stderr=_number(stderr),
        unit=str(about["unit"]),
        exact=_number(exact),
        gap=_number(gap),
        verdict=word,
    )


def place(about: dict[str, Any], resolved: dict[str, Any]) -> str:
    """The device of a run as it was written, or its backend where that brings its own physics."""
    own = str(about.get("physics", "")).startswith(OWN_PHYSICS)
    key = "backend" if own else "device"
    return short(about["given"].get(key, resolved[key]))


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def short(member: str) -> str:
    """A member as it was written, folders left out: `maxcut:graph=/home/me/my.edges` -> `maxcut:graph=my.edges`."""
    return "".join(word.rpartition("/")[2] for word in re.split(r"([,:=])", member))


def values_of(answer: dict[str, Any]) -> tuple[list[float], list[float]]:
    """The losses of an answer and their standard errors: one per point, or the one that came with a gradient.

    A metric, overlaps, single measurements and checks come without one.
    """
    if answer["question"] in GEOMETRY:
        return [], []
    if answer["question"] == "gradient":
        return [answer["loss"]], [answer["loss_stderr"]]
    return answer["values"], answer["stderr"]


@final
class Run(NamedTuple):
    """One record, every checksum verified: bodies and metas of start, answers and stop (None while unfinished).

    There are `n_answers`, which took `spent` evaluations; `answers` are all, or of a record read in brief the last ones.
    `core_seconds` are those of all lines (of earlier versions, the time that the answers took), `jobs` the ids on a machine.
    """

    path: Path
    start: dict[str, Any]
    about: dict[str, Any]
    answers: list[dict[str, Any]]
    seconds: list[float]
    stop: dict[str, Any] | None
    ended: dict[str, Any]
    n_answers: int
    spent: int
    core_seconds: float = 0.0
    jobs: tuple[str, ...] = ()

    @property
    def resolved(self) -> dict[str, Any]:
        """The Spec with every default filled in."""
        return self.start["resolved"]

    @property
    def sign(self) -> int:
        """-1 where recorded losses are negated values."""
        return -1 if self.about["maximize"] else 1

    @property
    def result(self) -> Result | None:
        """The result of a finished run; None while unfinished."""
        return (
            None if self.stop is None else from_record(self.path, self.start, self.about, self.stop, self.ended, replayed=True)
        )

    @property
    def last_value(self) -> tuple[float, float] | None:
        """The result, or the newest recorded value, with its standard error, in the reported sign."""
        if self.stop is not None:
            return self.stop["solution"]["value"], self.stop["solution"]["stderr"]
        for answer in reversed(self.answers):
            losses, stderr = values_of(answer)
            if losses:
                return self.sign * losses[0], stderr[0]
        return None

    @property
    def x(self) -> list[float] | None:
        """Where the run ended, or where its optimiser would stop now."""
        return self.stop["solution"]["x"] if self.stop else self.answers[-1]["x"] if self.answers else None

    def evaluations(self) -> list[int]:
        """Evaluations in all after each answer; final measurements are not counted."""
        return list(accumulate(_evaluations(answer, self.about) for answer in self.answers))

    def to_json(self) -> dict[str, Any]:
        """The run as one JSON object: its result or its last value, and where and with which versions it was made."""
        value = self.last_value or (None, None)
        fields = {"id": self.start["id"], "value": value[0], "stderr": value[1], "x": self.x, "spec": self.resolved}
        fields |= {"unit": self.about["unit"], "quantity": self.about["quantity"], "record": str(self.path), "digest": None}
        fields = fields if self.result is None else self.result.to_json()
        made = {key: self.about.get(key) for key in (*AT_HOME, "versions", "given")}
        state = {"state": "finished" if self.stop else "unfinished", "answers": self.n_answers}
        return fields | state | {"started": iso(self.about["time"])} | made


def _evaluations(answer: dict[str, Any], about: dict[str, Any]) -> int:
    """Of one answer; none of a final measurement."""
    if answer["question"] == "gradient":
        return answer.get("evaluations", about["evaluations_per_gradient"])
    if answer["question"] in ("values", "overlaps", "measure"):
        return len(answer["values"])
    return int(answer["question"] == "metric")


def read(path: Path, *, brief: bool = False) -> Run:
    """The record in full; RecordError names file and line of any damage. Changes and locks nothing.

    In `brief` every line is checked, but of the answers only the last and the last with a loss are kept: the memory does not
    grow with the record.
    """
    start = about = stop = None
    ended: dict[str, Any] = {}
    answers: list[dict[str, Any]] = []
    seconds: list[float] = []
    n_answers = spent = microseconds = 0
    jobs: dict[str, None] = {}
    digest, stop_line = hashlib.sha256(), 0
    try:
        for number, kind, body, meta, _ in record.lines(path):
            microseconds += round(1e6 * meta.get("core_seconds", meta["seconds"] if kind == "answer" else 0.0))
            jobs |= {str(meta[key]): None for key in ("submitted", "job") if key in meta}
            if kind == "start":
                start, about = body, meta
            elif kind == "answer":
                n_answers, spent = n_answers + 1, spent + _evaluations(body, about or {})
                if brief:
                    answers, seconds = ([] if values_of(body)[0] else answers[:1]), seconds[:1]
                answers.append(body)
                seconds.append(meta["seconds"])
            elif kind == "stop":
                stop, ended, stop_line = body, meta, number
            if kind in ("start", "answer"):
                digest.update(digest_part(body))
    except OSError as error:
        raise RecordError(f"{path}: cannot be read ({error.strerror}).") from None
    except (KeyError, TypeError, AttributeError):
        raise RecordError(f"{path}: after answer {n_answers} a line lacks what a record has there.") from None
    if start is None or about is None:
        raise RecordError(f"{path}: holds no whole line yet.")
    if stop is not None:
        digest.update(dump(stop["solution"]).encode())
        if digest.hexdigest() != stop["digest"]:
            raise RecordError(f"{path}:{stop_line}: the digest is not that of this record; it was changed.")
    return Run(path, start, about, answers, seconds, stop, ended, n_answers, spent, microseconds / 1e6, tuple(jobs))


def rows(run: Run) -> Iterator[dict[str, Any]]:
    """One row per answer, values in the reported sign; every row has the same keys, None where there is no value.

    `nfev` counts the loop's evaluations up to and with this answer. An answer to several points has the first one's value
    in `value` and the others' in `value_1`, ...; gradients are in `gradient_0`, ...
    """
    most = max((len(_reported(run, answer)) for answer in run.answers), default=1)
    p = max((len(answer["x"]) for answer in run.answers), default=0)
    slopes = p if any(answer["question"] == "gradient" for answer in run.answers) else 0
    for answer, nfev, seconds in zip(run.answers, run.evaluations(), run.seconds, strict=True):
        pairs = _reported(run, answer)
        row: dict[str, Any] = {key: answer[key] for key in ("n", "question", "iteration")}
        first = pairs[0] if pairs else (None, None)
        row |= {"nfev": nfev, "points": len(pairs), "value": first[0], "stderr": first[1], "seconds": seconds}
        row |= {f"x_{i}": answer["x"][i] if i < len(answer["x"]) else None for i in range(p)}
        for i in range(1, most):
            row[f"value_{i}"], row[f"stderr_{i}"] = pairs[i] if i < len(pairs) else (None, None)
        slope, error = answer.get("gradient", []), answer.get("gradient_stderr", [])
        for i in range(slopes):
            row[f"gradient_{i}"] = run.sign * slope[i] if i < len(slope) else None
            row[f"gradient_stderr_{i}"] = error[i] if i < len(error) else None
        yield row


def _reported(run: Run, answer: dict[str, Any]) -> list[tuple[float, float]]:
    """Values with their standard errors: losses in the reported sign, single measurements as they are."""
    if answer["question"] in ("measure", "check"):
        single = answer["question"] == "measure" or run.answers[answer["answer"]]["question"] == "measure"
        sign = 1 if single else run.sign
        return [(sign * value, stderr) for value, stderr in zip(answer["values"], answer["stderr"], strict=True)]
    return [(run.sign * loss, stderr) for loss, stderr in zip(*values_of(answer), strict=True)]
