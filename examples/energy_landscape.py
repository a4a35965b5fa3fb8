"""One line through the energy landscape of H2, ideal and on the stand-in: compile once, call with many points.

Run: python examples/energy_landscape.py
"""

import numpy as np
from qiskit.circuit import Parameter, QuantumCircuit
from qiskit.quantum_info import SparsePauliOp

import hybrid

# H2 at 0.735 angstrom in STO-3G, two qubits (seeds/h2_sto3g_0.735.pauli): total energy in hartree.
HAMILTONIAN = SparsePauliOp(
    ["II", "IZ", "ZI", "ZZ", "XX"],
    [-0.3324042513239112, 0.39793742484318045, -0.39793742484318045, -0.01128010425623538, 0.18093119978423156],
)


def one_excitation() -> QuantumCircuit:
    """cos(t/2)|01> + sin(t/2)|10>, up to a sign: the whole family that H2 needs."""
    circuit = QuantumCircuit(2)
    circuit.x(0)
    circuit.ry(Parameter("t"), 1)
    circuit.cx(1, 0)
    return circuit


def main() -> None:
    """Print the energy along t: exact, exact on the stand-in, and from 1,000 shots with standard errors."""
    points = np.linspace(-0.6, 0.6, 7)[:, None]
    circuit = one_excitation()
    ideal = hybrid.compile(circuit, HAMILTONIAN).values(points)
    stand_in = hybrid.compile(circuit, HAMILTONIAN, device="meluxina-q").values(points)
    shots = hybrid.compile(circuit, HAMILTONIAN, device="meluxina-q", shots=1000).values(points, seed=7)
    print("     t    ideal/Ha   stand-in/Ha   1,000 shots/Ha")
    for row in zip(points[:, 0], ideal.values, stand_in.values, shots.values, shots.stderr, strict=True):
        print("{:6.2f}  {:10.6f}  {:12.6f}  {:9.4f} +- {:.4f}".format(*row))


if __name__ == "__main__":
    main()
