"""Physics problems: rings, patches, XXZ, Hubbard and the deuteron against published energies and brute force."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybrid import catalog
from hybrid.base.errors import UsageError
from hybrid.base.types import Problem
from hybrid.catalog.problems._lattice import lattice, two_colouring


def problem(text: str) -> Problem:
    return catalog.load(catalog.parse("problems", text))()


def lowest(of: Problem) -> float:
    return float(np.linalg.eigvalsh(of.hamiltonian.to_matrix())[0])


RING = "free fermions on a ring, even parity: -sum over k = (2m+1) pi/n of 2 |cos(k/2)|"
HUBBARD = "two sites, half filled: u/2 - sqrt(u^2/4 + 4 t^2)"
PUBLISHED = [
    ("tfim:n=8,periodic=true", -2 / np.sin(np.pi / 16), RING),
    ("tfim:n=5,periodic=true", -2 / np.sin(np.pi / 10), RING),
    ("heisenberg:n=4,periodic=true", -8.0, "four-site ring: E = -2J in S.S, times 4"),
    ("heisenberg:n=6,periodic=true", 4 * -2.8027756377, "Bonner and Fisher, Phys. Rev. 135, A640 (1964)"),
    ("heisenberg:n=2,rows=2", -8.0, "a square is the four-site ring"),
    ("heisenberg:n=3,periodic=true", -3.0, "triangle: total spin 1/2"),
    ("hubbard", 2 - np.sqrt(8), HUBBARD),
    ("hubbard:u=8,t=0.5", 4 - np.sqrt(17), HUBBARD),
    ("hubbard:n=4,periodic=true,u=0.0", -4.0, "free electrons: -2 -2 + 0 + 0"),
    ("deuteron:n=2", -1.74916, "Dumitrescu et al. (2018), table I: -1.749"),
    ("deuteron:n=3", -2.04567, "Dumitrescu et al. (2018), table I: -2.046"),
]


@pytest.mark.parametrize(("text", "value", "source"), PUBLISHED)
def test_published(text, value, source):
    """To the digits given: five for the deuteron, ten else."""
    assert problem(text).exact == pytest.approx(value, abs=1e-5 if "deuteron" in text else 1e-9), source


def test_deuteron_terms_are_the_published_ones():
    """Dumitrescu et al., eq. 4: 5.906709 + 0.218291 Z0 - 6.125 Z1 - 2.143304 (X0X1 + Y0Y1)."""
    terms = dict(problem("deuteron").hamiltonian.to_list())
    expected = {"II": 5.906709, "IZ": 0.218291, "ZI": -6.125, "XX": -2.143304, "YY": -2.143304}
    assert terms == pytest.approx(expected, abs=1e-6)


EVERY = [
    "tfim:n=3,rows=3,h=2",
    "tfim:n=3,periodic=true,j=-1",
    "tfim:n=4,periodic=true,j=-1",
    "heisenberg:n=3,rows=2",
    "heisenberg:n=5,periodic=true",
    "heisenberg:n=5,periodic=true,j=-1",
    "xxz:n=5",
    "xxz:n=4,delta=-2",
    "xxz:n=4,delta=2,periodic=true",
    "xxz:n=4,delta=3,j=-1",
    "xxz:n=3,delta=1,periodic=true",
    "deuteron:n=5",
]


@pytest.mark.parametrize("text", EVERY)
def test_every_problem_keeps_its_word(text):
    """Exact is the least eigenvalue, no baseline beats it, a reference state that the baseline names has its energy."""
    found = problem(text)
    assert found.exact == pytest.approx(lowest(found), abs=1e-9)
    assert (found.baseline is None) == (not found.baseline_name)
    if found.baseline is not None:
        assert found.exact <= found.baseline + 1e-12
        if found.reference_bits is not None:
            matrix = found.hamiltonian.to_matrix()
            assert matrix[found.reference_bits, found.reference_bits].real == pytest.approx(found.baseline, abs=1e-9)


def test_frustration_leaves_the_baseline_out():
    assert problem("heisenberg:n=5,periodic=true").baseline is None
    assert problem("tfim:n=5,periodic=true,j=-1").baseline is None
    assert problem("tfim:n=5,periodic=true").baseline is not None
    assert problem("heisenberg:n=3,rows=3,periodic=true,j=-1").exact == -18


@pytest.mark.parametrize("text", ["hubbard:n=3,electrons=2", "hubbard:n=2,rows=2", "hubbard:n=3,u=-2,electrons=3"])
def test_hubbard_within_its_filling(text):
    """By the number operators of the Jordan-Wigner matrix; the mappings agree; no baseline beats the exact energy."""
    found = problem(text)
    assert found.electrons is not None
    m, matrix = found.electrons.n_orbitals, found.hamiltonian.to_matrix().real
    states = [
        b
        for b in range(4**m)
        if ((b & (2**m - 1)).bit_count(), (b >> m).bit_count()) == (found.electrons.n_alpha, found.electrons.n_beta)
    ]
    assert found.exact == pytest.approx(np.linalg.eigvalsh(matrix[np.ix_(states, states)])[0], abs=1e-9)
    assert found.reference_bits in states
    assert found.baseline is not None
    assert found.exact <= found.baseline
    for mapping in ("parity", "bravyi_kitaev"):
        assert problem(f"{text},mapping={mapping}").exact == pytest.approx(found.exact, abs=1e-9)


@settings(max_examples=60)
@given(st.integers(2, 6), st.integers(1, 5), st.booleans())
def test_lattices_have_every_bond_once(n: int, rows: int, periodic: bool) -> None:
    """Counts in closed form, distinct pairs, degrees 2 and 4 with periodic ends; a colouring separates neighbours."""
    if periodic and 2 in (n, rows):
        with pytest.raises(UsageError, match="coincide"):
            lattice("any", n, rows, periodic)
        return
    sites, bonds = lattice("any", n, rows, periodic)
    along, across = (n if periodic else n - 1) * rows, (rows if periodic and rows > 1 else rows - 1) * n
    assert len({frozenset(bond) for bond in bonds}) == len(bonds) == along + across
    assert {i for bond in bonds for i in bond} == set(range(sites))
    for a, b in bonds:
        (xa, ya), (xb, yb) = (a % n, a // n), (b % n, b // n)
        apart = abs(xa - xb) + abs(ya - yb)
        assert apart == 1 or (periodic and apart in (n - 1, rows - 1))
    colours = two_colouring(sites, bonds)
    even = [c for c in itertools.product((0, 1), repeat=min(sites, 9)) if sites <= 9 and all(c[a] != c[b] for a, b in bonds)]
    if sites <= 9:
        assert (colours is None) == (not even)
    if colours is not None:
        assert all((colours >> a ^ colours >> b) & 1 for a, b in bonds)


BAD = [
    ("tfim:n=2,periodic=true", "with 2 both bonds would coincide"),
    ("tfim:n=4,rows=0", "rows must lie between 1 and 250 for n=4, not 0"),
    ("heisenberg:n=40,rows=40", "rows must lie between 1 and 25"),
    ("xxz:j=0", "may not be zero"),
    ("hubbard:n=13", "13 sites take 26 qubits; at most 12"),
    ("hubbard:t=0", "t may not be zero"),
    ("hubbard:electrons=4", "electrons must lie between 1 and 3"),
    ("deuteron:n=1", "n must lie between 2 and 20"),
]


@pytest.mark.parametrize(("text", "message"), BAD)
def test_bad_options(text, message):
    with pytest.raises(UsageError) as error:
        problem(text)
    assert message in str(error.value)
