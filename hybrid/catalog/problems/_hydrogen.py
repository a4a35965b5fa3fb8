"""Integrals of the hydrogen molecule in STO-3G, in closed form: four kinds of integrals over s Gaussians.

Szabo and Ostlund, Modern Quantum Chemistry (1989), appendix A: equations A.9 (overlap), A.11 (kinetic energy), A.33 (nuclear
attraction) and A.41 (repulsion). Exponents and coefficients of hydrogen: Hehre, Stewart, Pople, J. Chem. Phys. 51, 2657 (1969),
for a Slater exponent of 1.24, to the digits of the Basis Set Exchange.
"""

from itertools import product
from math import erf, exp, pi, sqrt

import numpy as np

from hybrid.catalog.problems._integrals import Integrals

BOHR_ANGSTROM = 0.52917721092
"""CODATA 2010, which Qiskit Nature and PySCF take."""
EXPONENTS = (3.425250914, 0.6239137298, 0.1688554040)
COEFFICIENTS = (0.1543289673, 0.5353281423, 0.4446345422)
WEIGHTS = tuple(c * (2 * a / pi) ** 0.75 for a, c in zip(EXPONENTS, COEFFICIENTS, strict=True))
"""Coefficients of Gaussians that are not normalised."""


def hydrogen(distance_angstrom: float) -> Integrals:
    """Two electrons in the bonding and the antibonding orbital, which symmetry fixes: (a +- b) / sqrt(2 (1 +- s))."""
    r = distance_angstrom / BOHR_ANGSTROM
    at = (0.0, r)
    overlap, core, repulsion = np.zeros((2, 2)), np.zeros((2, 2)), np.zeros((2, 2, 2, 2))
    primitives = list(zip(EXPONENTS, WEIGHTS, strict=True))
    for m, n in product(range(2), repeat=2):
        for (a, wa), (b, wb) in product(primitives, repeat=2):
            overlap[m, n] += wa * wb * _overlap(a, b, at[m] - at[n])
            core[m, n] += wa * wb * _core(a, b, at[m], at[n], r)
    for m, n, p, q in product(range(2), repeat=4):
        for (a, wa), (b, wb), (c, wc), (d, wd) in product(primitives, repeat=4):
            repulsion[m, n, p, q] += wa * wb * wc * wd * _repulsion((a, b, c, d), (at[m], at[n], at[p], at[q]))
    s = overlap[0, 1] / overlap[0, 0]
    norm = np.sqrt(overlap[0, 0])
    orbitals = np.array([[1.0, 1.0], [1.0, -1.0]]) / np.sqrt(2 * (1 + np.array([s, -s]))) / norm
    one = orbitals.T @ core @ orbitals
    two = np.einsum("mnpq,mi,nj,pk,ql->ijkl", repulsion, orbitals, orbitals, orbitals, orbitals)
    return Integrals(1 / r, one, two, 1, 1)


def _overlap(a: float, b: float, apart: float) -> float:
    """A.9."""
    return (pi / (a + b)) ** 1.5 * exp(-a * b / (a + b) * apart**2)


def _core(a: float, b: float, x: float, y: float, r: float) -> float:
    """Kinetic energy and attraction by both protons, at 0 and r: A.11 and A.33."""
    p, reduced, middle = a + b, a * b / (a + b), (a * x + b * y) / (a + b)
    kinetic = reduced * (3 - 2 * reduced * (x - y) ** 2) * _overlap(a, b, x - y)
    attraction = -2 * pi / p * exp(-reduced * (x - y) ** 2) * sum(_f0(p * (middle - proton) ** 2) for proton in (0.0, r))
    return kinetic + attraction


def _repulsion(exponents: tuple[float, ...], at: tuple[float, ...]) -> float:
    """A.41."""
    (a, b, c, d), (w, x, y, z) = exponents, at
    p, q = a + b, c + d
    between = (a * w + b * x) / p - (c * y + d * z) / q
    decay = exp(-a * b / p * (w - x) ** 2 - c * d / q * (y - z) ** 2)
    return 2 * pi**2.5 / (p * q * sqrt(p + q)) * decay * _f0(p * q / (p + q) * between**2)


def _f0(t: float) -> float:
    """A.32; at small t its series."""
    return 1 - t / 3 + t**2 / 10 if t < 1e-6 else sqrt(pi / t) * erf(sqrt(t)) / 2
