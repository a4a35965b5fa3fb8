"""The error budget of a recorded run: its loss at the final x computed again, without each part of the noise in turn."""

import time
from collections.abc import Callable, Sequence, Set
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, final

import numpy as np
from jaxtyping import Float

from hybrid import catalog
from hybrid.base.errors import HybridError, UsageError
from hybrid.base.randomness import ExplainStream, RunStream, child
from hybrid.base.types import DENSE_QUBITS, Point
from hybrid.compilation.noise import PARTS
from hybrid.device.device import Device
from hybrid.measure.estimate import widening
from hybrid.review.error_budget import (
    DETUNINGS,
    INTERACTION,
    OPTIMISER,
    REMEDIES,
    SHOTS,
    Amount,
    Contribution,
    ErrorBudget,
    Remedy,
    Timing,
    largest,
)
from hybrid.review.first_loss import first_loss
from hybrid.runs import results_folder as runs
from hybrid.runs.loss import Measurement
from hybrid.runs.reopen import as_given, at_home, find
from hybrid.runs.results_folder import Run
from hybrid.runs.setup import Chosen, Prepared, as_begun, prepare
from hybrid.runs.spec import Spec

Sets = Float[np.ndarray, " c"]
"""A loss for each of c independent sets of detunings; their mean is the loss. c = 1 where nothing is drawn."""


class ExplainProgress(NamedTuple):
    """Reported after every value; `left_s` estimates the seconds left, None at first."""

    done: int
    total: int
    seconds: float
    left_s: float | None


def explain(
    run: str | Path,
    *,
    results: str | Path = "results",
    backend: str | None = None,
    realizations: int | None = None,
    threads: int | None = None,
    watch: Callable[[ExplainProgress], None] = lambda progress: None,
) -> ErrorBudget:
    """The error budget of a run (`latest`, an id or its beginning in `results`, or a file) at its last x.

    All values are those of infinitely many shots at the same detunings, so that differences are sharp; their standard errors
    come from the spread of the differences over independent sets of detunings. UsageError: a run without noise or without a
    point, a backend that cannot do it. RecordError: a damaged record, or inputs that have changed.
    """
    recorded = runs.read(find(Path(results), run))
    if recorded.x is None:
        raise UsageError(f"{recorded.path}: this run has no point yet; the command that began it continues it.")
    asked = {"backend": backend and at_home(catalog.parse("backends", backend) and backend), "threads": threads}
    asked = {key: value for key, value in asked.items() if value is not None}
    plain = {"shots": 0, "realizations": realizations, "gradient": "auto"} | dict.fromkeys(
        ("max_evals", "max_iterations", "max_qpu")
    )
    with as_given(recorded) as given:
        fields: dict[str, Any] = given | plain | asked
        prepared = as_begun(prepare(Spec(**fields)), recorded.start)
        if not prepared.device.noisy:
            raise UsageError(
                f"run {recorded.start['id']} ran on device '{prepared.device.label}', which has no noise, so it has no error "
                "budget; explain a run on another device: --device meluxina-q."
            )
        return _Budget(recorded, prepared, watch).compute()


@final
class _Budget:
    """Computes one budget: compiles and measures the loss at x, with parts of the noise left out."""

    def __init__(self, run: Run, prepared: Prepared, watch: Callable[[ExplainProgress], None]) -> None:
        self._run, self._prepared, self._watch = run, prepared, watch
        self._x: Point = np.array(run.x, dtype=float)
        self._seed = child(prepared.spec.seed, RunStream.EXPLAIN)
        self._loss, self._ansatz, ansatz_text = first_loss(prepared, len(self._x))
        self._title = f"{prepared.spec.algorithm} of {prepared.spec.problem}; ansatz {ansatz_text}"

    def compute(self) -> ErrorBudget:
        """The budget."""
        everything = self._compiled()
        left_out: list[Set[str]] = [*({part} for part in PARTS), *(set(PARTS) - {part} for part in PARTS)]
        chosen = Chosen(self._prepared)
        programs = [chosen.compile(self._loss, self._ansatz, without=parts) for parts in left_out]
        ideal, (noisy, *others) = self._ideal(everything), self._measured([everything, *programs])
        without, alone = others[: len(PARTS)], others[len(PARTS) :]
        parts = [
            Contribution(part, *_amount(noisy - less), _amount(only - ideal))
            for part, less, only in zip(PARTS, without, alone, strict=True)
        ]
        together = Contribution(INTERACTION, *_amount(noisy - ideal - sum(noisy - less for less in without)))
        exact = self._prepared.problem.exact
        optimiser = [] if exact is None else [Contribution(OPTIMISER, float(ideal.mean()) - exact, 0.0)]
        rows = [*parts, together, *self._chance(noisy), *optimiser]
        return self._budget(everything, noisy, ideal, sorted(rows, key=lambda row: -row.size))

    def _compiled(self) -> Measurement:
        """The loss with all noise; UsageError names the backends that can compute it where this one cannot."""
        try:
            return Chosen(self._prepared).compile(self._loss, self._ansatz)
        except UsageError as error:
            others = [name for name in catalog.names("backends") if self._can(name)]
            if not others:
                raise
            raise UsageError(
                f"an error budget takes values of infinitely many shots, with noise. {error} Here these backends can: "
                f"{', '.join(others)}."
            ) from None

    def _can(self, backend: str) -> bool:
        with suppress(HybridError):
            spec = replace(self._prepared.spec, backend=backend)
            Chosen(self._prepared._replace(spec=spec)).compile(self._loss, self._ansatz)
            return True
        return False

    def _ideal(self, everything: Measurement) -> Sets:
        """Without noise; of wide circuits no state vector is made, but the same circuits are taken without any of its parts."""
        if max(program.resources.n_qubits for program in everything.programs) > DENSE_QUBITS:
            return self._value(Chosen(self._prepared).compile(self._loss, self._ansatz, without=set(PARTS)))
        plain: dict[str, Any] = {"device": "ideal", "dephasing": None, "realizations": None, "dd": "none", "mitigate": "none"}
        prepared = self._prepared._replace(spec=replace(self._prepared.spec, **plain), device=Device.load("ideal"))
        return self._value(Chosen(prepared).compile(self._loss, self._ansatz))

    def _measured(self, programs: Sequence[Measurement]) -> list[Sets]:
        """The value of each program, those with the fewest circuits first: they show how long the others will take."""
        values: dict[int, Sets] = {}
        rows = [sum(p.resources.realizations * p.resources.circuits for p in program.programs) for program in programs]
        begun, warm, done = time.monotonic(), 0.0, 0
        for n, i in enumerate(sorted(range(len(programs)), key=rows.__getitem__)):
            values[i] = self._value(programs[i])
            seconds = time.monotonic() - begun
            if n == 0:  # a simulator's first call takes longer
                warm, left_s = seconds, None
            else:
                done += rows[i]
                left_s = (seconds - warm) / done * sum(rows[j] for j in range(len(rows)) if j not in values)
            self._watch(ExplainProgress(n + 1, len(programs), seconds, left_s))
        return [values[i] for i in range(len(programs))]

    def _value(self, measurement: Measurement) -> Sets:
        """The loss for each set, in the reported sign: at the queries' means, plus to first order the set's deviations."""
        seed, detunings = child(self._seed, ExplainStream.QUERY), child(self._seed, ExplainStream.DETUNINGS)
        means = [
            program.means(self._x[None], seed=child(seed, i), detuning_seed=detunings)[0]
            for i, program in enumerate(measurement.programs)
        ]
        queries = np.array(np.broadcast_arrays(*means))
        center = queries.mean(axis=1, keepdims=True)
        deviations = self._loss.slope(center)[:, 0] @ (queries - center)
        return self._prepared.problem.sign * (self._loss.combine(center)[0] + deviations)

    def _chance(self, noisy: Sets) -> list[Contribution]:
        """The random part of the run's own value, from its shots and detunings."""
        reported, infinite = self._reported(), _amount(noisy)
        if reported is None:
            return []
        name, stderr = SHOTS if self._run.resolved["shots"] else DETUNINGS, float(np.hypot(reported.stderr, infinite.stderr))
        return [Contribution(name, reported.value - infinite.value, stderr)]

    def _reported(self) -> Amount | None:
        """The run's own value; None while it has none."""
        return Amount(*self._run.last_value) if self._run.stop and self._run.last_value else None

    def _remedies(self, noisy: Sets, rows: Sequence[Contribution]) -> list[Remedy]:
        """Remedies against the largest contribution that the run does not use, each tried."""
        spec, remedies = self._prepared.spec, []
        name = largest(rows, maximize=self._prepared.problem.sign < 0).name
        for fields in REMEDIES.get(name, ()):
            (key, value), *_ = fields.items()
            if getattr(spec, key) == "none":
                chosen = Chosen(self._prepared._replace(spec=replace(spec, **fields)))
                changed = self._value(chosen.compile(self._loss, self._ansatz)) - noisy
                remedies.append(Remedy(f"--{key} {value}", _amount(changed)))
        return remedies

    def _budget(self, measurement: Measurement, noisy: Sets, ideal: Sets, rows: Sequence[Contribution]) -> ErrorBudget:
        prepared, reported = self._prepared, self._reported()
        notes = []
        if reported is None:
            notes.append("the run is unfinished: explained at its last x, where it has no value of its own")
        if self._run.start["device_sha256"] != prepared.device.sha256:
            notes.append("the device's profile has changed since the run: part of what is called chance may be that")
        return ErrorBudget(
            id=self._run.start["id"],
            state="unfinished" if reported is None else "finished",
            title=self._title,
            device=prepared.device.label,
            physics=prepared.device.title,
            simulator=measurement.programs[0].resources.simulator,
            realizations=measurement.programs[0].resources.realizations,
            shots=self._run.resolved["shots"],
            dd=prepared.spec.dd,
            mitigate=prepared.spec.mitigate,
            quantity=prepared.problem.quantity,
            unit=prepared.problem.unit,
            maximize=prepared.problem.sign < 0,
            reported=reported,
            infinite_shots=_amount(noisy),
            ideal=float(ideal.mean()),
            exact=prepared.problem.exact,
            contributions=tuple(rows),
            remedies=tuple(self._remedies(noisy, rows)),
            timing=_timing(measurement, prepared.device),
            notes=tuple(notes),
            caveat=prepared.device.caveat,
        )


def _amount(sets: Sets) -> Amount:
    """Mean and its standard error, widened because the sets are few."""
    count = len(sets)
    stderr = sets.std(ddof=1) / np.sqrt(count) * widening(float(count - 1)) if count > 1 else 0.0
    return Amount(float(sets.mean()), float(stderr))


def _timing(measurement: Measurement, device: Device) -> Timing:
    """The longest circuit, and coherence times over the device qubits that it uses."""
    longest = max((program.resources for program in measurement.programs), key=lambda resources: resources.duration_s or 0.0)
    quasistatic = device.dephasing == "quasistatic"
    times_s = device.t2_star_s if quasistatic else device.t2_echo_s
    assert times_s is not None and longest.duration_s is not None
    factor = device.context_t2star_factor if quasistatic and longest.two_qubit_depth else 1.0
    low, high = (pick(times_s[q] for q in longest.physical) for pick in (min, max))
    return Timing(longest.duration_s, "T2*" if quasistatic else "T2", (low, high), (factor * low, factor * high))
