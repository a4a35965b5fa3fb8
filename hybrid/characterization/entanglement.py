"""Fidelities of Bell and three-qubit GHZ states from Pauli expectation values, without preparation and readout errors.

The qubits start exactly in |0>, and the readout's confusion matrix is inverted with the profile's own errors. Dividing by
visibilities would also divide by the initialisation error and give fidelities above 1.
"""

from collections.abc import Sequence

import numpy as np
from qiskit import QuantumCircuit
from qiskit.quantum_info import SparsePauliOp

from hybrid.base.randomness import CountStream, EntanglementStream, child
from hybrid.characterization.apparatus import INITIALISED, NO_ANGLES, Apparatus, Fraction, over_detunings
from hybrid.characterization.native import native
from hybrid.characterization.result import ExperimentResult, Row
from hybrid.compilation import noise
from hybrid.compilation.transpile import IsaCircuit, measured
from hybrid.device.published import published
from hybrid.device.readout import Correction
from hybrid.measure.estimate import exact_values, group_estimate, variance
from hybrid.measure.execution import Conditions, Execution
from hybrid.measure.grouping import group_terms
from hybrid.measure.observables import Group
from hybrid.measure.set_up import set_up

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
    device = apparatus.device
    circuit = native(textbook, device)
    constant, groups = group_terms(projector, "qwc")
    known, known_raw = (published(device.numbers, device.edges, key) for key in (name, f"{name}_raw"))
    rows = []
    for key, qubits in enumerate(places):
        sampled = apparatus.conditions(REALIZATIONS, apparatus.shots * len(groups))._replace(without=INITIALISED)
        execution = _settings(apparatus, circuit, qubits, groups, sampled)
        root = child(seed, key, EntanglementStream.COUNTS)
        errors, exact = noise.readout(device, qubits), np.zeros(len(qubits))
        inverted = Correction(errors.p01, errors.p10, exact, exact)
        (counts,), inflation = execution.counts(NO_ANGLES, child(root, CountStream.SHOTS), child(root, CountStream.DETUNINGS))
        estimates = [group_estimate(g, c, execution.realizations, inverted) for g, c in zip(groups, counts, strict=True)]
        drawn = child(seed, key, EntanglementStream.DETUNINGS)
        nominal = _nominal(apparatus, circuit, qubits, groups, noise.SPAM, drawn)
        raw = None
        if qubits in known_raw:
            raw = constant + _nominal(apparatus, circuit, qubits, groups, frozenset(), drawn).value, known_raw[qubits]
        rows.append(
            Row(
                experiment=name,
                qubits=qubits,
                value=constant + sum(estimate.mean for estimate in estimates),
                stderr=float(np.sqrt(variance(estimates, inflation))),
                nominal=constant + nominal.value,
                nominal_stderr=nominal.stderr,
                published=known.get(qubits),
                raw=raw,
            )
        )
    return ExperimentResult(tuple(rows))


def _nominal(
    apparatus: Apparatus,
    circuit: QuantumCircuit,
    qubits: tuple[int, ...],
    groups: Sequence[Group],
    without: frozenset[str],
    seed: np.random.SeedSequence,
) -> Fraction:
    """The mean of the groups for infinitely many shots, with the noise but for the parts `without`."""
    conditions = apparatus.conditions(QUADRATURE, 0)._replace(without=without)
    probabilities = _settings(apparatus, circuit, qubits, groups, conditions).distributions(NO_ANGLES, seed)[0]
    return over_detunings(exact_values(groups, probabilities, None))


def _settings(
    apparatus: Apparatus, circuit: QuantumCircuit, qubits: tuple[int, ...], groups: Sequence[Group], conditions: Conditions
) -> Execution:
    """One circuit per group of commuting strings, with the device's basis-change pulses after all of the circuit's.

    Pulses keep the order in which they are listed here. That the experiments had this order, tomography last, is an assumption:
    the publications do not say.
    """
    isa = IsaCircuit(circuit, qubits, tuple(range(len(qubits))))
    circuits = [measured(isa, group.basis, apparatus.device) for group in groups]
    return set_up(isa, circuits, apparatus.device, apparatus.backend, conditions, as_listed=True)
