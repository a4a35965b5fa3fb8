"""Makes the molecules that are shipped: FCIDUMP files with their reference energies, all from PySCF.

Run in an environment with pyscf, from the root of the checkout: python seeds/molecules.py
It writes the whole STO-3G space of LiH, BeH2 and H2O to hybrid/catalog/problems/_molecules/ (for `lih`, `beh2`, `h2o`), three
active spaces to seeds/, and what they are to seeds/molecules.toml: the orbitals are those of restricted Hartree-Fock, the
energies PySCF's own. The files have no comments, which many readers of FCIDUMP do not know.
"""

import json
import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyscf
from pyscf import ao2mo, fci, gto, mcscf, scf

ROOT = Path(__file__).parents[1]
ANGLE = math.radians(104.4776 / 2)


class Molecule(NamedTuple):
    """Atoms in angstrom, what to say of the geometry, electrons and orbitals of the shipped active space."""

    atoms: str
    geometry: str
    active: tuple[int, int]


MOLECULES = {
    "lih": Molecule("Li 0 0 0; H 0 0 1.6", "Li-H 1.6 angstrom", (2, 5)),
    "beh2": Molecule("Be 0 0 0; H 0 0 1.3264; H 0 0 -1.3264", "linear, Be-H 1.3264 angstrom (experiment)", (4, 6)),
    "h2o": Molecule(
        f"O 0 0 0; H 0 {0.958 * math.sin(ANGLE):.10f} {0.958 * math.cos(ANGLE):.10f}; "
        f"H 0 {-0.958 * math.sin(ANGLE):.10f} {0.958 * math.cos(ANGLE):.10f}",
        "O-H 0.958 angstrom, H-O-H 104.4776 degrees (experiment)",
        (4, 4),
    ),
}


def dump(path: Path, core: float, one: np.ndarray, two: np.ndarray, electrons: int) -> None:
    """One FCIDUMP file; `two` in chemists' order with all its symmetries. Zeros below 1e-12 hartree are left out."""
    m = len(one)
    lines = [f"&FCI NORB={m}, NELEC={electrons}, MS2=0,", f" ORBSYM={','.join('1' * m)},", " ISYM=1,", "&END"]
    pairs = [(i, j) for i in range(m) for j in range(i + 1)]
    for a, (i, j) in enumerate(pairs):
        for r, s in pairs[: a + 1]:
            if abs(two[i, j, r, s]) > 1e-12:
                lines.append(f"{two[i, j, r, s]:.16g} {i + 1} {j + 1} {r + 1} {s + 1}")
    lines += [f"{one[i, j]:.16g} {i + 1} {j + 1} 0 0" for i, j in pairs if abs(one[i, j]) > 1e-12]
    lines.append(f"{core:.16g} 0 0 0 0")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(path.relative_to(ROOT), len(lines), "lines")


def make(name: str, molecule: Molecule) -> str:
    """Both files of one molecule; returns what the TOML file says of them."""
    mol = gto.M(atom=molecule.atoms, basis="sto-3g", symmetry=True, verbose=0)
    field = scf.RHF(mol)
    field.conv_tol = 1e-13
    field.kernel()
    assert field.converged
    orbitals = field.mo_coeff
    one = orbitals.T @ field.get_hcore() @ orbitals
    two = ao2mo.restore(1, ao2mo.kernel(mol, orbitals), orbitals.shape[1])
    exact = fci.direct_spin1.kernel(one, two, len(one), mol.nelec, ecore=mol.energy_nuc(), conv_tol=1e-13)[0]
    whole, about = (
        f"hybrid/catalog/problems/_molecules/{name}.fcidump",
        {
            "geometry": molecule.geometry,
            "atoms_angstrom": molecule.atoms,
            "basis": "STO-3G",
            "orbitals": "restricted Hartree-Fock, canonical",
            "software": f"PySCF {pyscf.__version__}",
            "hartree_fock_ha": round(field.e_tot, 12),
        },
    )
    dump(ROOT / whole, mol.energy_nuc(), one, two, mol.nelectron)

    electrons, kept = molecule.active
    cas = mcscf.CASCI(field, kept, electrons)
    cas.fcisolver.conv_tol = 1e-13
    energy = cas.kernel()[0]
    effective, core = cas.get_h1eff()
    inside = ao2mo.restore(1, cas.get_h2eff(), kept)
    active = f"seeds/{name}_sto3g_{electrons}e{kept}o.fcidump"
    dump(ROOT / active, core, effective, inside, electrons)
    space = "the lowest orbitals frozen in pairs, the highest empty"
    return table(whole, about | {"space": "all orbitals", "full_ci_ha": round(exact, 12)}) + table(
        active, about | {"space": f"{electrons}e{kept}o: {space}", "casci_ha": round(energy, 12)}
    )


def table(file: str, entries: dict[str, str | float]) -> str:
    """One table of TOML."""
    lines = [f"{key} = {json.dumps(value)}" for key, value in entries.items()]
    return f'["{file}"]\n' + "\n".join(lines) + "\n\n"


if __name__ == "__main__":
    (ROOT / "hybrid/catalog/problems/_molecules").mkdir(exist_ok=True)
    about_all = "".join(make(key, value) for key, value in MOLECULES.items())
    (ROOT / "seeds/molecules.toml").write_text(
        f"# Written by seeds/molecules.py; energies in hartree.\n\n{about_all.rstrip()}\n"
    )
