"""The Hubbard model: electrons that hop and repel each other on the same site."""

import math
from dataclasses import replace
from typing import Literal

import numpy as np

from hybrid.base.errors import UsageError
from hybrid.base.types import Problem
from hybrid.catalog.problems._fermions import encoding
from hybrid.catalog.problems._integrals import MAX_ORBITALS, Integrals
from hybrid.catalog.problems._lattice import lattice, two_colouring
from hybrid.catalog.problems._molecule import molecular_problem


def hubbard(
    *,
    n: int = 2,
    t: float = 1.0,
    u: float = 4.0,
    rows: int = 1,
    periodic: bool = False,
    electrons: int | None = None,
    mapping: Literal["jordan_wigner", "parity", "bravyi_kitaev"] = "jordan_wigner",
) -> Problem:
    """Fermi-Hubbard model: hopping t and repulsion u on a lattice.

    H = -t sum over neighbours and spins (a^dagger_p a_q + a^dagger_q a_p) + u sum n_up n_down; `rows` rows of n sites.

    Half filled unless `electrons` says otherwise (an odd one is up); energies in the unit of t and u, exact within that
    filling. The baseline is the determinant of the lowest free orbitals, the reference state has alternating spins. Two
    qubits per site, less two with `parity`. UsageError: more than 12 sites, t zero, electrons that do not fit.
    """
    sites, bonds = lattice("hubbard", n, rows, periodic)
    if sites > MAX_ORBITALS:
        raise UsageError(f"problem 'hubbard': {sites} sites take {2 * sites} qubits; at most {MAX_ORBITALS} sites.")
    if not (t and math.isfinite(t) and math.isfinite(u)):
        raise UsageError("problem 'hubbard': t and u must be finite numbers, and t may not be zero.")
    count = sites if electrons is None else electrons
    if not 1 <= count < 2 * sites:
        raise UsageError(f"problem 'hubbard': electrons must lie between 1 and {2 * sites - 1}, not {count}.")
    one, two = np.zeros((sites, sites)), np.zeros((sites,) * 4)
    for a, b in bonds:
        one[a, b] = one[b, a] = -t
    for site in range(sites):
        two[site, site, site, site] = u
    integrals = Integrals(0.0, one, two, (count + 1) // 2, count // 2)
    problem = molecular_problem("hubbard", integrals, mapping)
    alternating = _alternating(sites, two_colouring(sites, bonds), integrals)
    return replace(
        problem,
        unit="",
        baseline=_free_determinant(integrals, u),
        baseline_name="free orbitals",
        reference_bits=int(encoding(mapping, 2 * sites).outcome(np.array([alternating], dtype=np.uint64))[0]),
    )


def _free_determinant(integrals: Integrals, u: float) -> float:
    """sum of the occupied levels + u sum_p <n_p,up> <n_p,down>."""
    levels, orbitals = np.linalg.eigh(integrals.one)
    up, down = integrals.n_alpha, integrals.n_beta
    densities = [(orbitals[:, :k] ** 2).sum(axis=1) for k in (up, down)]
    return float(levels[:up].sum() + levels[:down].sum() + u * densities[0] @ densities[1])


def _alternating(sites: int, colours: int | None, integrals: Integrals) -> int:
    """Occupations with up electrons on sites of one colour first, down electrons on the others first."""
    colours = sum(1 << i for i in range(0, sites, 2)) if colours is None else colours
    order = sorted(range(sites), key=lambda site: (1 - (colours >> site & 1), site))
    up, down = order[: integrals.n_alpha], order[::-1][: integrals.n_beta]
    return sum(1 << site for site in up) | sum(1 << (sites + site) for site in down)
