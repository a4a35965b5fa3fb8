"""Random circuit of common gates."""

from math import pi

import numpy as np
from qiskit import QuantumCircuit

from hybrid.catalog.circuits._shared import MAX_QUBITS, check, check_seed, measured

FIXED = ("h", "x", "y", "z", "s", "sdg", "t", "tdg")
TURNS = ("rx", "ry", "rz")


def random(*, n: int = 4, depth: int = 4, seed: int = 0) -> QuantumCircuit:
    """Random circuit: `depth` layers, each a gate on every qubit, then CX or CZ on about half of the randomly drawn pairs.

    Gates are drawn from h x y z s sdg t tdg rx ry rz, angles from a whole turn. Ideally an irregular distribution without
    symmetry, made to reveal swapped qubits and wrong signs. One circuit per seed. UsageError: n outside 1..1000, depth outside
    1..1000, more than 100,000 gates, a negative seed.
    """
    check("random", "n", n, 1, MAX_QUBITS)
    check("random", "depth", depth, 1, 1000)
    check("random", "the number of gates, depth n,", depth * n, 1, 100_000)
    check_seed("random", seed)
    rng = np.random.default_rng(seed)
    circuit = QuantumCircuit(n)
    for _ in range(depth):
        for qubit in range(n):
            kind = (FIXED + TURNS)[rng.integers(len(FIXED + TURNS))]
            getattr(circuit, kind)(*([rng.uniform(-pi, pi)] if kind in TURNS else []), qubit)
        order = rng.permutation(n).tolist()
        for pair in zip(order[::2], order[1::2], strict=False):
            if kind := ("cx", "cz", "", "")[rng.integers(4)]:
                getattr(circuit, kind)(*pair)
    return measured(circuit, "random")
