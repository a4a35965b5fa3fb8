"""Molecular integrals over real orbitals, and the active space cut out of them."""

import re
from typing import NamedTuple, final

import numpy as np
from jaxtyping import Float

from hybrid.base.errors import UsageError

MAX_ORBITALS = 12
"""24 qubits, and 1.3 million products to collect; larger molecules need an active space."""
BRILLOUIN = 1e-5
"""Hartree: below, the Fock matrix does not mix occupied and empty orbitals (convergence of a usual Hartree-Fock run)."""


@final
class Integrals(NamedTuple):
    """core energy, h_pq as one[p, q] and (pq|rs) as two[p, q, r, s], all in hartree, and the electrons of each spin."""

    core: float
    one: Float[np.ndarray, "m m"]
    two: Float[np.ndarray, "m m m m"]
    n_alpha: int
    n_beta: int

    def folded(self, frozen: int, kept: int) -> "Integrals":
        """The first `frozen` orbitals doubly occupied for good and put into core and one-electron integrals, the next `kept`
        left: core += sum_i (h_ii + f_ii), h_pq += sum_i 2 (pq|ii) - (pi|iq)."""
        cold, live = slice(0, frozen), slice(frozen, frozen + kept)
        coulomb = np.einsum("pqii->pq", self.two[:, :, cold, cold])
        exchange = np.einsum("piiq->pq", self.two[:, cold, cold, :])
        fock = self.one + 2 * coulomb - exchange
        core = self.core + float(np.trace(self.one[cold, cold]) + np.trace(fock[cold, cold]))
        two = self.two[live, live, live, live]
        return Integrals(core, fock[live, live], two, self.n_alpha - frozen, self.n_beta - frozen)

    def aufbau_energy(self) -> float:
        """<H> of the determinant that fills the first orbitals of each spin."""
        alpha, beta = (np.arange(len(self.one)) < n for n in (self.n_alpha, self.n_beta))
        n = alpha.astype(float) + beta
        coulomb = np.einsum("ppqq->pq", self.two)
        exchange = np.einsum("pqqp->pq", self.two)
        same = sum(np.outer(spin, spin).astype(float) for spin in (alpha, beta))
        return self.core + float(n @ np.diag(self.one) + (n @ coulomb @ n - (same * exchange).sum()) / 2)

    @property
    def is_hartree_fock(self) -> bool:
        """Whether that determinant is stationary, no Fock matrix joining its orbitals to empty ones (Brillouin's theorem), with
        the empty ones above: a stationary excited determinant is not meant."""
        counts = (self.n_alpha, self.n_beta)
        density = [np.diag((np.arange(len(self.one)) < n).astype(float)) for n in counts]
        coulomb = np.einsum("pqrs,rs->pq", self.two, density[0] + density[1])
        for own, n in zip(density, counts, strict=True):
            fock = self.one + coulomb - np.einsum("prsq,rs->pq", self.two, own)
            full, empty = np.linalg.eigvalsh(fock[:n, :n]), np.linalg.eigvalsh(fock[n:, n:])
            if np.abs(fock[:n, n:]).max(initial=0.0) > BRILLOUIN or full.max(initial=-np.inf) > empty.min(initial=np.inf):
                return False
        return True


def active_space(owner: str, integrals: Integrals, active: str | None, frozen: int) -> Integrals:
    """`active` as in 4e4o: so many electrons in so many orbitals, those below doubly occupied, those above empty. `frozen`
    freezes so many of the lowest orbitals and keeps the rest. UsageError: more electrons or orbitals than there are."""
    m, electrons = len(integrals.one), integrals.n_alpha + integrals.n_beta
    if active is None:
        kept = m - frozen
        if not (0 <= frozen <= min(integrals.n_alpha, integrals.n_beta) and kept > 0):
            most = min(integrals.n_alpha, integrals.n_beta, m - 1)
            raise UsageError(f"problem '{owner}': frozen must lie between 0 and {most}, not {frozen}.")
    else:
        if frozen:
            raise UsageError(f"problem '{owner}': active={active} already determines the frozen orbitals; leave frozen out.")
        match = re.fullmatch(r"(\d{1,3})e(\d{1,3})o", active)
        if match is None:
            raise UsageError(f"problem '{owner}': write the active space as 4e4o (electrons, orbitals), not '{active}'.")
        wanted, kept = int(match[1]), int(match[2])
        frozen, rest = divmod(electrons - wanted, 2)
        if rest or frozen < 0 or frozen > min(integrals.n_alpha, integrals.n_beta) or kept == 0 or frozen + kept > m:
            raise UsageError(
                f"problem '{owner}': active={active} does not fit {electrons} electrons in {m} orbitals: an even number of "
                f"electrons is frozen in pairs, and {max(frozen, 0)} frozen and {kept} active orbitals are needed."
            )
    integrals_ = integrals.folded(frozen, kept)
    if not (0 <= integrals_.n_alpha <= kept and 0 <= integrals_.n_beta <= kept):
        raise UsageError(
            f"problem '{owner}': {kept} orbitals cannot hold {integrals_.n_alpha} and {integrals_.n_beta} electrons."
        )
    if kept > MAX_ORBITALS:
        raise UsageError(
            f"problem '{owner}': {kept} orbitals take {2 * kept} qubits, at most {MAX_ORBITALS} orbitals are read; "
            "choose an active space, as in active=4e4o."
        )
    return integrals_
