"""Water in STO-3G."""

from typing import Literal

from hybrid.base.types import Problem
from hybrid.catalog.problems._molecule import shipped

SEE_ALSO = ("molecule", "fcidump")


def h2o(*, mapping: Literal["jordan_wigner", "parity", "bravyi_kitaev"] = "parity", active: str | None = "8e6o") -> Problem:
    """H2O in STO-3G: total energy.

    O-H 0.958 angstrom, 104.4776 degrees; energies in hartree.

    The lowest orbital is frozen, which leaves 8 electrons in 6 orbitals: 10 qubits with `parity`, 12 with the others.
    `active=none` keeps every orbital. Integrals from PySCF, in `hybrid/catalog/problems/_molecules/h2o.fcidump` made by
    `seeds/molecules.py`. UsageError: an active space that does not fit.
    """
    return shipped("h2o", mapping, active)
