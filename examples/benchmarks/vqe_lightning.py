"""What `hybrid run vqe tfim:n=10 --optimizer adam` does, as one writes it with PennyLane's lightning.qubit; for `engine.py`.

    python examples/benchmarks/vqe_lightning.py [iterations]

Adjoint gradients and PennyLane's own Adam, from 0.1 rad around |0...0>; the energy of every iteration goes to vqe.json.
"""

import json
import sys
from pathlib import Path

import pennylane as qml
from pennylane import numpy as np

QUBITS, LAYERS = 10, 3


def main(iterations: int) -> None:
    """Optimise, print and save."""
    terms = [qml.Z(q) @ qml.Z(q + 1) for q in range(QUBITS - 1)] + [qml.X(q) for q in range(QUBITS)]
    hamiltonian = qml.Hamiltonian([-1.0] * len(terms), terms)

    @qml.qnode(qml.device("lightning.qubit", wires=QUBITS), diff_method="adjoint")
    def energy(theta):
        place = iter(theta)
        for layer in range(LAYERS + 1):
            for gate in (qml.RY, qml.RZ):
                for q in range(QUBITS):
                    gate(next(place), wires=q)
            for q in range((QUBITS - 1) * (layer < LAYERS)):
                qml.CNOT(wires=[q, q + 1])
        return qml.expval(hamiltonian)

    rng = np.random.default_rng(0)
    theta = np.array(rng.normal(0, 0.1, 2 * QUBITS * (LAYERS + 1)), requires_grad=True)
    optimizer, energies = qml.AdamOptimizer(0.05), []
    for _ in range(iterations):
        theta, value = optimizer.step_and_cost(energy, theta)
        energies.append(float(value))
    energies.append(float(energy(theta)))
    Path("vqe.json").write_text(json.dumps({"energies": energies, "theta": theta.tolist()}))
    print(energies[-1])


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
