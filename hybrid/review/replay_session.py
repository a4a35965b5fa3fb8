"""The session that follows a finished or unfinished record: every question is asked again and measured again."""

from collections.abc import Callable
from typing import Any, final

from hybrid.base.errors import RecordError
from hybrid.base.machine import here, versions
from hybrid.base.randomness import RunStream, child
from hybrid.base.types import Question, Solution
from hybrid.compilation import FIRST_COMPILER
from hybrid.review.difference import Change, changes
from hybrid.runs.answer_log import AuditedAnswer, Body, RecordEnded, ReplayLog
from hybrid.runs.live_session import LiveSession
from hybrid.runs.loop import Cost
from hybrid.runs.results_folder import Run
from hybrid.runs.setup import as_begun, prepare
from hybrid.runs.spec import Spec
from hybrid.runs.watching import RunProgress

Watch = Callable[[RunProgress], None]


def numbers(body: Body) -> tuple[list[str], list[float], list[float]]:
    """Names, numbers (losses, a loss and its gradient, overlaps, a metric, a calibration) and standard errors of an answer."""
    if body["question"] == "calibrate":
        found = [(f"{key}[{i}]", v) for key in sorted(body.keys() - {"x"}) for i, v in enumerate(_listed(body[key]))]
        return [name for name, _ in found], [v for _, v in found], [0.0] * len(found)
    if body["question"] == "metric":
        return [f"metric[{i}]" for i in range(len(body["metric"]))], body["metric"], [0.0] * len(body["metric"])
    if body["question"] != "gradient":
        return [f"values[{i}]" for i in range(len(body["values"]))], body["values"], body["stderr"]
    names = ["loss", *(f"gradient[{i}]" for i in range(len(body["gradient"])))]
    return names, [body["loss"], *body["gradient"]], [body["loss_stderr"], *body["gradient_stderr"]]


def _listed(value: Any) -> list[float]:
    return value if isinstance(value, list) else []


def scale(*bodies: Body) -> float:
    """The largest number that was measured, in absolute value."""
    return max(abs(value) for body in bodies for value in numbers(body)[1]) or 1.0


@final
class _AsRecorded:
    """Ends the loop where the record does: on another device evaluations and machine time may be counted differently."""

    def __init__(self, log: ReplayLog) -> None:
        self._log = log

    def refuses(self, question: Question, spent: Cost, cost: Cost) -> str | None:
        """See `hybrid.runs.loop.LoopLimits`."""
        return "as recorded" if self._log.next_question == "final" else None


@final
class ReplaySession:
    """A run that follows its record."""

    def __init__(
        self, run: Run, spec: Spec, report: Callable[[AuditedAnswer], None], watch: Watch, *, seed: int | None = None
    ) -> None:
        """`seed` None: with the randomness of the record; else with other draws, and as many questions as recorded.

        `elsewhere`: the record is from another processor, or an earlier version did not say from which.
        """
        self._run = run
        self._prepared = as_begun(prepare(spec), run.start)
        machines = run.about, *run.ended.get("continued_on", ())
        self.elsewhere = any(machine.get(key) != value for machine in machines for key, value in here().items())
        self._log = log = ReplayLog(run.path, report, elsewhere=self.elsewhere)
        others: dict[str, Any] = {}
        self._checks = seed is None  # on another backend the check would be of that backend
        if seed is not None:
            others = {"limits": _AsRecorded(log), "randomness": child(spec.seed, RunStream.AUDIT, seed)}

        def tell(progress: RunProgress) -> None:
            watch(progress._replace(replayed=False, fraction=log.n_answers / len(run.answers)))

        self._session = LiveSession(self._prepared, log, tell, **others)

    def play(self) -> Solution | None:
        """Ask every question of the record again; None where it ends before the run did."""
        try:
            solution = self._prepared.algorithm(self._session, self._prepared.problem)
            return self._session.checked(solution) if self._checks else solution
        except RecordEnded:
            if self._run.stop is not None:
                raise
            return None
        except RecordError as error:
            changed = ", ".join(f"{change.what} {change.a} then, {change.b} now" for change in self.today())
            raise RecordError(f"{str(error).rstrip('.')}. What has changed since: {changed or 'nothing known'}.") from None

    def solution_body(self, solution: Solution) -> Body:
        """The solution as it is recorded."""
        return self._session.solution_body(solution)

    @property
    def simulator(self) -> str:
        """Which simulator answered."""
        return self._session.simulator

    def today(self) -> list[Change]:
        """What has changed since the record was made: versions, defaults, the numbers of the device."""
        now = self._log.start.get("resolved", {})
        then = {key: value for key, value in self._run.resolved.items() if key in now and key != "threads"}
        compilers = [{"compiler": start.get("compiler", FIRST_COMPILER)} for start in (self._run.start, self._log.start)]
        return [
            *changes(*compilers),
            *changes(self._run.about.get("versions", {}), versions()),
            *changes(then, {key: now[key] for key in then}),
            *changes({"device file": self._run.start["device_sha256"]}, {"device file": self._prepared.device.sha256}),
        ]
