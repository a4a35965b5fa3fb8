"""A look before the leap: what a run would take, and whether it can show anything, from its circuits alone.

Nothing is measured and no clock is read. One circuit is routed and scheduled; others differ from it by their last pulses.
A run is hopeless where noise leaves too little of the signal, or where the standard error stays larger than the question (how
far the exact value lies from the classical baseline) even if all shots of the budget measured one point.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import sqrt
from typing import Any, final

import numpy as np

from hybrid.base.types import DENSE_QUBITS, Ansatz, ForeignBackend, Loss, Optimizer, Problem
from hybrid.compilation.infidelity import in_circuits
from hybrid.device.device import Device
from hybrid.measure.allocation import expected_stderr
from hybrid.measure.choices import gradient_method
from hybrid.measure.composed import composed
from hybrid.runs.expected_cost import GRADIENT, Evaluations, Work, aer_s, engine_s, evaluations, setup_s
from hybrid.runs.setup import Chosen, Prepared
from hybrid.runs.sketch import Sketch, signal_left, sketch, work_of

LEAST_SIGNAL, DOUBT = 0.05, 2.0
"""Below this share of the signal a run is hopeless; it is estimated low, so that so many times the estimate has to be below."""
LONG_S = 60.0
"""A run that takes more seconds is announced."""


@final
@dataclass(frozen=True, kw_only=True)
class Prospect:
    """What a run would take and could show.

    `evaluations` are those of the whole budget, `seconds` the processor time (None for a simulator without a formula) and
    `engine_seconds` that of the exact engine (None where `seconds` is, or where it is the engine's or is too wide for it),
    `memory_bytes` that of one point. `duration_s` and the shortest coherence times of the qubits are None without noise.
    `signal` is the share of (value - value of the fully mixed state) that noise leaves. `stderr` is that of one evaluation,
    `least_stderr` that of all shots of the budget at one point, both in `unit`; `question` is the distance of the exact value
    from the baseline. They are None without shots and where nothing is known. `unentangled` says why the default circuit has no
    two-qubit gates and so cannot be better than the baseline; empty where it has, or was asked for.
    """

    evaluations: int
    gradients: int
    circuits: int
    two_qubit_gates: int
    seconds: float | None
    engine_seconds: float | None
    memory_bytes: int
    duration_s: float | None
    t2_star_s: float | None
    t2_echo_s: float | None
    signal: float
    stderr: float | None
    least_stderr: float | None
    question: float | None
    unit: str
    unentangled: str

    @property
    def hopeless(self) -> tuple[str, ...]:
        """Why the run can show nothing, in words; empty where it can."""
        reasons = []
        if self.drowned:
            reasons.append(f"noise leaves {share(self.signal)} of the signal: {self.timing}")
        if self.least_stderr is not None and self.question is not None and self.least_stderr > self.question:
            reasons.append(self.statistics)
        return (*reasons, self.unentangled) if self.unentangled else tuple(reasons)

    @property
    def slower_than_engine(self) -> float:
        """How many times as long as by the exact engine it takes, by the formulas of its cost; 1 where these say nothing."""
        return 1.0 if self.seconds is None or not self.engine_seconds else self.seconds / self.engine_seconds

    @property
    def drowned(self) -> bool:
        """Whether noise leaves too little of the signal."""
        return DOUBT * self.signal < LEAST_SIGNAL

    @property
    def timing(self) -> str:
        """The circuit's time beside what its qubits keep a phase for, in words."""
        if self.duration_s is None:
            return "nothing takes time"
        words = f"the circuit with {self.two_qubit_gates} two-qubit gates takes {microseconds(self.duration_s)}"
        for name, time_s in (("T2*", self.t2_star_s), ("T2 echo", self.t2_echo_s)):
            words += "" if time_s is None else f", {name} of its qubits is {microseconds(time_s)}"
        return words

    @property
    def statistics(self) -> str:
        """The standard error beside the question, in words; empty without shots."""
        if self.stderr is None or self.least_stderr is None:
            return ""
        unit = f" {self.unit}" if self.unit else ""
        words = f"one evaluation is ± {self.stderr:.2g}{unit}, all shots of the budget ± {self.least_stderr:.2g}{unit}"
        return words if self.question is None else f"{words}, on a question of {self.question:.2g}{unit}"

    def to_json(self) -> dict[str, Any]:
        """As one JSON object."""
        return asdict(self) | {"hopeless": list(self.hopeless)}


def look(prepared: Prepared, chosen: Chosen, loss: Loss, ansatz: Ansatz, optimizer: Optimizer | None = None) -> Prospect | None:
    """The look at the first minimisation of a run, by the algorithm's own `optimizer` or the run's.

    None for a backend that brings its own physics.

    UsageError for circuits that do not fit the device and impossible numbers of shots and realizations, as the run itself.
    """
    spec, device, backend = prepared.spec, prepared.device, chosen.backend
    if isinstance(backend, ForeignBackend):
        return None
    x = chosen.start(ansatz)
    parts = [sketch(query, (*ansatz.circuit.parameters, *loss.features), prepared) for query in loss.queries]
    per_gradient = {"adjoint": 1, "parameter-shift": 1 + 2 * max(len(part.angle_map.offset) for part in parts), "spsa": 3}
    method = gradient_method(spec.gradient, spec.shots)
    samples = 1 if loss.samples is None else len(loss.samples)
    point_s = None if device.shot_cycle_s is None else device.shot_cycle_s * spec.shots * samples * len(parts)
    spent = evaluations(
        chosen.optimization(x, optimizer=optimizer), per_gradient.get(method, 1 + 2 * len(x)), chosen.budget, point_s
    )
    name = spec.backend.partition(":")[0]
    by_aer = name == "aer" or (name == "auto" and not device.noisy)
    works, memory_bytes = zip(*(work_of(part, prepared, chosen) for part in parts), strict=True)
    signal = min(signal_left(part, prepared, x) for part in parts) if device.noisy else 1.0
    stderr = _stderr(loss, parts, prepared, signal)
    coupled = max(sum(len(timed.qubits) > 1 for timed in part.schedule.operations) for part in parts)
    problem = prepared.problem
    known = isinstance(problem, Problem) and problem.choices is None and None not in (problem.exact, problem.baseline)
    return Prospect(
        evaluations=spent.points,
        gradients=spent.gradients,
        circuits=sum(part.circuits for part in parts),
        two_qubit_gates=coupled,
        seconds=_seconds(name, device.noisy, works, spent, samples),
        engine_seconds=_seconds("exact", device.noisy, works, spent, samples) if by_aer and _engine_fits(works) else None,
        memory_bytes=max(memory_bytes),
        duration_s=max(part.schedule.duration_s for part in parts) if device.noisy else None,
        **_coherence(device, {q for part in parts for q in part.isa.physical}, coupled=coupled > 0),
        signal=signal,
        stderr=stderr,
        least_stderr=None if stderr is None else stderr / sqrt(spent.points + 1),
        question=abs(problem.exact - problem.baseline) or None if known and spent.points else None,  # type: ignore[operator]
        unit=problem.unit,
        unentangled=_unentangled(prepared, chosen) if known and spent.points and not coupled else "",
    )


def _unentangled(prepared: Prepared, chosen: Chosen) -> str:
    reason = chosen.reasons.get("ansatz")
    return f"{reason}; so it ends at {prepared.problem.baseline_name} at best" if reason else ""


def _engine_fits(works: Sequence[Work]) -> bool:
    return all(work.n_qubits <= DENSE_QUBITS for work in works)


def _seconds(name: str, noisy: bool, works: Sequence[Work], spent: Evaluations, samples: int) -> float | None:
    """Of the whole run by the backend of this name, the final value too; None without a formula."""
    if name not in ("aer", "exact", "auto"):
        return None
    by_engine = name == "exact" or (name == "auto" and noisy)
    total = 0.0
    for work in works:
        value_s = engine_s(work) if by_engine else aer_s(work, noisy=noisy)
        adjoint = GRADIENT * engine_s(work) if spent.gradients and not work.shots else 0.0
        total += setup_s(work) + samples * ((spent.points + 1) * value_s + spent.gradients * adjoint)
    return total


def _stderr(loss: Loss, parts: Sequence[Sketch], prepared: Prepared, signal: float) -> float | None:
    """Of one evaluation of a loss that is one query; None for others, and without shots.

    In a mixture of the problem's basis state, with weight S, and the fully mixed one, (1 - S) sigma^2 + S (1 - S) mean^2 is the
    variance of a group that the basis state determines. Others have sigma^2, that of the fully mixed state.
    """
    spec = prepared.spec
    if not spec.shots or len(parts) > 1 or loss.samples is not None or not parts[0].sigma:
        return None
    of_groups = [
        sigma**2 if mean is None else (1 - signal) * sigma**2 + signal * (1 - signal) * mean**2
        for sigma, mean in zip(parts[0].sigma, parts[0].means, strict=True)
    ]
    extrapolation = composed(spec.mitigate).extrapolation
    wider = 1.0 if extrapolation is None else sum(extrapolation.shares)  # shots are divided by the weights' sizes
    return wider * expected_stderr(spec.allocation, spec.shots, parts[0].bounds, np.sqrt(of_groups))


def _coherence(device: Device, used: set[int], *, coupled: bool) -> dict[str, float | None]:
    """The shortest T2* and T2 echo of the qubits in use; T2* that of circuits with two-qubit gates, where there are any."""
    here = in_circuits(device) if device.noisy and coupled else device
    columns = {"t2_star_s": here.t2_star_s, "t2_echo_s": here.t2_echo_s}
    return {name: None if column is None else min(column[q] for q in used) for name, column in columns.items()}


def share(part: float) -> str:
    """A share in per cent."""
    return f"{100 * part:.2g} %" if part >= 1e-4 else "less than 0.01 %"


def microseconds(seconds: float) -> str:
    """A time in microseconds."""
    return f"{seconds * 1e6:.3g} us"
