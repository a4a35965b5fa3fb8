"""A molecule from an XYZ file, its integrals computed with PySCF."""

from pathlib import Path
from typing import Literal

import numpy as np

from hybrid.base.errors import MissingPart, UsageError, shortened
from hybrid.base.types import Problem
from hybrid.catalog.problems._inputs import finite, rows
from hybrid.catalog.problems._integrals import Integrals
from hybrid.catalog.problems._molecule import molecular_problem

SUFFIXES = (".xyz",)
MAX_ATOMS = 50
MAX_FUNCTIONS = 64
"""Basis functions: 64^4 integrals are 128 MiB."""


def molecule(
    *,
    xyz: str,
    basis: str = "sto-3g",
    charge: int = 0,
    unpaired: int = 0,
    mapping: Literal["jordan_wigner", "parity", "bravyi_kitaev"] = "jordan_wigner",
    active: str | None = None,
    frozen: int = 0,
) -> Problem:
    """A molecule from an XYZ file (angstrom): its total energy.

    In hartree; orbitals from restricted Hartree-Fock.

    Computed with PySCF (Sun et al., J. Chem. Phys. 153, 024109, 2020; `pip install 'hybrid-sandbox[chemistry]'`).
    `unpaired` electrons make it restricted open-shell. The rest as for fcidump. UsageError: not an XYZ file, an unknown
    element or basis, electrons that do not fit, a Hartree-Fock that does not converge; MissingPart without PySCF.
    """
    return molecular_problem("molecule", _integrals(_atoms(Path(xyz)), basis, charge, unpaired), mapping, active, frozen)


def _atoms(path: Path) -> list[tuple[str, list[float]]]:
    """Element and position of every atom: a line with their number, a line of comment, then one line each."""
    atoms, lines = [], list(rows(path))
    head = lines[0] if lines else (f"{path}", [])
    if len(head[1]) != 1 or not head[1][0].isdecimal() or not 1 <= int(head[1][0][:6]) <= MAX_ATOMS:
        raise UsageError(f"{head[0]}: an XYZ file starts with its number of atoms, at most {MAX_ATOMS}.")
    second = int(head[0].rpartition(":")[2]) + 1
    body = [(where, words) for where, words in lines[1:] if int(where.rpartition(":")[2]) > second]
    for where, words in body:
        if len(words) != 4:
            raise UsageError(f"{where}: write 'element x y z', not '{shortened(' '.join(words))}'.")
        atoms.append(
            (words[0], [finite(where, f"{axis} coordinate", word) for axis, word in zip("xyz", words[1:], strict=True)])
        )
    if len(atoms) != int(head[1][0]):
        raise UsageError(f"{head[0]}: announces {head[1][0]} atoms, the file has {len(atoms)}.")
    return atoms


def _integrals(atoms: list[tuple[str, list[float]]], basis: str, charge: int, unpaired: int) -> Integrals:
    """Restricted Hartree-Fock and its integrals over molecular orbitals, single-threaded and without files."""
    try:
        from pyscf import ao2mo, gto, lib, scf  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise MissingPart(
            "molecules are computed with PySCF. Install it with: pip install 'hybrid-sandbox[chemistry]'"
        ) from None
    with lib.with_omp_threads(1):
        try:
            mol = gto.M(atom=atoms, basis=basis, charge=charge, spin=unpaired, verbose=0, dump_input=False, parse_arg=False)
        except Exception as error:  # PySCF tells of unknown elements and bases in a dozen ways
            raise UsageError(f"problem 'molecule': PySCF refuses it: {shortened(str(error), 160)}.") from None
        if mol.nao > MAX_FUNCTIONS:
            raise UsageError(f"problem 'molecule': {mol.nao} basis functions; at most {MAX_FUNCTIONS} are computed here.")
        field = scf.RHF(mol) if unpaired == 0 else scf.ROHF(mol)
        field.conv_tol = 1e-11
        field.kernel()
        if not field.converged:
            raise UsageError("problem 'molecule': Hartree-Fock does not converge for it.")
        orbitals = field.mo_coeff
        one = orbitals.T @ field.get_hcore() @ orbitals
        two = ao2mo.restore(1, ao2mo.kernel(mol, orbitals), orbitals.shape[1])
    n_alpha, n_beta = mol.nelec
    return Integrals(float(mol.energy_nuc()), one, np.asarray(two), n_alpha, n_beta)
