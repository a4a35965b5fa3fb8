"""A rehearsal without the problem: what may leave a company is listed here field by field, and everything else is dropped.

Left out: input files, their names and contents, names of assets, items and molecules, options of problem and algorithm,
records (their answers and points are data of the problem), circuits (angles are coefficients, and which qubits are coupled is
the problem's graph), ids and digests (somebody could try out well-known inputs until one has the same), commands, and every
sentence that was made elsewhere. Values become shares of the way from guessing (0) to the exact value (1), since an energy
names its molecule.
"""

from collections.abc import Mapping
from typing import Any

from hybrid import catalog
from hybrid.device import naming
from hybrid.rehearsal.package import figures_in_words as words
from hybrid.rehearsal.rehearsal import Criterion, DeviceVerdict, Flip, Played, Rehearsal, Skipped, SmallestChange
from hybrid.rehearsal.sentences import MEANING

REVEALS = (
    "This package reveals the names of the algorithm, ansatz and optimiser without their options, the number of qubits, the "
    "numbers of gates, depth and duration of the largest circuit, the numbers of evaluations, shots and jobs with their bill, "
    "the devices and their verdicts with shares of the signal and of optimal shots, and values with errors as shares of the "
    "way from guessing (0) to the exact value (1); it reveals nothing else of the problem, but somebody who guesses the "
    "problem can confirm the guess by rehearsing it."
)
HIDDEN = "left out on request"
CHANGE = "a change that is left out on request"
OWN_PROFILE = "a profile of one's own"
TITLE = "an experiment whose problem is left out"
QUANTITY = "share of the way from guessing to exact"
SPEC = ("shots", "seed", "max_evals", "max_iterations", "max_qpu", "realizations", "grouping", "allocation", "dd", "threads")
"""Fields of the Spec that are numbers or words of ours."""
NAMES = ("algorithm", "ansatz", "optimizer", "backend")
"""Fields of which the name is kept, where it is one of ours, and the options are not."""
FIGURES = {
    "qubits": "qubits",
    "device_qubits": "qubits of the device",
    "two_qubit_gates": "two-qubit gates",
    "jobs": "jobs",
    "expected_signal": "share of the signal expected",
    "simulated_signal": "share of the signal simulated",
    "least_signal": "share needed",
    "duration_s": "the circuit takes",
    "t2_star_s": "T2*",
    "t2_echo_s": "T2",
    "hours": "QPU hours",
    "hours_asked": "hours asked for",
    "share": "share of optimal shots",
    "share_ideal": "share of optimal shots without noise",
    "share_guessing": "share of optimal guesses",
    "share_stderr": "standard error of the share",
}
"""Numbers of a criterion that are kept, and what they are."""


def redacted(rehearsal: Rehearsal, inputs: Mapping[str, Any]) -> Rehearsal:
    """The rehearsal without problem data and names; `inputs` are the Spec's fields with their defaults filled in."""
    scale = _Share(rehearsal)
    devices = tuple(_device(one, scale) for one in rehearsal.devices)
    return Rehearsal(
        title=TITLE,
        command=HIDDEN,
        spec=_spec(inputs),
        n_qubits=rehearsal.n_qubits,
        quantity=QUANTITY,
        unit="",
        maximize=True,
        noiseless=None if rehearsal.noiseless is None else scale.played(rehearsal.noiseless),
        exact=None if scale.span is None else 1.0,
        baseline=scale.of(rehearsal.baseline),
        baseline_name="",
        guessing=None if scale.span is None else 0.0,
        scale=None,
        scale_words="",
        hours_asked=rehearsal.hours_asked,
        devices=devices,
        ranking=tuple(tuple(map(_device_name, together)) for together in rehearsal.ranking),
        skipped=tuple(Skipped(one.step, _device_name(one.device), one.seconds, HIDDEN) for one in rehearsal.skipped),
        seconds_planned=rehearsal.seconds_planned,
        max_time_s=rehearsal.max_time_s,
        caveat="Not a prediction." if any(one.device == OWN_PROFILE for one in devices) else rehearsal.caveat,
        versions=rehearsal.versions,
        input_files={},
    )


class _Share:
    """Turns values into shares of the way from guessing to exact; all are None where one of the two is not known."""

    def __init__(self, rehearsal: Rehearsal) -> None:
        exact, guessing = rehearsal.exact, rehearsal.guessing
        self._guessing = 0.0 if guessing is None else guessing
        self.span = None if exact is None or guessing is None or exact == guessing else exact - guessing

    def of(self, value: float | None) -> float | None:
        """A value, rounded so that the last digits do not tell the unit."""
        return None if value is None or self.span is None else round((value - self._guessing) / self.span, 4)

    def error_of(self, stderr: float | None) -> float | None:
        """A standard error."""
        return None if stderr is None or self.span is None else round(stderr / abs(self.span), 4)

    def played(self, run: Played) -> Played | None:
        """A run without its command, id and digest; None where its value has no scale."""
        value, stderr = self.of(run.value), self.error_of(run.stderr)
        if value is None or stderr is None:
            return None
        return Played(run.step, run.device, "", "", "", value, stderr, _chain(run.mitigate))


def _spec(spec: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: spec[key] for key in SPEC if isinstance(spec.get(key), int | float | str)}
    return kept | {key: _name(spec[key]) for key in NAMES if spec.get(key)}


def _name(text: str) -> str:
    """The name of a member without its options; code from outside has a name of the applicant's own."""
    head = text.partition(":")[0]
    return head if head.isidentifier() else HIDDEN


def _chain(text: str) -> str:
    """Methods of error mitigation by name."""
    return "+".join(map(_name, text.split("+"))) if text else ""


def _device(verdict: DeviceVerdict, scale: _Share) -> DeviceVerdict:
    name = _device_name(verdict.device)
    why = MEANING[verdict.binding] if verdict.binding else "every criterion is met"
    return DeviceVerdict(
        device=name,
        machine=verdict.machine,
        title=HIDDEN if name == OWN_PROFILE else verdict.title,
        word=verdict.word,
        binding=verdict.binding,
        sentence=f"{verdict.word} on {f'{name} ({verdict.machine})' if verdict.machine else name}: {why}.",
        command=HIDDEN,
        criteria=tuple(_criterion(one) for one in verdict.criteria),
        circuit=None if verdict.circuit is None else verdict.circuit._replace(physical=()),
        runs=(),
        recommended=_chain(verdict.recommended),
        value=scale.of(verdict.value),
        stderr=scale.error_of(verdict.stderr),
        limit=scale.of(verdict.limit),
        ideal=scale.of(verdict.ideal),
        interval=_interval(verdict.interval, scale),
        variants=verdict.variants,
        flips=tuple(_flip(one) for one in verdict.flips),
        remedy=None if verdict.remedy is None else SmallestChange(CHANGE, "", verdict.remedy.verdict, verdict.remedy.hours, ""),
        tried=(),
        billed=verdict.billed if name != OWN_PROFILE or verdict.billed is None else verdict.billed | {"rule": HIDDEN},
        hours=verdict.hours,
        assumed=verdict.assumed,
        jobs=verdict.jobs,
        shots=verdict.shots,
        evaluations=verdict.evaluations,
    )


def _device_name(device: str) -> str:
    """Built-in profiles keep their name and options; a file of the applicant's own is called one."""
    return device if naming.device_file(device).parent == catalog.folder("devices") else OWN_PROFILE


def _criterion(one: Criterion) -> Criterion:
    """The same answer, in words of our own from the numbers that are kept."""
    numbers = {key: one.numbers[key] for key in FIGURES if one.numbers.get(key) is not None}
    said = [MEANING[one.name]] if one.met is False else []
    said += [f"{FIGURES[key]} {_text(key, value)}" for key, value in numbers.items()]
    return Criterion(one.name, one.met, ", ".join(said), numbers)


def _text(key: str, value: Any) -> str:
    if isinstance(value, list | tuple):
        return words.spread(value, lambda one: _text(key, one))
    if key.endswith("_s"):
        return words.microseconds(value)
    return f"{value:.4g}" if isinstance(value, float) else f"{value:,}"


def _interval(interval: dict[str, Any] | None, scale: _Share) -> dict[str, Any] | None:
    """The interval over devices as shares; low and high change places where less is better."""
    if interval is None or "low" not in interval or scale.span is None:
        return None
    ends = sorted(end for end in (scale.of(interval["low"]), scale.of(interval["high"])) if end is not None)
    return {"low": ends[0], "high": ends[1], "share": interval["share"]}


def _flip(one: Flip) -> Flip:
    unit = f" {one.unit}".rstrip()
    return Flip(
        one.key, one.unit, one.nominal, one.go, one.no_go, f"{one.key}: GO at {one.go:.4g}{unit}, not at {one.no_go:.4g}{unit}"
    )
