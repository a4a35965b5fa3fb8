"""A record measured again in the same way: is it the same in every bit?"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple, final

import numpy as np

from hybrid.base.json_lines import dump
from hybrid.review.difference import Change
from hybrid.review.replay_session import ReplaySession, Watch, scale
from hybrid.runs import results_folder as runs
from hybrid.runs.answer_log import AuditedAnswer, Body, same_but_rounding
from hybrid.runs.reopen import as_given
from hybrid.runs.results_folder import Run
from hybrid.runs.spec import Spec

LAST_DIGITS = 1e-12
"""Relative to an answer's largest number: smaller differences come from the order of sums."""
QUESTION = (
    *("n", "question", "iteration", "x", "points", "stage", "evaluations"),
    *("answer", "simulator", "rows", "of", "circuits"),
)
"""Keys of an answer that are not measured."""


class Part(NamedTuple):
    """A number of an answer, or of the solution, that differs: `quantity` such as `values[0]`, in the reported sign."""

    n: int
    question: str
    quantity: str
    recorded: Any
    measured: Any


@final
@dataclass(frozen=True)
class Repetition:
    """A record measured again in the same way.

    `verdict` is identical (in every bit), last digits, compiled otherwise (by another version of the compiler, so that other
    values are no fault), or different.
    """

    id: str
    verdict: str
    answers: int
    differing: int
    finished: bool
    digest: str | None
    first: Part | None
    largest: float
    threads: tuple[int, int]
    today: list[Change]

    def to_json(self) -> dict[str, Any]:
        """As one JSON object."""
        first = None if self.first is None else self.first._asdict()
        today = [change._asdict() for change in self.today]
        return asdict(self) | {"first": first, "today": today}


def repeat(path: Path, *, threads: int | None = None, watch: Watch = lambda progress: None) -> Repetition:
    """Measure every answer of a record again as it was measured, with the same number of `threads` or another.

    RecordError: a damaged record, changed input files, or today's code asks other questions. UsageError: threads.
    """
    run = runs.read(path)
    findings: list[AuditedAnswer] = []
    with as_given(run) as given:
        fields: dict[str, Any] = given if threads is None else given | {"threads": threads}
        spec = Spec(**fields)
        session = ReplaySession(run, spec, findings.append, watch)
        solution = session.play()
    differing = [finding for finding in findings if dump(finding.recorded) != dump(finding.measured)]
    parts = [part for finding in differing for part in _parts(run, finding)]
    scales = {finding.n: scale(finding.recorded, finding.measured) for finding in differing}
    gaps = [abs(part.recorded - part.measured) / scales[part.n] for part in parts]
    largest = max(gaps, default=0.0)
    ending = [] if solution is None else _ending_parts(run, session.solution_body(solution), rounded=session.elsewhere)
    verdict = "different" if largest > LAST_DIGITS or ending else "last digits" if differing else "identical"
    today = session.today()
    if verdict == "different" and not ending and any(change.what == "compiler" for change in today):
        verdict = "compiled otherwise"
    wide = [part for part, gap in zip(parts, gaps, strict=True) if gap > LAST_DIGITS]
    first = next(iter(wide or ending or parts), None)
    return Repetition(
        id=run.start["id"],
        verdict=verdict,
        answers=len(findings),
        differing=len(differing),
        finished=run.stop is not None,
        digest=run.stop["digest"] if run.stop else None,
        first=first,
        largest=largest,
        threads=(run.resolved["threads"], spec.threads),
        today=today,
    )


def _parts(run: Run, finding: AuditedAnswer) -> list[Part]:
    """Every number that differs between the two, standard errors included."""
    parts = []
    for key in finding.recorded.keys() - set(QUESTION):
        both = [np.atleast_1d(body[key]).tolist() for body in finding[1:]]
        sign = 1 if "stderr" in key or finding.recorded["question"] in runs.GEOMETRY else run.sign
        for i, (a, b) in enumerate(zip(*both, strict=True)):
            if repr(a) != repr(b):
                name = f"{key}[{i}]" if isinstance(finding.recorded[key], list) else key
                parts.append(Part(finding.n, finding.recorded["question"], name, sign * a, sign * b))
    return sorted(parts, key=lambda part: ("stderr" in part.quantity, part.quantity))


def _ending_parts(run: Run, today: Body, *, rounded: bool) -> list[Part]:
    """Entries of the recorded solution that do not follow from the recorded answers; `rounded`: but for its point's last
    digits, which the optimiser computed on another processor."""
    if run.stop is None:
        return []
    before, n = run.stop["solution"], len(run.answers)
    if rounded and same_but_rounding(before, {"x": today["x"]}):
        today = today | {"x": before["x"]}
    return [Part(n, "solution", key, before.get(key), today[key]) for key in today if dump(before.get(key)) != dump(today[key])]
