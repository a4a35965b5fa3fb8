"""Bell and GHZ states of spins by tomography [philips2022, takeda2021, takeda2022]: the mean of their stabilisers.

The tomography's pulses follow the whole circuit, as in the self-test; that the experiments did so is an assumption.
"""

from functools import partial
from math import pi

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit.library import RYGate, YGate
from qiskit.quantum_info import SparsePauliOp, Statevector

from hybrid.characterization.entanglement import bell_circuit, ghz_circuit
from hybrid.characterization.native import native, pulses
from hybrid.compilation.transpile import IsaCircuit, measured
from hybrid.device.device import Device
from hybrid.measure.grouping import group_terms
from hybrid.measure.observables import Group
from hybrid.rehearsal.track_record.experiments import PublishedExperiment
from hybrid.rehearsal.track_record.scored import ScoredCircuit


def circuits(experiment: PublishedExperiment, device: Device) -> list[ScoredCircuit]:
    """One circuit for each group of strings of the projector on the state that the circuit makes without noise."""
    places = experiment.options["places"]
    match experiment.options["state"]:
        case "bell":
            circuit = native(bell_circuit(), device)
        case "ghz":
            circuit = native(ghz_circuit(), device)
        case _:
            circuit = decoupled_ghz(device)
    ideal = Statevector(circuit)
    projector = SparsePauliOp.from_operator(ideal.to_operator(), atol=1e-9)
    constant, groups = group_terms(projector, "qwc")
    isa = IsaCircuit(circuit, tuple(places), tuple(range(len(places))))
    settings = [measured(isa, group.basis, device) for group in groups]
    offsets = [constant, *[0.0] * (len(groups) - 1)]
    return [
        ScoredCircuit(setting, 1.0, partial(_mean, group, offset), places)
        for setting, group, offset in zip(settings, groups, offsets, strict=True)
    ]


def _mean(group: Group, offset: float, probabilities: np.ndarray) -> float:
    """The mean of a group's strings and an offset."""
    return float(offset + probabilities @ group.eigenvalues(np.arange(len(probabilities), dtype=np.uint64), None))


def decoupled_ghz(device: Device) -> QuantumCircuit:
    """The middle qubit in superposition, CNOT to the first, CNOT to the last [takeda2022].

    A CNOT is Y/2, half a CZ, Y on both, half a CZ, Y/2. The Y are not undone: they leave another GHZ state.
    """
    circuit = QuantumCircuit(3)
    turn, flip = pulses(RYGate(pi / 2).to_matrix(), device), pulses(YGate().to_matrix(), device)
    circuit.compose(turn, [1], inplace=True)
    for target in (0, 2):
        circuit.compose(turn, [target], inplace=True)
        for echo in (True, False):
            circuit.rzz(pi / 4, *sorted((1, target)))
            if echo:
                for qubit in (1, target):
                    circuit.compose(flip, [qubit], inplace=True)
        for qubit in (1, target):
            circuit.rz(-pi / 2, qubit)
        circuit.compose(turn, [target], inplace=True)
    return circuit
