"""Calibration of the readout: the stand-in's assignment errors measured by circuits of its own, as a laboratory would.

All zeros and all ones are prepared with the device's own pulses. Preparation errors are counted as readout errors; of them the
correction removes only the part that a flip after the circuit would cause as well.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float
from qiskit import QuantumCircuit
from qiskit.circuit import Gate
from qiskit.circuit.library import RXGate, RZGate, SXGate

from hybrid.base.errors import HybridError
from hybrid.base.randomness import CountStream, child
from hybrid.base.types import NO_MITIGATION, Backend, Counts, Mitigation, Twirl
from hybrid.compilation.transpile import IsaCircuit
from hybrid.device.device import Device
from hybrid.device.readout import Correction, Readout, StringFactors, merge, on_each_bit
from hybrid.measure.execution import Conditions, Execution
from hybrid.measure.set_up import set_up

NO_ANGLES = np.zeros((1, 0))


def calibration(
    isa: IsaCircuit, device: Device, backend: Backend, conditions: Conditions
) -> Callable[[np.random.SeedSequence], Correction]:
    """A function that measures the assignment errors of the circuit's qubits: two circuits, each with the conditions' shots."""
    n = len(isa.physical)
    zeros, ones = QuantumCircuit(n), QuantumCircuit(n)
    for qubit in range(n):
        for _ in range(2):
            ones.append(_pulse(device), [qubit])
    twice = conditions._replace(shots=2 * conditions.shots, dd="none", mitigation=NO_MITIGATION)
    execution = set_up(isa._replace(circuit=zeros), [zeros, ones], device, backend, twice)
    return lambda seed: _measure(execution, n, seed)


def string_calibration(
    isa: IsaCircuit, device: Device, backend: Backend, conditions: Conditions, twirl: Twirl
) -> Callable[[np.random.SeedSequence], StringFactors]:
    """A function that measures |0...0> with flips: one circuit with the conditions' shots, two pulses on every qubit.

    Flips are balanced, so that a qubit that reads 0 better than 1 leaves no error in the factor of one or two qubits, however
    few the instances; the errors of the calibration are then those of its shots.
    """
    n = len(isa.physical)
    zeros = QuantumCircuit(n)
    for qubit in range(n):
        for gate in (_pulse(device), RZGate(np.pi), _pulse(device)):
            zeros.append(gate, [qubit])
    instances = 1 << max(twirl.instances - 1, n).bit_length()
    flips = Mitigation(twirl=Twirl(outcomes=True, instances=instances, balanced=True))
    conditions = conditions._replace(dd="none", mitigation=flips, allocation="uniform")
    if conditions.shots:
        conditions = conditions._replace(realizations=instances)
    execution = set_up(isa._replace(circuit=zeros), [zeros], device, backend, conditions, as_listed=True)
    return lambda seed: _measured_strings(execution, seed)


def _pulse(device: Device) -> Gate:
    return RXGate(np.pi / 2) if "rx" in device.gates else SXGate()


def _measured_strings(execution: Execution, seed: np.random.SeedSequence) -> StringFactors:
    """Outcomes with the flips undone, and their shares."""
    if not execution.shots.size:
        shares = execution.distributions(NO_ANGLES, seed).mean(axis=(0, 1, 2))
        return StringFactors(np.arange(len(shares), dtype=np.uint64), shares, 0)
    ((found,),), _ = execution.counts(NO_ANGLES, child(seed, CountStream.SHOTS), child(seed, CountStream.DETUNINGS))
    counts = merge(Counts(found.outcomes, found.counts, np.zeros_like(found.realizations)))
    shots = int(counts.counts.sum())
    return StringFactors(counts.outcomes, counts.counts / shots, shots)


def mitigated(shares: Float[np.ndarray, " d"], correction: Correction) -> Float[np.ndarray, " d"]:
    """The probabilities nearest to the shares with every bit's confusion matrix inverted (Smolin, Gambetta & Smith,
    PRL 108, 070502 (2012)); d = 2^bits, `correction` by bit."""
    confusion = Readout(correction.f0, correction.f1).confusion
    inverted = on_each_bit([np.linalg.inv(matrix) for matrix in confusion], shares)
    falling = np.sort(inverted)[::-1]
    excess = (np.cumsum(falling) - 1) / np.arange(1, len(falling) + 1)
    kept = np.flatnonzero(falling > excess)[-1]
    return np.maximum(inverted - excess[kept], 0.0)


def _measure(execution: Execution, n: int, seed: np.random.SeedSequence) -> Correction:
    """Shares of wrong readings per qubit; standard errors with one imagined wrong and one right reading (Laplace)."""
    if not execution.shots.size:
        bits = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
        low, high = execution.distributions(NO_ANGLES, seed).mean(axis=(0, 1)) @ bits
        none = np.zeros(n)
        return _checked(Correction(low, 1 - high, none, none))
    ((zeros, ones),), _ = execution.counts(NO_ANGLES, child(seed, CountStream.SHOTS), child(seed, CountStream.DETUNINGS))
    shots = execution.shots.sum(axis=0)
    read_one = [c.counts @ ((c.outcomes[:, None] >> np.arange(n, dtype=np.uint64)) & np.uint64(1)) for c in (zeros, ones)]
    wrong = read_one[0], shots[1] - read_one[1]
    smoothed = [(k + 1) / (total + 2) for k, total in zip(wrong, shots, strict=True)]
    stderr = [np.sqrt(p * (1 - p) / total) for p, total in zip(smoothed, shots, strict=True)]
    return _checked(Correction(wrong[0] / shots[0], wrong[1] / shots[1], *stderr))


def _checked(correction: Correction) -> Correction:
    """The correction; HybridError if a qubit's reading does not depend on its state, so that it cannot be inverted."""
    blind = np.flatnonzero(correction.f0 + correction.f1 >= 1)
    if len(blind):
        raise HybridError(
            f"readout mitigation: qubit {blind[0]} reads the same in both states, by this calibration; take more shots."
        )
    return correction
