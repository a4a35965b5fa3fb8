"""The answer of a survey: every backend with its verdict and its times, the whole run, and other widths."""

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any, NamedTuple, final

from hybrid.bench.job import Verdict
from hybrid.bench.looks import LOOKS, Seen, seen
from hybrid.bench.mine.questions import ENERGY, OwnRun
from hybrid.bench.statistics import Comparison, hodges_lehmann, smallest_p
from hybrid.bench.summary import Figure, compared, were_announced

MOST_WIDTH = 40
"""Wider runs are not looked at."""
CALLS_BEFORE_TIME = 2
"""A process that is killed in its loops may have been in its second call."""


class Rated(NamedTuple):
    """A backend with a number of threads. `energy` and `step` are its figures on the run's first and repeated question.

    `verdict` is None where nothing judged it. `why` says why it has no time. `given` is the backend as it was written, with the
    path of an outside one.
    """

    text: str
    threads: int
    verdict: Verdict | None
    energy: Figure | None
    step: Figure | None
    why: str
    given: str = ""

    @property
    def right(self) -> bool:
        """Whether it was judged right and has a time."""
        return self.energy is not None and self.energy.verified and bool(self.energy.seconds)

    @property
    def state(self) -> str:
        """In one word; `wrong` also where only its evidence is."""
        if self.verdict is not None and not self.verdict.right:
            return "wrong"
        return "unsupported" if self.energy is None else self.energy.state


class Width(NamedTuple):
    """One backend at one width: seconds of an energy, measured in one process or `extrapolated`, and why not measured."""

    n: int
    seconds: float | None
    extrapolated: bool
    note: str = ""


class Growth(NamedTuple):
    """A backend over widths, and the last width that this machine's memory holds, extrapolated from the backend's own formula
    (None: beyond MOST_WIDTH)."""

    text: str
    widths: tuple[Width, ...]
    stops_at: int | None


@final
@dataclass(frozen=True)
class Survey:
    """`rated` has the right ones by time, then the rest; `growth` is empty where there is one width, `no_growth` says why."""

    asked: OwnRun
    rated: tuple[Rated, ...]
    judges: tuple[str, ...]
    growth: tuple[Growth, ...]
    no_growth: str
    processes: int
    environment: dict[str, Any]

    @property
    def best(self) -> Rated | None:
        """The fastest of those that are right."""
        return self.rated[0] if self.rated and self.rated[0].right else None

    @property
    def against_best(self) -> dict[tuple[str, int], Comparison]:
        """Right backends that were measured in all processes against the best, each with its best number of threads; by text
        and threads. Holm over all pairs of them: the best was chosen by the same times."""
        full = {one.text: one for one in reversed(self.rated) if one.right and self._processes(one) >= self.processes}
        rivals = [one for one in self.rated if full.get(one.text) is one]
        pairs = list(combinations(rivals, 2))
        verdicts = compared([self._seen(one, other) for one, other in pairs])
        return {
            (other.text, other.threads): verdict
            for (one, other), verdict in zip(pairs, verdicts, strict=True)
            if one is self.best
        }

    @cached_property
    def looks(self) -> bool:
        """Whether it was measured until it was decided (`hybrid.bench.looks`)."""
        return were_announced(one.energy for one in self.rated if one.energy is not None)

    def _seen(self, one: Rated, other: Rated) -> Seen:
        assert one.energy is not None and other.energy is not None
        return seen(one.energy.seconds, other.energy.seconds, self.looks)

    def _processes(self, one: Rated) -> int:
        return 0 if one.energy is None else len(one.energy.seconds)

    @property
    def decides(self) -> bool:
        """Whether so many processes can tell two backends apart."""
        return smallest_p(self.processes, self.processes) < 0.01

    def ratio(self, other: Rated) -> tuple[float, float, float] | None:
        """How many times as long as the best another takes for an energy, with its 95 % interval."""
        best = self.best
        if best is None or best.energy is None or other.energy is None or not other.energy.seconds:
            return None
        both = self._seen(best, other)
        return hodges_lehmann(both.base, both.new)

    def at_least(self, other: Rated) -> float | None:
        """The least ratio that the times allow: the shortest of the other over the longest of the best; of a process that was
        killed, half the time it was given."""
        best = self.best
        if best is None or best.energy is None or other.energy is None:
            return None
        if other.energy.seconds:
            return min(other.energy.seconds) / max(best.energy.seconds)
        row = other.energy.rows[-1]
        if other.energy.status != "timeout" or "compile_s" not in row["phases"]:
            return None
        spent = sum(row["phases"].get(key, 0.0) for key in ("import_s", "translate_s", "compile_s"))
        return (row["limits"]["time_s"] - spent) / CALLS_BEFORE_TIME / max(best.energy.seconds)

    def whole_s(self, one: Rated) -> float | None:
        """Seconds of the whole run: compiled once, the loop's question as often as the budget allows, and one last value.

        Where the loop's question was not timed, its points are taken to cost as much as an energy each.
        """
        if one.energy is None or one.energy.typical_s is None:
            return None
        step = self.asked.step_question
        if one.step is not None and one.step.typical_s is not None:
            step_s = one.step.typical_s
        elif step.task == "gradient":
            return None
        else:
            step_s = one.energy.typical_s * len(step.points)
        compile_s = [row["phases"].get("compile_s", 0.0) for row in one.energy.rows]
        return min(compile_s) + self.asked.calls() * step_s + one.energy.typical_s

    def to_json(self) -> dict[str, Any]:
        """The answer as one JSON object."""
        against_best = self.against_best
        return {
            "run": self.asked.spec.given(),
            "n_qubits": self.asked.n_qubits,
            "questions": [{"name": q.name, "points": len(q.points)} for q in self.asked.questions],
            "calls": self.asked.calls(),
            "best": None if self.best is None else {"backend": self.best.text, "threads": self.best.threads},
            "decides": self.decides,
            "looks": list(LOOKS) if self.looks else None,
            "judges": list(self.judges),
            "backends": [self._plain(one, against_best.get((one.text, one.threads))) for one in self.rated],
            "growth": [grown._asdict() | {"widths": [w._asdict() for w in grown.widths]} for grown in self.growth],
            "no_growth": self.no_growth or None,
            "environment": self.environment,
        }

    def _plain(self, one: Rated, verdict: Comparison | None) -> dict[str, Any]:
        ratio = self.ratio(one)
        judged = None if one.verdict is None else {**one.verdict._asdict(), "right": bool(one.verdict.right)}
        if judged is not None and judged["metric"] == float("inf"):
            judged["metric"] = None
        figure = one.energy if one.step is None or one.step is one.energy else one.step
        return {
            "backend": one.text,
            "threads": one.threads,
            "state": one.state,
            "why": one.why or None,
            "judged": judged,
            "energy_s": one.energy.seconds if one.energy else [],
            "step_s": figure.seconds if figure and self.asked.step_question.name != ENERGY else [],
            "ratio": None if ratio is None else {"ratio": ratio[0], "low": ratio[1], "high": _finite(ratio[2])},
            "verdict": None if verdict is None else verdict.word,
            "at_least": self.at_least(one),
            "whole_s": self.whole_s(one),
            "memory_bytes": one.energy.memory_bytes if one.energy else None,
        }


def _finite(value: float) -> float | None:
    return None if value == float("inf") else value
