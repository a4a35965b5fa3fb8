"""Fidelities of Bell and three-qubit GHZ states from Pauli expectation values, without preparation and readout errors.

The qubits start exactly in |0>, and the readout's confusion matrix is inverted with the profile's own errors. Dividing by
visibilities would also divide by the initialisation error and give fidelities above 1.
"""

from collections.abc import Sequence

import numpy as np
from qiskit import QuantumCircuit
from qiskit.quantum_info import SparsePauliOp

from hybrid.base.randomness import CountStream, EntanglementStream, child
from hybrid.characterization.apparatus import INITIALISED, NO_ANGLES, Apparatus, over_detunings
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
"""Projectors on (|00> + |11>)/sqrt(2) and (|000> + |111>)/sqrt(2): means of stabilisers; the identity is not measured."""
REALIZATIONS = 200
QUADRATURE = 256


def bell(apparatus: Apparatus, seed: np.random.SeedSequence) -> ExperimentResult:
    """A Bell state on every pair of neighbours, from three settings (XX, YY, ZZ)."""
    return _measure(apparatus, seed, "bell", bell_circuit(), apparatus.pairs, BELL)


def ghz(apparatus: Apparatus, seed: np.random.SeedSequence) -> ExperimentResult:
    """A GHZ state on every chain of three, from five settings."""
    return _measure(apparatus, seed, "ghz", ghz_circuit(), apparatus.triples, GHZ)


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
    apparatus: Apparatus,
    seed: np.random.SeedSequence,
    name: str,
    textbook: QuantumCircuit,
    places: Sequence[tuple[int, ...]],
    projector: SparsePauliOp,
) -> ExperimentResult:
    """<projector> on every place: measured, and nominal, for infinitely many shots of a perfect readout."""
    circuit = native(textbook, apparatus.device)
    constant, groups = group_terms(projector, "qwc")
    rows = []
    for key, qubits in enumerate(places):
        sampled = apparatus.conditions(REALIZATIONS, apparatus.shots * len(groups))._replace(without=INITIALISED)
        perfect = apparatus.conditions(QUADRATURE, 0)._replace(without=INITIALISED | {"readout"})
        execution = _settings(apparatus, circuit, qubits, groups, sampled)
        root = child(seed, key, EntanglementStream.COUNTS)
        errors, exact = noise.readout(apparatus.device, qubits), np.zeros(len(qubits))
        inverted = Correction(errors.p01, errors.p10, exact, exact)
        (counts,), inflation = execution.counts(NO_ANGLES, child(root, CountStream.SHOTS), child(root, CountStream.DETUNINGS))
        estimates = [group_estimate(g, c, execution.realizations, inverted) for g, c in zip(groups, counts, strict=True)]
        probabilities = _settings(apparatus, circuit, qubits, groups, perfect).distributions(
            NO_ANGLES, child(seed, key, EntanglementStream.DETUNINGS)
        )[0]
        nominal, nominal_stderr = over_detunings(exact_values(groups, probabilities, None))
        rows.append(
            Row(
                experiment=name,
                qubits=qubits,
                value=constant + sum(estimate.mean for estimate in estimates),
                stderr=float(np.sqrt(variance(estimates, inflation))),
                nominal=constant + nominal,
                nominal_stderr=nominal_stderr,
            )
        )
    return ExperimentResult(tuple(rows))


def _settings(
    apparatus: Apparatus, circuit: QuantumCircuit, qubits: tuple[int, ...], groups: Sequence[Group], conditions: Conditions
) -> Execution:
    """One circuit per group of commuting strings, with the device's basis-change pulses."""
    isa = IsaCircuit(circuit, qubits, tuple(range(len(qubits))))
    circuits = [measured(isa, group.basis, apparatus.device) for group in groups]
    return set_up(isa, circuits, apparatus.device, apparatus.backend, conditions)
