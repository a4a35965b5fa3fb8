"""T1, Ramsey and Hahn echo: pulses around a delay that grows, one qubit alone."""

from collections.abc import Callable, Sequence
from math import inf, pi
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from qiskit import QuantumCircuit

from hybrid.base.randomness import child
from hybrid.characterization.apparatus import Apparatus, count
from hybrid.characterization.fits import Fit, decay
from hybrid.characterization.native import native
from hybrid.characterization.result import Curve, ExperimentResult, Row

REALIZATIONS = 200
CURVE_POINTS = 200

Times = Float[np.ndarray, " k"]
Envelope = Callable[[Times, float], Times]
"""The remaining contrast after delays (k,) for a decay time."""


class _Plan(NamedTuple):
    """`delays` from 0 to `longest` nominal decay times, over which the axis of the last pulse makes `fringes` turns (a virtual
    rz), so that the data show both the extremes and the mean of the decay."""

    experiment: str
    circuit: Callable[[float, float], QuantumCircuit]
    delays: int
    longest: float
    fringes: float

    def angle(self, delay_s: float, decay_s: float) -> float:
        return 2 * pi * self.fringes * delay_s / (self.longest * decay_s)


class Decay(NamedTuple):
    """Measured probabilities of 1 (k,) after delays (k,), their errors, and cos of the angle of the last pulse's axis (k,)."""

    delays_s: Times
    probability: Times
    stderr: Times
    fringe: Times

    def fit(self, envelope: Envelope, start_s: float) -> Fit:
        """B + A envelope(delay, T) fringe with free B, A and ln T (the first)."""
        return decay(lambda time_s: envelope(self.delays_s, time_s) * self.fringe, start_s, self.probability, self.stderr)


def t1(apparatus: Apparatus, seed: np.random.SeedSequence) -> ExperimentResult:
    """Relaxation of |1>: P(1) = B + A exp(-t/T1)."""
    assert apparatus.device.t1_s is not None
    plan = _Plan("t1", _pi_pulse_and_delay, 12, 3.0, 0.0)
    return _measure(apparatus, seed, plan, apparatus.device.t1_s, [exponential] * len(apparatus.device.t1_s))[0]


def echo(apparatus: Apparatus, seed: np.random.SeedSequence) -> ExperimentResult:
    """Hahn echo: a pi pulse in the middle cancels a constant detuning; contrast exp(-t/T2H)."""
    assert apparatus.device.t2_echo_s is not None
    plan = _Plan("echo", _echo, 16, 2.5, 3.0)
    return _measure(apparatus, seed, plan, apparatus.device.t2_echo_s, [exponential] * len(apparatus.device.t2_echo_s))[0]


def ramsey(apparatus: Apparatus, seed: np.random.SeedSequence) -> ExperimentResult:
    """Free evolution between two X90: contrast exp(-(t/T2*)^2) exp(-t/T2H), with T2H the description's; T2* is reported.

    The note compares likelihoods with a single exponential, which has the same number of parameters.
    """
    device = apparatus.device
    if device.t2_star_s is None or device.dephasing != "quasistatic":
        return ExperimentResult(notes=("ramsey left out: without quasi-static dephasing there is no T2* to measure.",))
    envelopes = [_ramsey_envelope(apparatus, q) for q in range(len(device.t2_star_s))]
    outcome, data = _measure(apparatus, seed, _Plan("ramsey", _ramsey, 24, 2.0, 3.0), device.t2_star_s, envelopes)
    gains = [
        gaussian_gain(measured, envelopes[row.qubits[0]], row.nominal or row.value)
        for row, measured in zip(outcome.rows, data, strict=True)
    ]
    if not gains:
        return outcome
    least = int(np.argmin(gains))
    note = (
        f"ramsey: the Gaussian factor beats a single exponential by {sum(gains):.0f} in the logarithm of the likelihood; "
        f"the least by a qubit is {gains[least]:.1f} (qubit {outcome.rows[least].qubits[0]})."
    )
    return outcome._replace(notes=(*outcome.notes, note))


def gaussian_gain(data: Decay, envelope: Envelope, start_s: float) -> float:
    """ln(likelihood of the envelope / that of a single exponential of a free time): half the difference in chi-squared."""
    return (data.fit(exponential, start_s).chi_squared - data.fit(envelope, start_s).chi_squared) / 2


def exponential(delay_s: Times, decay_s: float) -> Times:
    """exp(-t/T)."""
    return np.exp(-delay_s / decay_s)


def _ramsey_envelope(apparatus: Apparatus, qubit: int) -> Envelope:
    """exp(-(t/T2*)^2) exp(-t/T2H). A detuned X90 of duration d adds the phase delta (2/pi) d towards the delay (first order in
    delta: tan(beta) = (delta/w) tan(w d/2) of `device.detuning`), so t is the delay and (4/pi) d, and a physical rz's time."""
    device = apparatus.device
    assert device.t2_echo_s is not None
    pulse = device.gates["rx" if "rx" in device.gates else "sx"]
    inner_s = 4 / pi * pulse.duration_s[qubit,] + device.gates["rz"].duration_s[qubit,]
    t2_echo_s = device.t2_echo_s[qubit]

    def envelope(delay_s: Times, t2_star_s: float) -> Times:
        t = delay_s + inner_s
        return np.exp(-((t / t2_star_s) ** 2) - t / t2_echo_s)

    return envelope


def _measure(
    apparatus: Apparatus, seed: np.random.SeedSequence, plan: _Plan, decay_s: Sequence[float], envelopes: Sequence[Envelope]
) -> tuple[ExperimentResult, list[Decay]]:
    """Rows, curves and data of every qubit with a finite decay time, which is also the nominal value."""
    rows, curves, decays = [], [], []
    for qubit in apparatus.qubits:
        if decay_s[qubit] == inf:
            continue
        data = _decay(apparatus, child(seed, qubit), plan, qubit, decay_s[qubit])
        fit = data.fit(envelopes[qubit], decay_s[qubit])
        value = float(np.exp(fit.parameters[0]))
        stderr = value * float(fit.stderr[0])
        rows.append(
            Row(experiment=plan.experiment, qubits=(qubit,), value=value, stderr=stderr, nominal=decay_s[qubit], unit="s")
        )
        smooth_s = np.linspace(0, data.delays_s[-1], CURVE_POINTS)
        wave = np.cos([plan.angle(t, decay_s[qubit]) for t in smooth_s])
        fitted = fit.parameters[2] + fit.parameters[1] * envelopes[qubit](smooth_s, value) * wave
        curves.append(Curve(plan.experiment, (qubit,), data.delays_s, data.probability, data.stderr, smooth_s, fitted))
        decays.append(data)
    endless = [q for q in apparatus.qubits if decay_s[q] == inf]
    notes = (f"{plan.experiment} left out on qubit {', '.join(map(str, endless))}: its time is infinite.",) if endless else ()
    return ExperimentResult(tuple(rows), tuple(curves), notes), decays


def _decay(apparatus: Apparatus, seed: np.random.SeedSequence, plan: _Plan, qubit: int, decay_s: float) -> Decay:
    """One circuit per delay, each with detunings of its own."""
    delays_s = np.linspace(0, plan.longest * decay_s, plan.delays)
    angles = [plan.angle(delay_s, decay_s) for delay_s in delays_s]
    fractions = []
    for point, (delay_s, angle) in enumerate(zip(delays_s, angles, strict=True)):
        circuit = native(plan.circuit(float(delay_s), angle), apparatus.device)
        execution = apparatus.execution(circuit, (qubit,), apparatus.conditions(REALIZATIONS))
        fractions.append(count(execution, 1, child(seed, point)))
    value, stderr = np.array(fractions).T
    return Decay(delays_s, value, stderr, np.cos(angles))


def _pi_pulse_and_delay(delay_s: float, _: float) -> QuantumCircuit:
    circuit = QuantumCircuit(1)
    circuit.x(0)
    circuit.delay(delay_s, 0, unit="s")
    return circuit


def _ramsey(delay_s: float, angle: float) -> QuantumCircuit:
    circuit = QuantumCircuit(1)
    circuit.sx(0)
    circuit.delay(delay_s, 0, unit="s")
    circuit.rz(angle, 0)
    circuit.sx(0)
    return circuit


def _echo(delay_s: float, angle: float) -> QuantumCircuit:
    circuit = QuantumCircuit(1)
    circuit.sx(0)
    circuit.delay(delay_s / 2, 0, unit="s")
    circuit.x(0)
    circuit.delay(delay_s / 2, 0, unit="s")
    circuit.rz(angle, 0)
    circuit.sx(0)
    return circuit
