"""H2 in STO-3G on four qubits (Jordan-Wigner), its integrals computed from the published basis set alone.

Contracted Gaussians of zeta 1.24 (Hehre, Stewart & Pople, J. Chem. Phys. 51, 2657, 1969); formulas of Szabo & Ostlund, app. A.
"""

import itertools
from math import erf, exp, pi, sqrt
from pathlib import Path

import numpy as np

ANGSTROM = 1 / 0.529177210903  # bohr, CODATA 2018
EXPONENTS = (3.425250914, 0.6239137298, 0.1688554040)
COEFFICIENTS = (0.1543289673, 0.5353281423, 0.4446345422)


def boys(t: float) -> float:
    """F_0(t), the integral of exp(-t u^2) over 0..1."""
    return 1 - t / 3 if t < 1e-9 else 0.5 * sqrt(pi / t) * erf(sqrt(t))


def integrals(angstrom: float) -> tuple[np.ndarray, np.ndarray, float]:
    """Core Hamiltonian h_pq and repulsion (pq|rs) over the bonding and the antibonding orbital, and 1/R, in hartree."""
    r = angstrom * ANGSTROM
    centers = (0.0, r)
    primitives = [(a, c * (2 * a / pi) ** 0.75) for a, c in zip(EXPONENTS, COEFFICIENTS, strict=True)]
    overlap, core, repulsion = np.zeros((2, 2)), np.zeros((2, 2)), np.zeros((2,) * 4)
    for p, q in itertools.product(range(2), repeat=2):
        for (a, ca), (b, cb) in itertools.product(primitives, repeat=2):
            total, distance = a + b, centers[p] - centers[q]
            s = ca * cb * (pi / total) ** 1.5 * exp(-a * b / total * distance**2)
            place = (a * centers[p] + b * centers[q]) / total
            overlap[p, q] += s
            reduced = a * b / total
            core[p, q] += s * reduced * (3 - 2 * reduced * distance**2)
            for nucleus in centers:
                core[p, q] -= s * 2 * sqrt(total / pi) * boys(total * (place - nucleus) ** 2)
    for index in itertools.product(range(2), repeat=4):
        for (a, ca), (b, cb), (c, cc), (d, cd) in itertools.product(primitives, repeat=4):
            at = [centers[i] for i in index]
            left, right = a + b, c + d
            between = exp(-a * b / left * (at[0] - at[1]) ** 2 - c * d / right * (at[2] - at[3]) ** 2)
            gap = (a * at[0] + b * at[1]) / left - (c * at[2] + d * at[3]) / right
            factor = 2 * pi**2.5 / (left * right * sqrt(left + right))
            repulsion[index] += ca * cb * cc * cd * factor * between * boys(left * right / (left + right) * gap**2)
    orbitals = np.array([[1, 1], [1, -1]]).T / np.sqrt(2 * (1 + np.array([1, -1]) * overlap[0, 1]))  # by symmetry
    return (
        orbitals.T @ core @ orbitals,
        np.einsum("pqrs,pi,qj,rk,sl->ijkl", repulsion, *[orbitals] * 4),
        1 / r,
    )


def write(folder: Path, angstrom: float = 0.735) -> str:
    """The path of an FCIDUMP file of H2, a problem on the command line."""
    core, repulsion, nuclear = integrals(angstrom)
    rows = ["&FCI NORB=2,NELEC=2,MS2=0,", " ORBSYM=1,1,", " ISYM=1,", "&END"]
    for i, j, k, m in ((1, 1, 1, 1), (2, 1, 2, 1), (2, 2, 1, 1), (2, 2, 2, 2)):
        rows.append(f"{repulsion[i - 1, j - 1, k - 1, m - 1]:.15g} {i} {j} {k} {m}")
    rows += [f"{core[0, 0]:.15g} 1 1 0 0", f"{core[1, 1]:.15g} 2 2 0 0", f"{nuclear:.15g} 0 0 0 0"]
    path = folder / "h2.fcidump"
    path.write_text("\n".join(rows) + "\n")
    return str(path)
