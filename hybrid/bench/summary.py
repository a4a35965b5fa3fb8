"""The rows of a cell together: its status, its times, its rank."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from statistics import median
from typing import Any, final

import numpy as np

from hybrid.bench import statistics
from hybrid.bench.environment import same_machine
from hybrid.bench.looks import Seen, announced, seen
from hybrid.bench.rows import NULL_SUITE, Row
from hybrid.bench.run import CLOSING
from hybrid.bench.scores import TASK

NULL_SEED = 20
Key = tuple[Any, ...]


@final
@dataclass(frozen=True)
class Figure:
    """All processes of one cell in one environment. A row that ended early counts until the cell is measured again.

    `partner` is another method that gave the same answers where there was no reference, or empty.
    """

    rows: tuple[Row, ...]
    partner: str = ""

    @property
    def cell(self) -> dict[str, Any]:
        """As in the rows."""
        return self.rows[0]["cell"]

    @property
    def environment(self) -> dict[str, Any]:
        """As in the rows."""
        return self.rows[0]["environment"]

    @cached_property
    def counted(self) -> tuple[Row, ...]:
        """The rows without those that ended early before a later attempt."""
        last = len(self.rows) - 1
        return tuple(row for i, row in enumerate(self.rows) if row["status"] not in CLOSING or i == last)

    @property
    def status(self) -> str:
        """`wrong` where any process was wrong, else how the last one ended."""
        return "wrong" if any(row["status"] == "wrong" for row in self.counted) else self.counted[-1]["status"]

    @property
    def verified(self) -> bool:
        """Whether every answer was judged right, or another method agrees (L3): such a cell ranks, and no other."""
        judged = all(row["verification"]["right"] is True for row in self.counted if row["status"] == "ok")
        return self.status == "ok" and (judged or bool(self.partner))

    @property
    def state(self) -> str:
        """The status, and `unverified` where there was no reference to compare with."""
        return "unverified" if self.status == "ok" and not self.verified else self.status

    @property
    def note(self) -> str:
        """Why it does not rank."""
        notes = [row["note"] for row in self.counted if row["status"] == self.status and row["note"]]
        return notes[-1] if notes else ""

    @property
    def without_checksum(self) -> int:
        """Rows of earlier versions, or written by others: nothing shows whether they were changed."""
        return sum("sum" not in row for row in self.counted)

    @cached_property
    def seconds(self) -> list[float]:
        """One time per process: the least seconds per call of its timed loops."""
        return [min(row["phases"]["repeats_s"]) for row in self.counted if row["phases"].get("repeats_s")]

    @property
    def typical_s(self) -> float | None:
        """The median over processes."""
        return median(self.seconds) if self.seconds else None

    @property
    def first_s(self) -> float | None:
        """The median first call."""
        return self._median("phases", "first_s")

    @property
    def memory_bytes(self) -> int | None:
        """Peak minus baseline, the largest of all processes."""
        both = [row["memory"] for row in self.counted if "peak_bytes" in row["memory"]]
        return max((m["peak_bytes"] - m["baseline_bytes"] for m in both), default=None)

    @property
    def cores_used(self) -> float | None:
        """Processor seconds per second while it was timed."""
        return self._median("phases", "cores_used")

    @property
    def copy_rate(self) -> float | None:
        """Bytes per second that a plain copy reads and writes here."""
        return self._median("memory", "copy_bytes_per_s")

    @property
    def traffic(self) -> float | None:
        """Bytes per second of a state vector that is read and written once a gate; None where no such state was held."""
        width = 8 if self.counted[-1]["precision"]["observed"] == "single" else 16
        if self.typical_s is None or (self.memory_bytes or 0) < width / 2 * 2.0 ** self.cell["n_qubits"]:
            return None
        return 2 * width * 2.0 ** self.cell["n_qubits"] * self.cell["n_steps"] * self.cell["n_points"] / self.typical_s

    @property
    def sessions(self) -> frozenset[str]:
        """In which calls of `run` it was measured."""
        return frozenset(row["session"] for row in self.counted)

    @property
    def question(self) -> Key:
        """What was asked, the same for every backend."""
        return tuple(self.cell[key] for key in ("workload", "version", "circuit", "task"))

    def _median(self, part: str, key: str) -> float | None:
        values = [row[part][key] for row in self.counted if key in row[part]]
        return median(values) if values else None

    def to_json(self) -> dict[str, Any]:
        """The figure as one JSON object."""
        return {
            **{key: self.rows[0][key] for key in ("cell_id", "env_id", "cell", "environment")},
            "status": self.status,
            "verified": self.verified,
            "agrees_with": self.partner or None,
            "note": self.note,
            "processes": len(self.seconds),
            "without_checksum": self.without_checksum,
            "seconds_per_call": self.seconds,
            "points_per_second": self.rate,
            "first_s": self.first_s,
            "memory_bytes": self.memory_bytes,
            "cores_used": self.cores_used,
            "sessions": sorted(self.sessions),
        }

    @property
    def rate(self) -> float | None:
        """Points (energies, gradients) per second."""
        return None if self.typical_s is None else self.cell["n_points"] / self.typical_s


def figures(rows: Iterable[Row]) -> list[Figure]:
    """One per cell and environment, in the order of the rows; rows of an A/A suite, and scores of devices, are left out."""
    return _with_partners(_grouped(rows, null=False))


def noise(rows: Iterable[Row]) -> list[Figure]:
    """The same for the rows of an A/A suite only."""
    return _grouped(rows, null=True)


def _grouped(rows: Iterable[Row], *, null: bool) -> list[Figure]:
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if row["cell"]["task"] != TASK and row["suite"].startswith(NULL_SUITE) == null:
            groups.setdefault((row["cell_id"], row["env_id"]), []).append(row)
    return [Figure(tuple(group)) for group in groups.values()]


def _with_partners(results: list[Figure]) -> list[Figure]:
    """Figures without a reference get the first other method that agrees with all their answers as partner."""
    unverified = [figure for figure in results if figure.status == "ok" and not figure.verified]
    return [
        figure
        if figure not in unverified
        else Figure(figure.rows, next((o.cell["backend"] for o in unverified if _agree(figure, o)), ""))
        for figure in results
    ]


def _agree(one: Figure, other: Figure) -> bool:
    """Whether all answers of two methods to the same question agree within the sum of their tolerances."""
    if one.question != other.question or _method(one) == _method(other):
        return False
    answers = [np.array(row["answer"]) for figure in (one, other) for row in figure.counted if row["answer"] is not None]
    if len(answers) < len(one.counted) + len(other.counted) or len({answer.shape for answer in answers}) != 1:
        return False
    tolerance = sum(figure.counted[0]["verification"]["tolerance"] for figure in (one, other))
    return bool(np.ptp(answers, axis=0).max() <= tolerance)


def _method(figure: Figure) -> tuple[str, str]:
    """The simulator and its method: precision, threads and call path do not count."""
    text: str = figure.cell["backend"]
    name, _, options = text.rpartition(":") if "=" in text else (text, "", "")
    methods = [item.removeprefix("method=") for item in options.split(",") if item.startswith("method=")]
    return name, methods[0] if methods else ""


def questions(results: Iterable[Figure]) -> list[list[Figure]]:
    """Figures that answer the same question on the same machine, fastest first, those that do not rank last."""
    groups: dict[Key, list[Figure]] = {}
    for figure in results:
        machine = figure.environment["host"], figure.environment["cpu"]
        groups.setdefault((figure.question, machine), []).append(figure)
    return [sorted(group, key=lambda figure: (not figure.verified, figure.typical_s or np.inf)) for group in groups.values()]


def were_announced(results: Iterable[Figure]) -> bool:
    """Whether some of them were measured until they were decided: then all comparisons keep to the announced looks."""
    return announced(row for figure in results for row in figure.counted)


def compared(pairs: Sequence[Seen], floor: float = 0.0) -> list[statistics.Comparison]:
    """Verdicts on pairs, each at its look."""
    return statistics.compare([(pair.base, pair.new) for pair in pairs], floor, [pair.part for pair in pairs])


def ranks(groups: Sequence[Sequence[Figure]], floor: float) -> list[list[int | None]]:
    """Per figure 1 + the number of significantly faster ones, Holm over all pairs; None: unverified, alone, or too few."""
    looks = were_announced(figure for group in groups for figure in group)
    pairs = [(i, a, b) for i, group in enumerate(groups) for a, b in combinations(range(len(group)), 2)]
    pairs = [(i, a, b) for i, a, b in pairs if groups[i][a].verified and groups[i][b].verified]
    judged = compared([seen(groups[i][a].seconds, groups[i][b].seconds, looks) for i, a, b in pairs], floor)
    rivals = {i for i, _, _ in pairs}
    places: list[list[int | None]] = [
        [1 if f.verified and i in rivals else None for f in group] for i, group in enumerate(groups)
    ]
    for (i, a, b), verdict in zip(pairs, judged, strict=True):
        if verdict.word == "too few":
            places[i] = [None] * len(groups[i])
        elif verdict.word != "same":
            loser = b if verdict.word == "slower" else a
            place = places[i][loser]
            places[i][loser] = None if place is None else place + 1
    return places


def measured_floor(rows: Iterable[Row], like: dict[str, Any]) -> float | None:
    """The A/A floor from `null` rows of the same machine, as a fraction; None without such rows."""
    times: dict[tuple[str, str, str], list[float]] = {}
    for row in rows:
        if row["suite"].startswith(NULL_SUITE) and row["status"] == "ok" and same_machine(row["environment"], like):
            key = row["cell_id"], row["env_id"], row["session"]
            times.setdefault(key, []).append(min(row["phases"]["repeats_s"]))
    identical = [seconds for seconds in times.values() if len(seconds) >= 4]
    return statistics.aa_floor(identical, np.random.default_rng(NULL_SEED)) if identical else None
