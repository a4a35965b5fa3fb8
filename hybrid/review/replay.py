"""Records measured again: by what made them, bit for bit; or by another backend, judged by standard errors."""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple, final

import numpy as np
from scipy.special import gammaincc

from hybrid import catalog
from hybrid.base.errors import RecordError
from hybrid.base.machine import versions
from hybrid.base.randomness import RunStream, child
from hybrid.base.types import Question, Solution
from hybrid.review.difference import Change, two_sided
from hybrid.runs import results_folder as runs
from hybrid.runs.answer_log import AuditedAnswer, Body, RecordEnded, ReplayLog
from hybrid.runs.live_session import LiveSession, RunProgress
from hybrid.runs.loop import Cost
from hybrid.runs.record import dump
from hybrid.runs.reopen import as_given, at_home
from hybrid.runs.results_folder import Run
from hybrid.runs.setup import prepare
from hybrid.runs.spec import Spec

LAST_DIGITS = 1e-12
"""Relative to an answer's largest number: differences below come from the order of sums."""
EXACT = 1e-9
"""Relative to an answer's largest number: two exact simulators agree within this."""
SIGNIFICANT = 1e-3
"""Below this p-value a record and another backend do not measure the same thing."""
QUESTION = ("n", "question", "iteration", "x", "points", "stage", "evaluations")
Watch = Callable[[RunProgress], None]


class Part(NamedTuple):
    """Where an answer, or behind them the solution, differs: `quantity` such as `values[0]`, in the reported sign."""

    n: int
    question: str
    quantity: str
    recorded: Any
    measured: Any


@final
@dataclass(frozen=True)
class Repetition:
    """A record asked again of what made it. `verdict` is identical (in every bit), last digits, or different."""

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
        first, today = self.first and self.first._asdict(), [change._asdict() for change in self.today]
        return asdict(self) | {"first": first, "today": today}


@final
@dataclass(frozen=True)
class ReplayVerdict:
    """One answer beside another backend's: z and p of every number, and p of all of them together.

    Where both sides are exact there is no z: `p` is None and `agrees` says whether they are equal to nine digits.
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
    """A record asked again of another backend with randomness of its own.

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
        """Whether nothing speaks against both measuring the same."""
        likely = all(p is None or p >= SIGNIFICANT for p in (self.p, self.worst_p))
        return likely and not self.unequal

    def to_json(self) -> dict[str, Any]:
        """As one JSON object."""
        return asdict(self) | {"agrees": self.agrees}


def repeat(path: Path, *, threads: int | None = None, watch: Watch = lambda progress: None) -> Repetition:
    """Measure every answer of a record again as it was measured, with as many `threads` as then or others.

    RecordError: the record is damaged, its input files changed, or today's code asks other questions. UsageError: threads.
    """
    run = runs.read(path)
    findings: list[AuditedAnswer] = []
    with as_given(run) as given:
        fields: dict[str, Any] = given if threads is None else given | {"threads": threads}
        spec = Spec(**fields)
        session = _Session(run, spec, findings.append, watch)
        solution = session.play()
    differing = [finding for finding in findings if dump(finding.recorded) != dump(finding.measured)]
    parts = [(finding, _parts(run, finding)) for finding in differing]
    scales = {finding.n: _scale(finding.recorded, finding.measured) for finding in differing}
    gaps = [abs(part.recorded - part.measured) / scales[part.n] for _, found in parts for part in found]
    largest = max(gaps, default=0.0)
    ending = [] if solution is None else _ending_parts(run, session.told(solution))
    verdict = "different" if largest > LAST_DIGITS or ending else "last digits" if differing else "identical"
    wide = [part for _, found in parts for part in found if abs(part.recorded - part.measured) > LAST_DIGITS * scales[part.n]]
    first = next(iter(wide or ending or [part for _, found in parts for part in found]), None)
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
        today=session.today(),
    )


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
    """Ask another backend, device or number of shots the questions of a record, with draws independent of the record's.

    `seed` chooses among independent repetitions. What is left out is as recorded. Errors as `repeat`.
    """
    run = runs.read(path)
    asked = {"device": None if device is None else at_home(device), "shots": shots, "threads": threads}
    asked["backend"] = None if backend is None else at_home(catalog.parse("backends", backend) and backend)
    verdicts: list[ReplayVerdict] = []
    with as_given(run) as given:
        recorded = Spec(**given)
        defaults = {} if "optimizer" in given else {"optimizer": run.resolved["optimizer"]}  # which depends on the shots
        budgets = dict.fromkeys(("max_evals", "max_iterations", "max_qpu"))
        asked = {key: value for key, value in asked.items() if value is not None}
        fields: dict[str, Any] = given | defaults | budgets | asked
        if bool(fields.get("shots", 0)) != bool(recorded.shots):  # what was chosen for the one does not go with the other
            fields |= {"realizations": None, "gradient": "auto"}
        spec = Spec(**fields)
        session = _Session(run, spec, lambda finding: verdicts.append(judge(finding, run.sign)), watch, seed=seed)
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
    """One answer beside another's: z = (recorded - measured) / sqrt(both variances), p two-sided, together chi squared.

    The numbers of one answer are taken as independent: each point of a gradient has its own shots.
    """
    (names, recorded, recorded_stderr), (_, measured, measured_stderr) = map(_numbers, finding[1:])
    sign = 1 if finding.recorded["question"] in runs.GEOMETRY else sign
    scale = _scale(finding.recorded, finding.measured)
    z: list[float | None] = []
    agrees = True
    for a, b, sa, sb in zip(recorded, measured, recorded_stderr, measured_stderr, strict=True):
        stderr = math.hypot(sa, sb)
        z.append(sign * (a - b) / stderr if stderr > 0 else None)
        agrees = agrees and (stderr > 0 or abs(a - b) <= EXACT * scale)
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


def _numbers(body: Body) -> tuple[list[str], list[float], list[float]]:
    """Names, numbers (losses, a gradient behind its loss, overlaps, a metric) and standard errors of an answer."""
    if body["question"] == "metric":
        return [f"metric[{i}]" for i in range(len(body["metric"]))], body["metric"], [0.0] * len(body["metric"])
    if body["question"] != "gradient":
        return [f"values[{i}]" for i in range(len(body["values"]))], body["values"], body["stderr"]
    names = ["loss", *(f"gradient[{i}]" for i in range(len(body["gradient"])))]
    return names, [body["loss"], *body["gradient"]], [body["loss_stderr"], *body["gradient_stderr"]]


def _parts(run: Run, finding: AuditedAnswer) -> list[Part]:
    """Every number that is not the same in both, standard errors too."""
    found = []
    for key in finding.recorded.keys() - set(QUESTION):
        both = [np.atleast_1d(body[key]).tolist() for body in finding[1:]]
        sign = 1 if "stderr" in key or finding.recorded["question"] in runs.GEOMETRY else run.sign
        for i, (a, b) in enumerate(zip(*both, strict=True)):
            if repr(a) != repr(b):
                name = f"{key}[{i}]" if isinstance(finding.recorded[key], list) else key
                found.append(Part(finding.n, finding.recorded["question"], name, sign * a, sign * b))
    return sorted(found, key=lambda part: ("stderr" in part.quantity, part.quantity))


def _ending_parts(run: Run, today: Body) -> list[Part]:
    """What of the recorded solution does not follow from the recorded answers."""
    if run.stop is None:
        return []
    before, n = run.stop["solution"], len(run.answers)
    return [Part(n, "solution", key, before.get(key), today[key]) for key in today if dump(before.get(key)) != dump(today[key])]


def _scale(*bodies: Body) -> float:
    """The largest number that was measured, in absolute value."""
    return max(abs(value) for body in bodies for value in _numbers(body)[1]) or 1.0


@final
class _AsRecorded:
    """Ends the loop where the record does: another device may count evaluations and machine time otherwise."""

    def __init__(self, log: ReplayLog) -> None:
        self._log = log

    def refuses(self, question: Question, spent: Cost, cost: Cost) -> str | None:
        """See `hybrid.runs.loop.Limits`."""
        return "as recorded" if self._log.at_the_final_one else None


@final
class _Session:
    """A run played along its record."""

    def __init__(
        self, run: Run, spec: Spec, report: Callable[[AuditedAnswer], None], watch: Watch, *, seed: int | None = None
    ) -> None:
        """`seed` None: with the randomness of the record; else with other draws, and as long as the record goes."""
        self._run = run
        self._prepared = prepare(spec)
        self._log = log = ReplayLog(run.path, report)
        others: dict[str, Any] = {}
        if seed is not None:
            others = {"limits": _AsRecorded(log), "randomness": child(spec.seed, RunStream.AUDIT, seed)}

        def tell(progress: RunProgress) -> None:
            watch(progress._replace(replayed=False, fraction=log.n_answers / len(run.answers)))

        self._session = LiveSession(self._prepared, log, tell, **others)

    def play(self) -> Solution | None:
        """Ask every question of the record again; None where it ends before the run did."""
        try:
            return self._prepared.algorithm(self._session, self._prepared.problem)
        except RecordEnded:
            if self._run.stop is not None:
                raise
            return None
        except RecordError as error:
            changes = ", ".join(f"{change.what} {change.a} then, {change.b} now" for change in self.today())
            raise RecordError(f"{str(error).rstrip('.')}. What is not as it was: {changes or 'nothing known'}.") from None

    def told(self, solution: Solution) -> Body:
        """The solution as a record has it."""
        return self._session.told(solution)

    @property
    def simulator(self) -> str:
        """Who answered."""
        return self._session.simulator

    def today(self) -> list[Change]:
        """What is not as it was when the record was made: versions, defaults, the numbers of the device."""
        then, now = self._run.about.get("versions", {}), versions()
        found = [Change(key, then.get(key), now.get(key)) for key in {**then, **now} if then.get(key) != now.get(key)]
        resolved, sha256 = (
            self._log.start.get("resolved", {}),
            (self._run.start["device_sha256"], self._prepared.device.sha256),
        )
        found += [
            Change(key, before, resolved[key])
            for key, before in self._run.resolved.items()
            if key in resolved and key != "threads" and before != resolved[key]
        ]
        return found + ([Change("device file", *sha256)] if sha256[0] != sha256[1] else [])
