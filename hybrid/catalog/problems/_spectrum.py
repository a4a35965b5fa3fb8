"""Exact lowest energies of small Hamiltonians, the reference every variational result is compared with."""

import numpy as np
from jaxtyping import Float, Int, Num
from qiskit.quantum_info import SparsePauliOp
from scipy.sparse import csr_array
from scipy.sparse.linalg import ArpackNoConvergence, eigsh

MAX_DIAGONAL_QUBITS = 20
MAX_QUBITS = 16
_MAX_ENTRIES = 2**24
_MAX_DENSE_QUBITS = 6


def diagonal(hamiltonian: SparsePauliOp) -> Float[np.ndarray, " d"] | None:
    """<b|H|b> of every basis state b, d = 2^n, terms with X or Y dropped; None above 20 qubits.

    A fast Walsh-Hadamard transform of the coefficients: n 2^n steps however many terms there are.
    """
    n = hamiltonian.num_qubits
    if n > MAX_DIAGONAL_QUBITS:
        return None
    kept = ~hamiltonian.paulis.x.any(axis=1)
    entries = np.zeros((1, 2**n))
    np.add.at(entries[0], _masks(hamiltonian.paulis.z[kept]), hamiltonian.coeffs[kept].real)
    return _signed_sums(entries)[0]


def ground_energy(hamiltonian: SparsePauliOp) -> float | None:
    """The lowest eigenvalue to about 1e-12 of the spectrum's width; None above 16 qubits or 2^24 matrix entries.

    Row b of a Pauli string with bit masks (x, z) holds (-i)^|x&z| (-1)^|b&z| in column b^x, so that strings of equal x
    share one Walsh-Hadamard transform and the sparse matrix is filled without a loop over terms.
    """
    n = hamiltonian.num_qubits
    if not hamiltonian.paulis.x.any():
        energies = diagonal(hamiltonian)
        return None if energies is None else float(energies.min())
    if n > MAX_QUBITS:
        return None
    flips, which = np.unique(_masks(hamiltonian.paulis.x), return_inverse=True)
    if flips.size * 2**n > _MAX_ENTRIES:
        return None
    entries = np.zeros((flips.size, 2**n), dtype=complex)
    phases = np.array([1, -1j, -1, 1j])[(hamiltonian.paulis.x & hamiltonian.paulis.z).sum(axis=1) % 4]
    np.add.at(entries, (which, _masks(hamiltonian.paulis.z)), hamiltonian.coeffs * phases)
    entries = _signed_sums(entries)
    if not np.imag(entries).any():
        entries = np.real(entries)
    states = np.arange(2**n, dtype=np.int32)
    columns = (states[:, None] ^ flips[None, :].astype(np.int32)).ravel()
    starts = np.arange(0, columns.size + 1, flips.size, dtype=np.int32)
    matrix = csr_array((np.ascontiguousarray(entries.T).ravel(), columns, starts), shape=(2**n, 2**n))
    if n <= _MAX_DENSE_QUBITS:
        return float(np.linalg.eigvalsh(matrix.toarray())[0])
    start = np.random.default_rng(0).normal(size=2**n).astype(entries.dtype)
    try:
        return float(eigsh(matrix, k=1, which="SA", v0=start, ncv=40, tol=1e-12, return_eigenvectors=False)[0])
    except ArpackNoConvergence:
        return None


def _masks(bits: np.ndarray) -> Int[np.ndarray, " t"]:
    """Rows of booleans (t, n), qubit 0 first, as integers."""
    return bits @ (1 << np.arange(bits.shape[1], dtype=np.int64))


def _signed_sums(values: Num[np.ndarray, "m d"]) -> Num[np.ndarray, "m d"]:
    """out[:, b] = sum over z of (-1)^|b&z| values[:, z], in n passes over the array."""
    rows, size = values.shape
    step = 1
    while step < size:
        low, high = np.moveaxis(values.reshape(rows, size // (2 * step), 2, step), 2, 0)
        values = np.stack([low + high, low - high], axis=2).reshape(rows, size)
        step *= 2
    return values
