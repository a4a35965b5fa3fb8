"""Quantum volume circuit: random two-qubit gates on random pairs."""

from qiskit import QuantumCircuit
from qiskit.circuit import library

from hybrid.catalog.circuits._shared import MAX_QUBITS, check, check_seed, measured


def quantum_volume(*, n: int = 4, depth: int | None = None, seed: int = 0) -> QuantumCircuit:
    """Quantum volume: `depth` (n) layers of random SU(4) gates on random pairs (Cross et al., arXiv:1811.12926).

    Ideally an irregular distribution whose outcomes above the median add up to about (1 + ln 2)/2 = 0.85; a device that keeps
    them above 2/3 on average has quantum volume 2^n. One circuit per seed. UsageError: n outside 2..1000, depth outside
    1..1000, more than 100,000 gates, a negative seed.
    """
    check("quantum_volume", "n", n, 2, MAX_QUBITS)
    layers = n if depth is None else depth
    check("quantum_volume", "depth", layers, 1, 1000)
    check("quantum_volume", "the number of gates, depth n/2,", layers * (n // 2), 1, 100_000)
    check_seed("quantum_volume", seed)
    return measured(library.quantum_volume(n, layers, seed=seed), "quantum_volume")
