"""A variational circuit with the noise of the stand-in `meluxina-q`: serial pulses, relaxation while qubits wait, detunings."""

from typing import Literal

import numpy as np

from hybrid.bench.job import Job, Step, Workload
from hybrid.bench.workloads._shared import SHOTS, Terms, asked, gate, judged_densely, letters, require

UNSEEN = {"counts": ["negated angles", "noise wrong by 1 %"]}
"""Task -> mistakes that its check cannot see: all angles negated conjugate the state, whose outcomes are the same; shot noise
hides one per cent of the noise."""
PULSE_S, CZ_S = 65e-9, 150e-9
T1_S, CONTEXT = 22e-3, 0.63
T2_ECHO_S = (14.0e-6, 21.1e-6, 40.1e-6, 37.2e-6, 44.7e-6, 26.7e-6)
T2_STAR_S = (3.0e-6, 2.5e-6, 3.7e-6, 3.7e-6, 5.9e-6, 5.1e-6)
PULSE_ERROR, CZ_ERROR = 1e-3, 1e-2
"""Of `meluxina-q`, profile version 2, kept here because a workload never changes: times in seconds, average infidelities. From
the seventh qubit on the last four values repeat, as in the profile."""


def stand_in(
    *,
    n: int = 8,
    reps: int = 2,
    task: Literal["expectations", "gradient", "counts"] = "expectations",
    dephasing: Literal["quasistatic", "markov"] = "markov",
    shots: int = 4096,
    seed: int = 0,
) -> Workload:
    """Layers of rotations and CZ on a chain under the stand-in's noise: an energy, its gradient, or counts.

    Every pulse is driven alone; waiting qubits relax and, quasi-static, turn by a detuning of their own, which is a parameter:
    an energy is asked at four draws of the detunings, gradient and counts at one. Dense density matrix as reference up to 12
    qubits (gradients up to 9), trajectories up to 14, beyond them unverified. UsageError: n outside 2..30, reps outside 1..20,
    shots outside 100..10^7.
    """
    require("stand_in", n=(n, 2, 30), reps=(reps, 1, 20), shots=(shots, *SHOTS))
    rng = np.random.default_rng([seed, n, reps])
    n_angles = 2 * n * (reps + 1)
    circuit = _Timed(n, n_angles, detuned=dephasing == "quasistatic")
    for layer in range(reps + 1):
        for q in range(n):
            circuit.turn(q, 2 * (layer * n + q))
        for parity in (0, 1) if layer < reps else ():
            circuit.couple([(q, q + 1) for q in range(parity, n - 1, 2)])
    circuit.end()
    angles = rng.uniform(-np.pi, np.pi, n_angles)
    draws = rng.standard_normal((4, n)) * np.sqrt(2) / (CONTEXT * np.array([_of(T2_STAR_S, q) for q in range(n)]))
    rows = draws[: 4 if task == "expectations" else 1] if circuit.detuned else np.zeros((1, 0))
    points = tuple(tuple(np.concatenate([angles, row]).tolist()) for row in rows)
    job = Job(n, tuple(circuit.steps), points=points, **asked(task, (_energy(n, rng),), shots))
    return judged_densely(job, 1)


def _of(column: tuple[float, ...], qubit: int) -> float:
    """A qubit's value: from the seventh on the last four repeat."""
    return column[qubit] if qubit < len(column) else column[2 + (qubit - len(column)) % 4]


def _energy(n: int, rng: np.random.Generator) -> Terms:
    """A disordered chain: ZZ on neighbours, fields along X and Y; no two weights are the same, so exchanged qubits show."""
    weights = iter(rng.uniform(0.5, 1.5, 3 * n) * rng.choice([-1.0, 1.0], 3 * n))
    strings = [letters(n, {q: "Z", q + 1: "Z"}) for q in range(n - 1)]
    strings += [letters(n, {q: letter}) for letter in "XY" for q in range(n)]
    return tuple((string, float(next(weights))) for string in strings)


class _Timed:
    """A circuit in the order of its pulses; waiting is collected until a qubit is used again."""

    def __init__(self, n: int, n_angles: int, *, detuned: bool) -> None:
        self.steps: list[Step] = []
        self.detuned = detuned
        self._waited, self._n_angles = [0.0] * n, n_angles

    def turn(self, qubit: int, parameter: int) -> None:
        """X90, a virtual rotation about Z, X90, and another about Z: two pulses on the one control line, two parameters."""
        for number in range(2):
            self._wait(range(len(self._waited)), PULSE_S)
            self._flush([qubit])
            self.steps += [gate("rx", qubit, angle=np.pi / 2), gate("depolarize", qubit, angle=2 * PULSE_ERROR)]
            self.steps.append(Step("rz", (qubit,), 0.0, parameter + number))

    def couple(self, pairs: list[tuple[int, int]]) -> None:
        """CZ on pairs at the same time."""
        self._wait(range(len(self._waited)), CZ_S)
        for pair in pairs:
            self._flush(pair)
            self.steps += [gate("cz", *pair), gate("depolarize", *pair, angle=4 / 3 * CZ_ERROR)]

    def end(self) -> None:
        """What was waited until the measurement."""
        self._flush(range(len(self._waited)))

    def _wait(self, qubits: range, seconds: float) -> None:
        for qubit in qubits:
            self._waited[qubit] += seconds

    def _flush(self, qubits: range | list[int] | tuple[int, int]) -> None:
        for qubit in qubits:
            seconds, self._waited[qubit] = self._waited[qubit], 0.0
            if not seconds:
                continue
            self.steps.append(Step("relax", (qubit,), seconds / T1_S, scale=seconds / _of(T2_ECHO_S, qubit)))
            if self.detuned:
                self.steps.append(Step("rz", (qubit,), 0.0, self._n_angles + qubit, seconds))
