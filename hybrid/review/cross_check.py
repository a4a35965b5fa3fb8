"""A record measured again by another backend or device, compared answer by answer by standard errors."""

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, final

from scipy.special import gammaincc

from hybrid import catalog
from hybrid.review.difference import two_sided
from hybrid.review.replay_session import ReplaySession, Watch, numbers, scale
from hybrid.runs import results_folder as runs
from hybrid.runs.answer_log import AuditedAnswer
from hybrid.runs.reopen import as_given, at_home
from hybrid.runs.spec import Spec

EXACT = 1e-9
"""Relative to an answer's largest number: two exact simulators agree within this."""
SIGNIFICANT = 1e-3
"""Below this p-value a record and another backend do not measure the same thing."""


@final
@dataclass(frozen=True)
class ReplayVerdict:
    """One answer compared with another backend's: z and p of every number, and p of all of them together.

    Where both are exact there is no z: `p` is None, and `agrees` says whether they are equal to nine digits.
    """

    n: int
    question: str
    iteration: int
    quantities: list[str]
    recorded: list[float]
    recorded_stderr: list[float]
    measured: list[float]
    measured_stderr: list[float]
    z: list[float | None]
    p_each: list[float | None]
    p: float | None
    agrees: bool


@final
@dataclass(frozen=True)
class CrossCheck:
    """A record measured again by another backend, with independent random draws.

    `p` is that of chi squared over all numbers; `worst_p` that of the least likely answer times the number of answers
    (Holm's first step); `unequal` counts exact answers that differ in the first nine digits.
    """

    id: str
    recorded_backend: str
    recorded_device: str
    recorded_shots: int
    backend: str
    device: str
    shots: int
    simulator: str
    finished: bool
    chi_squared: float
    degrees: int
    p: float | None
    worst: int | None
    worst_p: float | None
    unequal: int
    answers: list[ReplayVerdict]

    @property
    def agrees(self) -> bool:
        """Whether both may measure the same: no p-value is below SIGNIFICANT and all exact answers are equal."""
        likely = all(p is None or p >= SIGNIFICANT for p in (self.p, self.worst_p))
        return likely and not self.unequal

    def to_json(self) -> dict[str, Any]:
        """As one JSON object."""
        return asdict(self) | {"agrees": self.agrees}


def cross_check(
    path: Path,
    *,
    backend: str | None = None,
    device: str | None = None,
    shots: int | None = None,
    threads: int | None = None,
    seed: int = 0,
    watch: Watch = lambda progress: None,
) -> CrossCheck:
    """Measure a record again on another backend, on another device or with other shots, with independent random draws.

    `seed` chooses among independent repetitions. What is not given is as recorded. Errors as `hybrid.review.replay.repeat`.
    """
    run = runs.read(path)
    asked = {"device": None if device is None else at_home(device), "shots": shots, "threads": threads}
    asked["backend"] = None if backend is None else at_home(catalog.parse("backends", backend) and backend)
    verdicts: list[ReplayVerdict] = []
    with as_given(run) as given:
        recorded = Spec(**given)
        budgets = dict.fromkeys(("max_evals", "max_iterations", "max_qpu"))
        asked = {key: value for key, value in asked.items() if value is not None}
        fields: dict[str, Any] = given | budgets | asked
        if bool(fields.get("shots", 0)) != bool(recorded.shots):  # defaults for shots do not hold without, and the reverse
            fields |= {"realizations": None, "gradient": "auto"}
        spec = Spec(**fields)

        def report(finding: AuditedAnswer) -> None:
            if finding.recorded["question"] != "calibrate":  # another device has another one; values are compared
                verdicts.append(judge(finding, run.sign))

        session = ReplaySession(run, spec, report, watch, seed=seed)
        session.play()
    squares = [z**2 for verdict in verdicts for z in verdict.z if z is not None]
    likely = [(verdict.p, -max(abs(z or 0.0) for z in verdict.z), verdict.n) for verdict in verdicts if verdict.p is not None]
    worst_p, _, worst = min(likely, default=(None, None, None))
    return CrossCheck(
        id=run.start["id"],
        recorded_backend=recorded.backend,
        recorded_device=recorded.device,
        recorded_shots=recorded.shots,
        backend=backend or recorded.backend,
        device=device or recorded.device,
        shots=spec.shots,
        simulator=session.simulator,
        finished=run.stop is not None,
        chi_squared=sum(squares),
        degrees=len(squares),
        p=_chi_squared_p(squares),
        worst=worst,
        worst_p=None if worst_p is None else min(1.0, worst_p * len(likely)),
        unequal=sum(not verdict.agrees for verdict in verdicts),
        answers=verdicts,
    )


def judge(finding: AuditedAnswer, sign: int) -> ReplayVerdict:
    """One answer compared with another: z = (recorded - measured) / sqrt(both variances), p two-sided, together chi squared.

    The numbers of one answer are taken as independent: each point of a gradient has its own shots.
    """
    (names, recorded, recorded_stderr), (_, measured, measured_stderr) = map(numbers, finding[1:])
    sign = 1 if finding.recorded["question"] in runs.GEOMETRY else sign
    largest = scale(finding.recorded, finding.measured)
    z: list[float | None] = []
    agrees = True
    for a, b, sa, sb in zip(recorded, measured, recorded_stderr, measured_stderr, strict=True):
        stderr = math.hypot(sa, sb)
        z.append(sign * (a - b) / stderr if stderr > 0 else None)
        agrees = agrees and (stderr > 0 or abs(a - b) <= EXACT * largest)
    return ReplayVerdict(
        n=finding.n,
        question=finding.recorded["question"],
        iteration=finding.recorded["iteration"],
        quantities=names,
        recorded=[sign * value for value in recorded],
        recorded_stderr=recorded_stderr,
        measured=[sign * value for value in measured],
        measured_stderr=measured_stderr,
        z=z,
        p_each=[None if value is None else two_sided(value) for value in z],
        p=_chi_squared_p([value**2 for value in z if value is not None]),
        agrees=agrees,
    )


def _chi_squared_p(squares: list[float]) -> float | None:
    """The chance that chi squared of so many degrees is larger than the sum."""
    return float(gammaincc(len(squares) / 2, sum(squares) / 2)) if squares else None
