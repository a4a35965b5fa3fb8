"""A molecule or any other two-body Hamiltonian of electrons from an FCIDUMP file."""

from pathlib import Path
from typing import Literal

from hybrid.base.types import Problem
from hybrid.catalog.problems._integrals import read_fcidump
from hybrid.catalog.problems._molecule import molecular_problem

SUFFIXES = (".fcidump",)


def fcidump(
    *,
    file: str,
    mapping: Literal["jordan_wigner", "parity", "bravyi_kitaev"] = "jordan_wigner",
    active: str | None = None,
    frozen: int = 0,
) -> Problem:
    """A molecule from an FCIDUMP file: its total energy.

    Of the electrons in the file's orbitals, in hartree.

    Spin orbitals are ordered alpha first, then beta; `parity` leaves out its two conserved qubits. `active=4e4o` keeps four
    electrons in four orbitals, `frozen=1` only freezes the lowest; orbitals count by energy, whatever their order in the file.
    Beside it: Hartree-Fock and the exact energy with these electrons. UsageError names file and line.
    """
    return molecular_problem("fcidump", read_fcidump(Path(file)), mapping, active, frozen)
