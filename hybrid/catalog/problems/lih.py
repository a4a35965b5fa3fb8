"""Lithium hydride at 1.6 angstrom in STO-3G."""

from typing import Literal

from hybrid.base.types import Problem
from hybrid.catalog.problems._molecule import shipped

SEE_ALSO = ("molecule", "fcidump")


def lih(
    *, mapping: Literal["jordan_wigner", "parity", "bravyi_kitaev"] = "jordan_wigner", active: str | None = "2e5o"
) -> Problem:
    """LiH at 1.6 angstrom in STO-3G: total energy.

    In hartree.

    The lowest orbital is frozen, which leaves 2 electrons in 5 orbitals: 10 qubits, or 8 with `parity`.
    `active=none` keeps every orbital. Integrals from PySCF, in `hybrid/catalog/problems/_molecules/lih.fcidump` made by
    `seeds/molecules.py`. UsageError: an active space that does not fit.
    """
    return shipped("lih", mapping, active)
