"""Plays the steps of a rehearsal: each is an ordinary run with a record, so that what is finished is read and not run again."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import final

from hybrid.base.errors import CheckFailed, HybridError, Interrupted, RecordError, Stopped
from hybrid.rehearsal.evidence import AtPoint, at_point
from hybrid.rehearsal.question import Question
from hybrid.rehearsal.rehearsal import Played
from hybrid.runs.result import Result
from hybrid.runs.run import run
from hybrid.runs.spec import Spec
from hybrid.runs.watching import SILENT, Watcher
from hybrid.runs.way_out import command

NOISELESS_DEVICE = "ideal"
EXACT = "exact"
"""The simulator of runs beside the first ones; those are recomputed with Aer."""


@final
class Player:
    """Runs with one folder of records. `played` has every run in order, each once."""

    def __init__(self, results: Path, watcher: Watcher = SILENT) -> None:
        self.results, self._watcher = results, watcher
        self._played: dict[str, Played] = {}

    def work(self, text: str) -> None:
        """Say what is done next."""
        self._watcher.work(text)

    def loop(self, step: str, spec: Spec) -> Result:
        """The whole run as asked for, with its device interval and its check by a second simulator."""
        return self._run(step, spec, self._watcher, device_interval=True)

    def at(self, step: str, spec: Spec, x: Sequence[float], *, interval: bool = False) -> Result:
        """The value at one x, no optimiser asked."""
        fixed = replace(spec, max_evals=0, max_iterations=None, max_qpu=None, initial_point=tuple(x), gradient="auto")
        fixed = fixed if interval else replace(fixed, backend=EXACT)
        quiet = self._watcher._replace(note=SILENT.note)  # it is judged, whatever the look before it says
        return self._run(step, fixed, quiet, device_interval=interval)

    def _run(self, step: str, spec: Spec, watcher: Watcher, *, device_interval: bool) -> Result:
        self.work(f"{step} on {spec.device}" if spec.device != NOISELESS_DEVICE else step)
        result = run(spec, self.results, watcher=watcher, device_interval=device_interval, force=True)
        self.work("putting the rehearsal together")
        self._played.setdefault(result.id, played(step, spec, result))
        return result

    def around(self, spec: Spec, x: Sequence[float], question: Question, step: str, *, interval: bool = False) -> AtPoint:
        """The experiment at x: with its shots, with infinitely many, and without noise."""
        shots = self.at(step, spec, x, interval=interval)
        return at_point(shots, self.limit(step, spec, x), self.ideal(spec, x), question)

    def limit(self, step: str, spec: Spec, x: Sequence[float]) -> Result:
        """Infinitely many shots on the device."""
        return self.at(f"{step}, infinitely many shots", replace(spec, shots=0), x)

    def ideal(self, spec: Spec, x: Sequence[float]) -> Result:
        """Neither noise nor shots."""
        return self.at("noiseless at this x", replace(without_noise(spec), shots=0), x)

    def taken(self) -> tuple[Played, ...]:
        """The runs since this was asked before, each once."""
        runs = tuple(self._played.values())
        self._played.clear()
        return runs


def played(step: str, spec: Spec, result: Result) -> Played:
    """The run as the rehearsal keeps it."""
    return Played(step, spec.device, command(spec), result.id, result.digest, result.value, result.stderr, spec.mitigate)


def without_noise(spec: Spec) -> Spec:
    """The same experiment on ideal hardware."""
    return replace(spec, device=NOISELESS_DEVICE, dephasing=None, realizations=None, dd="none", mitigate="none")


def why_refused(error: HybridError) -> str:
    """Why a step cannot be played; what ends the whole rehearsal is raised again."""
    if isinstance(error, Interrupted | Stopped | RecordError | CheckFailed):
        raise error
    return str(error).rstrip(".")
