"""Fidelities of Bell and three-qubit GHZ states from Pauli expectation values, with what preparing and reading spoil removed.

The qubits start in |0> for certain, and the readout's confusion matrix is inverted: with the profile's own errors, not by
dividing by visibilities, which hold the initialisation too and give fidelities above 1.
"""

from collections.abc import Sequence

import numpy as np
from qiskit import QuantumCircuit
from qiskit.quantum_info import SparsePauliOp

from hybrid.base.randomness import CountStream, EntanglementStream, child
from hybrid.characterization.apparatus import INITIALISED, NOTHING, Apparatus, over_detunings
from hybrid.characterization.native import native
from hybrid.characterization.result import ExperimentResult, Row
from hybrid.compilation import noise
from hybrid.compilation.transpile import IsaCircuit, measured
from hybrid.device.readout import Correction
from hybrid.measure.estimate import exact_values, group_estimate, variance
from hybrid.measure.execution import Conditions, Execution, set_up
from hybrid.measure.grouping import group_terms
from hybrid.measure.observables import Group

BELL = SparsePauliOp(["II", "XX", "YY", "ZZ"], np.array([1, 1, -1, 1]) / 4)
GHZ = SparsePauliOp(["III", "IZZ", "ZIZ", "ZZI", "XXX", "XYY", "YXY", "YYX"], np.array([1, 1, 1, 1, 1, -1, -1, -1]) / 8)
"""Projectors on (|00> + |11>)/sqrt(2) and (|000> + |111>)/sqrt(2): their stabilisers' mean; the identity is not measured."""
REALIZATIONS = 200
QUADRATURE = 256


def bell(bench: Apparatus, seed: np.random.SeedSequence) -> ExperimentResult:
    """A Bell state on every pair of neighbours, from three settings (XX, YY, ZZ)."""
    return _measure(bench, seed, "bell", bell_circuit(), bench.pairs, BELL)


def ghz(bench: Apparatus, seed: np.random.SeedSequence) -> ExperimentResult:
    """A GHZ state on every chain of three, from five settings."""
    return _measure(bench, seed, "ghz", ghz_circuit(), bench.triples, GHZ)


def bell_circuit() -> QuantumCircuit:
    """H on the first qubit, CNOT to the second as a CZ between two H. The first waits longest afterwards: it is pulsed last."""
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.h(1)
    circuit.cz(1, 0)  # pulses come in this order
    circuit.h(1)
    return circuit


def ghz_circuit() -> QuantumCircuit:
    """The Bell circuit and a second CNOT along the chain; the third qubit is pulsed right before it."""
    circuit = QuantumCircuit(3)
    circuit.compose(bell_circuit(), [0, 1], inplace=True)
    circuit.h(2)
    circuit.cz(1, 2)
    circuit.h(2)
    return circuit


def _measure(
    bench: Apparatus,
    seed: np.random.SeedSequence,
    name: str,
    textbook: QuantumCircuit,
    places: Sequence[tuple[int, ...]],
    projector: SparsePauliOp,
) -> ExperimentResult:
    """<projector> on every place, measured beside its value for infinitely many shots of a perfect readout."""
    circuit = native(textbook, bench.device)
    constant, groups = group_terms(projector, "qwc")
    rows = []
    for key, qubits in enumerate(places):
        sampled = bench.conditions(REALIZATIONS, bench.shots * len(groups))._replace(without=INITIALISED)
        perfect = bench.conditions(QUADRATURE, 0)._replace(without=INITIALISED | {"readout"})
        counts_seed, nominal_seed = (child(seed, key, stream) for stream in EntanglementStream)
        value, stderr = _counted(_settings(bench, circuit, qubits, groups, sampled), bench, qubits, groups, counts_seed)
        found = _settings(bench, circuit, qubits, groups, perfect).distributions(NOTHING, nominal_seed)[0]
        means = exact_values(groups, found, None)
        nominal, nominal_stderr = over_detunings(means)
        rows.append(
            Row(
                experiment=name,
                qubits=qubits,
                value=constant + value,
                stderr=stderr,
                nominal=constant + nominal,
                nominal_stderr=nominal_stderr,
            )
        )
    return ExperimentResult(tuple(rows))


def _settings(
    bench: Apparatus, circuit: QuantumCircuit, qubits: tuple[int, ...], groups: Sequence[Group], conditions: Conditions
) -> Execution:
    """One circuit per group of commuting strings, with the device's basis-change pulses."""
    isa = IsaCircuit(circuit, qubits, tuple(range(len(qubits))))
    circuits = [measured(isa, group.basis, bench.device) for group in groups]
    return set_up(isa, circuits, bench.device, bench.backend, conditions)


def _counted(
    execution: Execution, bench: Apparatus, qubits: tuple[int, ...], groups: Sequence[Group], seed: np.random.SeedSequence
) -> tuple[float, float]:
    """Sum of the groups' corrected means and its standard error."""
    errors, exact = noise.readout(bench.device, qubits), np.zeros(len(qubits))
    inverted = Correction(errors.p01, errors.p10, exact, exact)
    (counts,), inflation = execution.counts(NOTHING, child(seed, CountStream.SHOTS), child(seed, CountStream.DETUNINGS))
    shares = [group_estimate(group, c, execution.realizations, inverted) for group, c in zip(groups, counts, strict=True)]
    return sum(part.mean for part in shares), float(np.sqrt(variance(shares, inflation)))
