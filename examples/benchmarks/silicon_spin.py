"""What a shot on a silicon-spin machine costs here, in quobly-alloy and in bare SpinPulse, measured side by side in this run.

    python examples/benchmarks/silicon_spin.py [--quick]

EfficientSU2 (reps=3, linear) on 10 qubits, angles at random; the observable is the mean magnetisation, sum_i Z_i / n. What
counts is not the time per shot but time x (standard error)^2, the price of a given precision. Times are CPU seconds of one
core, one thread everywhere, without what is paid once (compiling here, transpiling and pulses there).

The physics is not the same: here a quasi-static detuning per qubit and realization acts gate by gate, with the errors of the
profile `meluxina-q`; there 1/f noise is integrated inside every pulse, with Quobly's numbers. Speed is bought with that.

The other packages are optional: pip install spin-pulse quobly-alloy
"""

import os
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from typing import NamedTuple

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))  # read when NumPy loads

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit.library import efficient_su2
from qiskit.quantum_info import SparsePauliOp, Statevector

import hybrid

CLAIMS = {"quobly-alloy": 1000, "spin-pulse": 50}
"""Ours is claimed to cost at most one of so many parts, at equal standard error."""
STEP_NS = 10
"""SpinPulse's unit of time is free. Quobly's package takes 1 ns; bare SpinPulse is given the coarser, ten times cheaper one."""


class Size(NamedTuple):
    """How much is measured."""

    qubits: int = 10
    shots: int = 1000
    realizations: int = 100
    few: int = 2  # shots of quobly-alloy beyond its first
    trajectories: int = 5  # of SpinPulse, per repeat
    repeats: int = 3


class Cost(NamedTuple):
    """CPU seconds and variance of one shot (or trajectory), one entry per repeat."""

    seconds: list[float]
    variance: list[float]

    @property
    def prices(self) -> list[float]:
        """Seconds for a standard error of 1; divide by the square of any other."""
        return [s * v for s, v in zip(self.seconds, self.variance, strict=True)]


def cpu_seconds(call: Callable[[], object]) -> float:
    """CPU time of one call, all threads: other load on the machine counts little."""
    begun = time.process_time()
    call()
    return time.process_time() - begun


def problem(size: Size) -> tuple[QuantumCircuit, np.ndarray, SparsePauliOp]:
    """Circuit, point, observable."""
    circuit = efficient_su2(size.qubits, reps=3, entanglement="linear")
    point = np.random.default_rng(0).uniform(-np.pi, np.pi, circuit.num_parameters)
    observable = SparsePauliOp.from_sparse_list([("Z", [q], 1 / size.qubits) for q in range(size.qubits)], size.qubits)
    return circuit, point, observable


def ours(size: Size, backend: str) -> Cost:
    """Shots with quasi-static detunings; the standard error is the one that `hybrid` reports."""
    circuit, point, observable = problem(size)
    program = hybrid.compile(
        circuit, observable, device="meluxina-q", backend=backend, shots=size.shots, realizations=size.realizations
    )
    seconds, variance = [], []
    for seed in range(size.repeats):
        found = []
        used = cpu_seconds(lambda found=found, seed=seed: found.append(program.values(point[None], seed=seed)))
        seconds.append(used / size.shots)
        variance.append(float(found[0].stderr[0]) ** 2 * size.shots)
    return Cost(seconds, variance)


def ours_exact(size: Size) -> Cost:
    """Infinitely many shots: one call averages exact outcome probabilities over detunings from scrambled Sobol points."""
    circuit, point, observable = problem(size)
    program = hybrid.compile(circuit, observable, device="meluxina-q", backend="exact")
    seconds, variance = [], []
    for seed in range(size.repeats):
        found = []
        seconds.append(cpu_seconds(lambda found=found, seed=seed: found.append(program.values(point[None], seed=seed))))
        variance.append(float(found[0].stderr[0]) ** 2)
    return Cost(seconds, variance)


def spin_pulse(size: Size) -> tuple[Cost, Cost]:
    """Trajectories of 1/f noise with Quobly's numbers: costs with one shot each, and with the exact mean of each."""
    from spin_pulse import ExperimentalEnvironment, HardwareSpecs, PulseCircuit, Shape

    circuit, point, observable = problem(size)
    field = np.sqrt(np.pi / 2) * STEP_NS  # of a Gaussian of width sigma that turns by pi: field / sigma
    specs = HardwareSpecs(  # t_x 1 us, t_z 0.1 us, t_zz 1 us, all five widths long
        size.qubits, field / 200, field / 20, field / 400, Shape.GAUSSIAN, ramp_duration=1, coeff_duration=5
    )
    pulses = PulseCircuit.from_circuit(specs.gate_transpile(circuit.assign_parameters(point)), specs)
    steps = pulses.duration * size.trajectories
    steps += steps % 2
    seconds, means, squares = [], [], []

    def trajectories(env: ExperimentalEnvironment) -> None:
        pulses.t_lab = 0
        for _ in range(size.trajectories):
            pulses.attach_time_traces(env)
            state = Statevector(pulses.to_circuit())
            means.append(state.expectation_value(observable).real)
            squares.append(state.expectation_value((observable @ observable).simplify()).real)

    for seed in range(size.repeats):
        env = ExperimentalEnvironment(
            specs, T2S=10_000 / STEP_NS, TJS=5_000 / STEP_NS, duration=steps, segment_duration=steps, seed=seed
        )
        seconds.append(cpu_seconds(lambda env=env: trajectories(env)) / size.trajectories)
    one_shot = float(np.mean(squares) - np.mean(means) ** 2)
    return Cost(seconds, [one_shot] * size.repeats), Cost(seconds, [float(np.var(means, ddof=1))] * size.repeats)


def quobly_alloy(size: Size, variance: float) -> Cost:
    """Seconds from the difference between a run of few shots and one of a single shot, which leaves out its set-up; that many
    shots say little of their variance, so the one of SpinPulse's trajectories is taken, the same noise."""
    from quobly_alloy import QPU
    from quobly_alloy.forge import PioneerEmulator

    circuit, point, _ = problem(size)
    bound = circuit.assign_parameters(point)
    bound.measure_all()
    seconds = []
    for repeat in range(size.repeats):
        emulator = PioneerEmulator(QPU.PIONEER_P10, qubits=size.qubits, seed=repeat + 1, always_use_cpu=True)
        single, more = (
            cpu_seconds(lambda shots=shots, emulator=emulator: emulator.run_simulation(bound, shots=shots))
            for shots in (1, 1 + size.few)
        )
        seconds.append((more - single) / size.few)
    return Cost(seconds, [variance] * size.repeats)


def report(name: str, cost: Cost, own: Cost | None = None, package: str = "") -> None:
    """One line; with `own`, how many times cheaper ours is, beside what is claimed."""
    milliseconds, stderr = (statistics.median(column) for column in (cost.seconds, cost.variance))
    print(f"  {name:<48} {1000 * milliseconds:9.2f} ms  {stderr**0.5:.3f}", end="")
    if own is None:
        print()
        return
    ratios = [other / mine for other, mine in zip(cost.prices, own.prices, strict=True)]
    print(f"  ours costs 1/{statistics.median(ratios):.0f} (1/{min(ratios):.0f} to 1/{max(ratios):.0f})", end="")
    print(f"; claimed: at most 1/{CLAIMS[package]}")


def main(size: Size) -> None:
    """Measure and print; never judge."""
    print(f"{size.qubits} qubits, EfficientSU2 reps=3, mean magnetisation; medians over {size.repeats} repeats")
    print(f"one thread each, CPU time, load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print("here: meluxina-q, quasi-static detunings gate by gate; there: pulse by pulse with 1/f noise, Quobly's numbers")
    print(f"  {'per shot or trajectory':<48} {'CPU time':>12}  standard error of one; price at equal standard error")
    own = ours(size, "aer")
    report(f"hybrid, aer, {size.shots} shots, {size.realizations} realizations", own)
    report(f"hybrid, exact, {size.shots} shots, {size.realizations} realizations", ours(size, "exact"))
    own_exact = ours_exact(size)
    report("hybrid, exact, one call of infinitely many shots", own_exact)
    try:
        single, mean = spin_pulse(size)
    except ModuleNotFoundError as missing:
        print(f"spin-pulse is not installed ({missing.name}): pip install spin-pulse")
        print("quobly-alloy is built on it: pip install quobly-alloy")
        return
    count = size.trajectories * size.repeats
    report(f"spin-pulse, {STEP_NS} ns steps, 1 shot each of {count}", single, own, "spin-pulse")
    report(f"spin-pulse, {STEP_NS} ns steps, exact mean each of {count}", mean, own, "spin-pulse")
    report("  the same, against our exact call", mean, own_exact, "spin-pulse")
    try:
        alloy = quobly_alloy(size, single.variance[0])
    except ModuleNotFoundError as missing:
        print(f"quobly-alloy is not installed ({missing.name}): pip install quobly-alloy")
        return
    report(f"quobly-alloy, 1 ns steps, {size.few} shots, extrapolated", alloy, own, "quobly-alloy")
    print("extrapolated: from these few shots to any number; the time of quobly-alloy grows with it, and so does its memory")


if __name__ == "__main__":
    quick = Size(qubits=3, shots=100, realizations=10, few=1, trajectories=2, repeats=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the other packages
        main(quick if "--quick" in sys.argv else Size())
