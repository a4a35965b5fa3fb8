"""Fermions on qubits by linear encodings: Jordan-Wigner, parity and Bravyi-Kitaev are three choices of one binary matrix.

Spin orbitals are numbered spin by spin: all alpha, then all beta. Pauli products are kept as c X^x Z^z with bit masks x and z,
so that multiplying them is (x, z)(x', z') = (-1)^|z & x'| (x ^ x', z ^ z').
"""

from functools import reduce
from itertools import combinations
from typing import NamedTuple, final

import numpy as np
from jaxtyping import Bool, Float, UInt64
from qiskit.quantum_info import PauliList, SparsePauliOp
from qiskit.synthesis.linear import calc_inverse_matrix
from scipy.sparse import coo_array
from scipy.sparse.linalg import eigsh

from hybrid.catalog.problems._integrals import Integrals

NEGLIGIBLE = 1e-12
"""Relative to the largest coefficient: what cancels but for rounding."""
_MAX_DENSE = 400
_MAX_WORK = 2**30


class Products(NamedTuple):
    """Sum over t of coefficients[t] X^x[t] Z^z[t]."""

    x: UInt64[np.ndarray, " t"]
    z: UInt64[np.ndarray, " t"]
    coefficients: Float[np.ndarray, " t"]

    def times(self, other: "Products") -> "Products":
        """Every product of one from each."""
        x, z = (np.bitwise_xor.outer(a, b).ravel() for a, b in zip(self[:2], other[:2], strict=True))
        signs = 1.0 - 2.0 * (np.bitwise_count(np.bitwise_and.outer(self.z, other.x)) & 1)
        return Products(x, z, (np.multiply.outer(self.coefficients, other.coefficients) * signs).ravel())

    def collected(self, n: int) -> "Products":
        """Equal products of n qubits added up, what cancels left out."""
        keys, place = np.unique(self.x << np.uint64(n) | self.z, return_inverse=True)
        sums = np.bincount(place, weights=self.coefficients)
        keep = np.abs(sums) > NEGLIGIBLE * max(1.0, np.abs(sums).max())
        return Products(keys[keep] >> np.uint64(n), keys[keep] & np.uint64(2**n - 1), sums[keep])


@final
class Encoding(NamedTuple):
    """Qubits b = matrix n (mod 2) store the occupations n of the modes (Seeley, Richard, Love, J. Chem. Phys. 137, 224109,
    2012); `tapered` qubits hold conserved parities and are left out."""

    matrix: Bool[np.ndarray, "n n"]
    tapered: tuple[int, ...] = ()

    @property
    def n_modes(self) -> int:
        """Spin orbitals."""
        return len(self.matrix)

    def ladder(self, mode: int, raising: bool) -> Products:
        """a^dagger_j = Z_P X_U (1 + Z_F)/2, and a_j with the other sign.

        From the right: keep an empty (full) mode j, its occupation being the parity of the qubits F; flip U, all qubits that
        store it; take the sign of the modes before it, the parity of the qubits P.
        """
        inverse = calc_inverse_matrix(self.matrix)
        update, occupation = _mask(self.matrix[:, mode]), _mask(inverse[mode])
        parity = _mask(np.bitwise_xor.reduce(inverse[:mode], axis=0)) if mode else 0
        moved = Products(_masks([update]), _masks([0]), np.array([1.0]))
        signed = Products(_masks([0]), _masks([parity]), np.array([1.0]))
        kept = Products(_masks([0, 0]), _masks([0, occupation]), np.array([0.5, 0.5 if raising else -0.5]))
        return signed.times(moved).times(kept)

    def outcome(self, occupations: UInt64[np.ndarray, " s"]) -> UInt64[np.ndarray, " s"]:
        """Basis states of the qubits that store the occupations (bit j: mode j), tapered qubits left out."""
        outcomes = np.zeros_like(occupations)
        for q, row in enumerate(self.matrix):
            outcomes |= (np.bitwise_count(occupations & np.uint64(_mask(row))) & 1).astype(np.uint64) << np.uint64(q)
        return _without(outcomes, self.tapered)

    def occupied(self, outcome: int, n_alpha: int, n_beta: int) -> list[int]:
        """The modes that are full in a basis state of the qubits, those with these electrons: `outcome` turned round."""
        bits = np.zeros(self.n_modes, dtype=int)
        kept = [q for q in range(self.n_modes) if q not in self.tapered]
        bits[kept] = [outcome >> i & 1 for i in range(len(kept))]
        bits[list(self.tapered)] = [n_alpha % 2, (n_alpha + n_beta) % 2][: len(self.tapered)]
        return [int(mode) for mode in np.flatnonzero(calc_inverse_matrix(self.matrix) @ bits % 2)]


def encoding(mapping: str, n_modes: int) -> Encoding:
    """jordan_wigner, parity (without its two conserved qubits) or bravyi_kitaev on `n_modes` modes."""
    if mapping == "jordan_wigner":
        return Encoding(np.eye(n_modes, dtype=bool))
    if mapping == "parity":
        return Encoding(np.tril(np.ones((n_modes, n_modes), dtype=bool)), (n_modes // 2 - 1, n_modes - 1))
    return Encoding(_fenwick(n_modes))


def _fenwick(n: int) -> Bool[np.ndarray, "n n"]:
    """Qubit j stores the parity of as many modes up to j as the lowest set bit of j + 1 says: Bravyi and Kitaev's tree (Ann.
    Phys. 298, 210, 2002) as Fenwick's, for any n."""
    modes = np.arange(n)
    lengths = (modes + 1) & -(modes + 1)
    return (modes[None, :] <= modes[:, None]) & (modes[None, :] > modes[:, None] - lengths[:, None])


def hamiltonian(integrals: Integrals, code: Encoding) -> SparsePauliOp:
    """H = core + sum h'_pq E_pq + 1/2 sum (pq|rs) E_pq E_rs with E_pq = sum over spins of a^dagger_p a_q.

    Reordering a^dagger_p a^dagger_r a_s a_q into E_pq E_rs takes h'_pq = h_pq - 1/2 sum_r (pr|rq) (Helgaker, Jorgensen, Olsen,
    Molecular Electronic-Structure Theory, 2000, section 1.4).
    """
    m, n = len(integrals.one), code.n_modes
    raising, lowering = ([code.ladder(j, up) for j in range(n)] for up in (True, False))
    parts = [
        raising[p + spin].times(lowering[q + spin]) for p in range(m) for q in range(m) for spin in (0, m)
    ]  # 8 products for every E_pq
    excitations = _joined(parts)
    one = integrals.one - np.einsum("prrq->pq", integrals.two) / 2
    weights = np.repeat(one.ravel(), 8)
    single = excitations._replace(coefficients=weights * excitations.coefficients)
    two = np.repeat(np.repeat(integrals.two.reshape(m * m, m * m), 8, axis=0), 8, axis=1)
    double = excitations.times(excitations)
    double = double._replace(coefficients=double.coefficients * two.ravel() / 2)
    core = Products(_masks([0]), _masks([0]), np.array([integrals.core]))
    return _operator(_joined([core, single, double]), code, integrals.n_alpha, integrals.n_beta)


def number_and_spin(code: Encoding, n_alpha: int, n_beta: int) -> tuple[SparsePauliOp, SparsePauliOp]:
    """The number of electrons, and S^2 = S_- S_+ + S_z (S_z + 1) with S_+ = sum_p a^dagger_p,alpha a_p,beta (Helgaker et al.,
    section 2.4)."""
    m = code.n_modes // 2
    raising, lowering = ([code.ladder(j, up) for j in range(code.n_modes)] for up in (True, False))
    counted = [raising[j].times(lowering[j]) for j in range(code.n_modes)]
    number = _joined(counted)
    z = _joined([each._replace(coefficients=each.coefficients / (2 if j < m else -2)) for j, each in enumerate(counted)])
    up = _joined([raising[p].times(lowering[p + m]) for p in range(m)])
    down = _joined([raising[p + m].times(lowering[p]) for p in range(m)])
    spin = _joined([down.times(up), z.times(z), z])
    return _operator(number, code, n_alpha, n_beta), _operator(spin, code, n_alpha, n_beta)


def _joined(parts: list[Products]) -> Products:
    return Products(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def excitation(
    code: Encoding, annihilated: tuple[int, ...], created: tuple[int, ...], n_alpha: int, n_beta: int
) -> SparsePauliOp:
    """T - T^dagger on the encoded qubits, T = a+_r a_p or a+_r a+_s a_q a_p; it must conserve both spins."""
    ladders = [(mode, True) for mode in created] + [(mode, False) for mode in reversed(annihilated)]
    forward = reduce(Products.times, (code.ladder(mode, up) for mode, up in ladders))
    backward = reduce(Products.times, (code.ladder(mode, not up) for mode, up in reversed(ladders)))
    backward = backward._replace(coefficients=-backward.coefficients)
    return _operator(_joined([forward, backward]), code, n_alpha, n_beta)


def _tapered(products: Products, code: Encoding, n_alpha: int, n_beta: int) -> Products:
    """Conserved parities put in: the first tapered qubit holds that of alpha, the second that of all electrons."""
    if not code.tapered:
        return products
    parities = (n_alpha, n_alpha + n_beta)
    coefficients = products.coefficients.copy()
    for qubit, parity in zip(code.tapered, parities, strict=True):
        assert not (products.x >> np.uint64(qubit) & np.uint64(1)).any()
        if parity % 2:
            coefficients *= 1.0 - 2.0 * (products.z >> np.uint64(qubit) & np.uint64(1))
    rest = Products(_without(products.x, code.tapered), _without(products.z, code.tapered), coefficients)
    return rest.collected(code.n_modes - len(code.tapered))


def _operator(products: Products, code: Encoding, n_alpha: int, n_beta: int) -> SparsePauliOp:
    """On the qubits that are kept; X^x Z^z = (-i)^|x & z| times the Pauli string with Y where both are set."""
    products, n = _tapered(products.collected(code.n_modes), code, n_alpha, n_beta), code.n_modes - len(code.tapered)
    x, z = ((column[:, None] >> np.arange(n, dtype=np.uint64) & np.uint64(1)).astype(bool) for column in products[:2])
    phases = np.array([1, -1j, -1, 1j])[(x & z).sum(axis=1) % 4]
    return SparsePauliOp(PauliList.from_symplectic(z, x), products.coefficients * phases)


def sector(code: Encoding, n_alpha: int, n_beta: int) -> UInt64[np.ndarray, " s"]:
    """Sorted basis states of the qubits that hold n_alpha and n_beta electrons."""
    m = code.n_modes // 2
    alpha, beta = (
        np.array([sum(1 << i for i in chosen) for chosen in combinations(range(m), k)], dtype=np.uint64)
        for k in (n_alpha, n_beta)
    )
    return np.sort(code.outcome(np.bitwise_or.outer(alpha, beta << np.uint64(m)).ravel()))


def energies_in(
    operator: SparsePauliOp, states: UInt64[np.ndarray, " s"], *, every: bool = False
) -> Float[np.ndarray, " e"] | None:
    """The lowest eigenvalue of the operator within basis states it does not lead out of (or `every` one); None if too large."""
    powers = np.uint64(1) << np.arange(operator.num_qubits, dtype=np.uint64)
    z, x = operator.paulis.z @ powers, operator.paulis.x @ powers  # masks of every string
    if len(states) * len(x) > _MAX_WORK:
        return None
    phases = np.array([1, 1j, -1, -1j])[np.bitwise_count(x & z) % 4]
    coefficients = operator.coeffs * phases  # of X^x Z^z
    rows, columns, entries = [], [], []
    for flip in np.unique(x):
        group = x == flip
        signs = 1.0 - 2.0 * (np.bitwise_count(np.bitwise_and.outer(states, z[group])) & 1)
        values = signs @ coefficients[group].real
        place = np.searchsorted(states, states ^ flip)
        inside = (place < len(states)) & (states[np.minimum(place, len(states) - 1)] == states ^ flip)
        rows.append(place[inside])
        columns.append(np.flatnonzero(inside))
        entries.append(values[inside])
    size = len(states)
    matrix = coo_array((np.concatenate(entries), (np.concatenate(rows), np.concatenate(columns))), shape=(size, size)).tocsr()
    if every or size <= _MAX_DENSE:
        return np.linalg.eigvalsh(matrix.toarray())[: None if every else 1]
    start = np.random.default_rng(0).normal(size=size)
    return eigsh(matrix, k=1, which="SA", v0=start, ncv=40, tol=1e-12, return_eigenvectors=False)


def _without(masks: UInt64[np.ndarray, " t"], qubits: tuple[int, ...]) -> UInt64[np.ndarray, " t"]:
    """The masks with some bits taken out, higher ones moving down."""
    for qubit in sorted(qubits, reverse=True):
        low = np.uint64(2**qubit - 1)
        masks = masks & low | masks >> np.uint64(1) & ~low
    return masks


def _mask(bits: Bool[np.ndarray, " n"]) -> int:
    return sum(1 << int(q) for q in np.flatnonzero(bits))


def _masks(values: list[int]) -> UInt64[np.ndarray, " t"]:
    return np.array(values, dtype=np.uint64)
