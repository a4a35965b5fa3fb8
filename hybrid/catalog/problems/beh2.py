"""Beryllium hydride in STO-3G."""

from typing import Literal

from hybrid.base.types import Problem
from hybrid.catalog.problems._molecule import shipped

SEE_ALSO = ("molecule", "fcidump")


def beh2(*, mapping: Literal["jordan_wigner", "parity", "bravyi_kitaev"] = "parity", active: str | None = "4e6o") -> Problem:
    """Linear BeH2, Be-H 1.3264 angstrom, in STO-3G: total energy.

    In hartree.

    The lowest orbital is frozen, which leaves 4 electrons in 6 orbitals: 10 qubits with `parity`, 12 with the others.
    `active=none` keeps every orbital. Integrals from PySCF, in `hybrid/catalog/problems/_molecules/beh2.fcidump` made by
    `seeds/molecules.py`. UsageError: an active space that does not fit.
    """
    return shipped("beh2", mapping, active)
