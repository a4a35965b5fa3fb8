"""Orbitals in the order of their energies, found from the integrals themselves: files may order them by symmetry.

Szabo and Ostlund, "Modern Quantum Chemistry" (1996), sections 3.4 and 3.8.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from hybrid.catalog.problems._integrals import Integrals

BRILLOUIN = 1e-5
"""Hartree: below, the Fock matrix does not mix occupied and empty orbitals (convergence of a usual Hartree-Fock run)."""


class Fock(NamedTuple):
    """Fock matrices (m, m) of the determinant that fills the first orbitals of each spin, in hartree, and their mean."""

    alpha: Float[np.ndarray, "m m"]
    beta: Float[np.ndarray, "m m"]

    @property
    def mean(self) -> Float[np.ndarray, "m m"]:
        """What closed shells see; its diagonal orders the orbitals."""
        return (self.alpha + self.beta) / 2


def fock(integrals: Integrals) -> Fock:
    """f_pq = h_pq + sum_r (pq|rr) - (pr|rq), Coulomb over all filled orbitals and exchange over those of equal spin (3.348)."""
    filled = [(np.arange(len(integrals.one)) < n).astype(float) for n in (integrals.n_alpha, integrals.n_beta)]
    coulomb = np.einsum("pqrr,r->pq", integrals.two, filled[0] + filled[1])
    return Fock(*(integrals.one + coulomb - np.einsum("prrq,r->pq", integrals.two, own) for own in filled))


def is_hartree_fock(integrals: Integrals) -> bool:
    """Whether that determinant is stationary (Brillouin's theorem, with open shells that of restricted orbitals), the empty
    orbitals above the filled ones: a stationary excited determinant is not meant."""
    alpha, beta = fock(integrals)
    low, high = sorted((integrals.n_alpha, integrals.n_beta))
    open_shell = (beta, alpha) if integrals.n_alpha > integrals.n_beta else (alpha, beta)
    mixing = (open_shell[0][:low, low:high], open_shell[1][low:high, high:], (alpha + beta)[:low, high:] / 2)
    if any(np.abs(block).max(initial=0.0) > BRILLOUIN for block in mixing):
        return False
    for matrix, n in ((alpha, integrals.n_alpha), (beta, integrals.n_beta)):
        full, empty = np.linalg.eigvalsh(matrix[:n, :n]), np.linalg.eigvalsh(matrix[n:, n:])
        if full.max(initial=-np.inf) > empty.min(initial=np.inf):
            return False
    return True


def by_energy(integrals: Integrals) -> Integrals:
    """The orbitals with those that Hartree-Fock fills first, each shell by energy; as they are where no order is Hartree-Fock.

    Within a shell orbitals that the Fock matrix mixes (localised ones) and those of equal energy keep the order of the file.
    """
    starts = [np.arange(len(integrals.one)), np.argsort(np.diag(integrals.one), kind="stable")]
    found = [ordered for start in starts if is_hartree_fock(ordered := _filled_by_energy(_permuted(integrals, start)))]
    if not found:
        return integrals
    best = min(found, key=lambda one: round(one.aufbau_energy(), 6))
    low, high = sorted((best.n_alpha, best.n_beta))
    mean = fock(best).mean
    order = np.arange(len(mean))
    for shell in (slice(0, low), slice(low, high), slice(high, None)):
        block = mean[shell, shell]
        if np.abs(block - np.diag(np.diag(block))).max(initial=0.0) < BRILLOUIN:
            order[shell] = order[shell][_sorted(np.diag(block))]
    return _permuted(best, order)


def _sorted(energies: Float[np.ndarray, " m"]) -> np.ndarray:
    return np.argsort(np.round(energies, 5), kind="stable")


def _filled_by_energy(integrals: Integrals) -> Integrals:
    """The orbitals with the lowest of its own Fock matrix first, again and again until the filled ones stay."""
    for _ in range(len(integrals.one)):
        if is_hartree_fock(integrals):
            break
        integrals = _permuted(integrals, _sorted(np.diag(fock(integrals).mean)))
    return integrals


def _permuted(integrals: Integrals, order: np.ndarray) -> Integrals:
    one, two = integrals.one[np.ix_(order, order)], integrals.two[np.ix_(order, order, order, order)]
    return integrals._replace(one=one, two=two)
