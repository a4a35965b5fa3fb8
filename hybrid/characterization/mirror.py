"""Mirror circuits (Proctor et al., Nature Physics 18, 75 (2022), arXiv:2008.11294): layers, then the same layers undone.

A layer is a random Clifford gate on every qubit and CZ on randomly drawn coupled pairs, then random Paulis; so
a perfect device reads one bit string with certainty, a different one for every circuit. With S the frequency of that string
on w qubits, the polarization (S - 2^-w)/(1 - 2^-w) is 1 without errors and 0 for uniform outcomes. Initialisation and
readout errors count. There is no nominal value.
"""

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit.library import IGate, XGate, YGate, ZGate
from qiskit.quantum_info import Statevector, random_clifford

from hybrid.base.randomness import RandomCircuitStream, child
from hybrid.characterization.apparatus import Apparatus, count
from hybrid.characterization.native import native
from hybrid.characterization.result import ExperimentResult, Row

WIDTHS, DEPTHS = (2, 4, 6), (2, 8)
"""Numbers of qubits, and of layers, inverses included."""
CIRCUITS = 10
REALIZATIONS = 10
PAULIS = (IGate(), XGate(), YGate(), ZGate())
Edges = list[tuple[int, int]]


def mirror(apparatus: Apparatus, seed: np.random.SeedSequence) -> ExperimentResult:
    """The polarization at every width that the device has, and every depth."""
    rows = [_row(apparatus, child(seed, w, d), w, d) for w in WIDTHS for d in DEPTHS if w <= len(apparatus.qubits)]
    return ExperimentResult(tuple(rows))


def _row(apparatus: Apparatus, seed: np.random.SeedSequence, width: int, depth: int) -> Row:
    qubits, edges = place(apparatus, width)
    polarizations = []
    for k in range(CIRCUITS):
        circuit = mirrored(width, depth, edges, np.random.default_rng(child(seed, k, RandomCircuitStream.CIRCUIT)))
        ideal = int(np.argmax(Statevector(circuit).probabilities()))
        execution = apparatus.execution(native(circuit, apparatus.device), qubits, apparatus.conditions(REALIZATIONS))
        polarizations.append(
            (count(execution, ideal, child(seed, k, RandomCircuitStream.COUNTS)).value - 2.0**-width) / (1 - 2.0**-width)
        )
    return Row(
        experiment="mirror",
        qubits=qubits,
        value=float(np.mean(polarizations)),
        stderr=float(np.std(polarizations, ddof=1) / np.sqrt(CIRCUITS)),
        detail=f"{width} qubits, {depth} layers",
    )


def place(apparatus: Apparatus, width: int) -> tuple[tuple[int, ...], Edges]:
    """`width` qubits along couplings from the first one, and the couplings among them by their places."""
    chosen = list(apparatus.pairs[0])
    while len(chosen) < width:
        chosen.append(next(b if a in chosen else a for a, b in apparatus.pairs if (a in chosen) != (b in chosen)))
    qubits = tuple(sorted(chosen[:width]))
    inside = [(qubits.index(a), qubits.index(b)) for a, b in apparatus.pairs if a in qubits and b in qubits]
    return qubits, inside


def mirrored(width: int, depth: int, edges: Edges, rng: np.random.Generator) -> QuantumCircuit:
    """`depth` / 2 layers and their inverses in reverse, random Paulis after each."""
    layers = [_layer(width, edges, rng) for _ in range(depth // 2)]
    circuit = QuantumCircuit(width)
    for layer in [*layers, *(layer.inverse() for layer in reversed(layers))]:
        circuit.compose(layer, inplace=True)
        for qubit in range(width):
            circuit.append(PAULIS[rng.integers(4)], [qubit])
    return circuit


def _layer(width: int, edges: Edges, rng: np.random.Generator) -> QuantumCircuit:
    """A Clifford gate on every qubit, then CZ on couplings in random order, as long as they share no qubit."""
    layer, free = QuantumCircuit(width), set(range(width))
    for qubit in range(width):
        layer.compose(random_clifford(1, seed=rng).to_circuit(), [qubit], inplace=True)
    for a, b in rng.permutation(np.array(edges)).tolist():
        if {a, b} <= free:
            layer.cz(a, b)
            free -= {a, b}
    return layer
