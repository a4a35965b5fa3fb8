"""Molecules: PySCF's own energies under every mapping, isospectral sectors, FCIDUMP files read right or refused."""

import sys
import tomllib
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from qiskit.quantum_info import SparsePauliOp

import hybrid
from hybrid import catalog
from hybrid.base.errors import MissingPart, UsageError
from hybrid.base.types import Electrons, Problem
from hybrid.catalog.problems._fermions import Encoding, Products, encoding, energies_in, hamiltonian, number_and_spin, sector
from hybrid.catalog.problems._integrals import Integrals, read_fcidump
from hybrid.catalog.problems._orbitals import by_energy, is_hartree_fock

SEEDS = Path(__file__).parent.parent / "seeds"
MAPPINGS = ("jordan_wigner", "parity", "bravyi_kitaev")
FILES = ("lih_sto3g_2e5o", "beh2_sto3g_4e6o", "h2o_sto3g_4e4o")
WATER = (SEEDS / "h2o_sto3g_4e4o.fcidump").read_text()


def problem(text: str) -> Problem:
    return catalog.load(catalog.parse("problems", text))()


TOLD = tomllib.loads((SEEDS / "molecules.toml").read_text())
"""What PySCF said of each file."""
CASCI_WATER = TOLD["seeds/h2o_sto3g_4e4o.fcidump"]["casci_ha"]


# --- Energies --------------------------------------------------------------------------------------------------------

PYSCF = "PySCF 2.14.0, full configuration interaction or CASCI"
ENERGIES = [
    ("lih", -7.882096600, -7.861864770, "REFERENCE: LiH 1.6 angstrom, frozen core"),
    ("lih:active=none", -7.882324378883, -7.861864769809, PYSCF),
    ("beh2", -15.594837958809, -15.560312342812, PYSCF),
    ("beh2:active=none", -15.595176868923, -15.560312342812, PYSCF),
    ("h2o:active=4e4o", -74.970493033642, -74.963055504062, PYSCF),
    ("h2o:active=none", -75.012639534575, -74.963055504062, PYSCF),
]


@pytest.mark.parametrize(("text", "exact", "hartree_fock", "source"), ENERGIES)
def test_shipped_molecules(text, exact, hartree_fock, source):
    """1e-9 hartree: the digits that are given."""
    found = problem(text)
    assert found.exact == pytest.approx(exact, abs=1e-9), source
    assert (found.baseline, found.baseline_name) == (pytest.approx(hartree_fock, abs=1e-9), "Hartree-Fock")


@pytest.mark.parametrize("mapping", MAPPINGS)
@pytest.mark.parametrize("name", FILES)
def test_files_agree_with_pyscf_under_every_mapping(name, mapping):
    """CASCI and Hartree-Fock to 1e-8 hartree; the reference state, a basis state, has the Hartree-Fock energy."""
    path = SEEDS / f"{name}.fcidump"
    told, found = TOLD[f"seeds/{name}.fcidump"], problem(f"{path}:mapping={mapping}")
    assert found.exact == pytest.approx(told["casci_ha"], abs=1e-8)
    assert found.baseline == pytest.approx(told["hartree_fock_ha"], abs=1e-8)
    assert found.electrons is not None
    orbitals = found.electrons.n_orbitals
    assert found.hamiltonian.num_qubits == 2 * orbitals - 2 * (mapping == "parity")
    at = energies_in(found.hamiltonian, np.array([found.reference_bits], dtype=np.uint64))
    assert at is not None
    assert at[0] == pytest.approx(found.baseline, abs=1e-10)


@pytest.mark.parametrize("name", FILES)
def test_mappings_are_isospectral_in_the_sector(name):
    """Every eigenvalue, to 1e-9 of energies of order ten."""
    integrals = read_fcidump(SEEDS / f"{name}.fcidump")
    spectra = []
    for mapping in MAPPINGS:
        code = encoding(mapping, 2 * len(integrals.one))
        states = sector(code, integrals.n_alpha, integrals.n_beta)
        spectra.append(energies_in(hamiltonian(integrals, code), states, every=True))
    np.testing.assert_allclose(spectra[1], spectra[0], atol=1e-9)
    np.testing.assert_allclose(spectra[2], spectra[0], atol=1e-9)


H2 = """&FCI NORB=2, NELEC=2, MS2=0, ORBSYM=1,1 ISYM=1 /
0.6757101548035165 1 1 1 1
0.18093119978423136 2 1 2 1
0.6645817302552968 2 2 1 1
0.6985737227320181 2 2 2 2
-1.2563390730032502 1 1 0 0
-0.471896007281142 2 2 0 0
0.7199689944489797 0 0 0 0
"""


def test_hydrogen_in_the_parity_mapping_is_the_published_two_qubit_one(tmp_path):
    """The coefficients of O'Malley et al. in qubit order alpha, beta."""
    path = tmp_path / "h2.fcidump"
    path.write_text(H2)
    found, published = problem(f"{path}:mapping=parity"), problem("h2")
    assert found.hamiltonian.equiv(published.hamiltonian)
    assert (found.reference_bits, found.n_electrons) == (published.reference_bits, 2)
    assert found.electrons == Electrons(1, 1, 2, "parity")


def dense(integrals: Integrals) -> np.ndarray:
    """H from matrices of a_j by Jordan and Wigner's own words: Z on every mode before, then |0><1|."""
    m = len(integrals.one)
    lower, z, eye = np.array([[0.0, 1.0], [0.0, 0.0]]), np.diag([1.0, -1.0]), np.eye(2)
    ladder = []
    for mode in range(2 * m):
        matrix = np.eye(1)
        for other in range(2 * m):  # mode 0 is the lowest bit, so the rightmost factor
            matrix = np.kron(z if other < mode else lower if other == mode else eye, matrix)
        ladder.append(matrix)
    total = integrals.core * np.eye(4**m)
    for spin in (0, m):
        for p, q in np.ndindex(m, m):
            total += integrals.one[p, q] * ladder[p + spin].T @ ladder[q + spin]
    for s1 in (0, m):
        for s2 in (0, m):
            for p, q, r, s in zip(*np.nonzero(integrals.two), strict=True):
                pair = ladder[p + s1].T @ ladder[r + s2].T @ ladder[s + s2] @ ladder[q + s1]
                total += integrals.two[p, q, r, s] / 2 * pair
    return total


@pytest.mark.parametrize(("n_alpha", "n_beta"), [(1, 1), (2, 1), (3, 0)])
def test_the_whole_matrix_against_explicit_ladder_operators(n_alpha, n_beta):
    """Random integrals with the eight symmetries, three orbitals; every sector's spectrum, open shells included."""
    rng = np.random.default_rng(3)
    one, two = rng.normal(size=(3, 3)), rng.normal(size=(3, 3, 3, 3))
    one += one.T
    for order in ((1, 0, 2, 3), (0, 1, 3, 2), (2, 3, 0, 1)):
        two = two + two.transpose(order)
    integrals = Integrals(0.3, one, two, n_alpha, n_beta)
    matrix = dense(integrals)
    np.testing.assert_allclose(hamiltonian(integrals, encoding("jordan_wigner", 6)).to_matrix(), matrix, atol=1e-12)
    states = sector(encoding("jordan_wigner", 6), n_alpha, n_beta).astype(int)
    expected = np.linalg.eigvalsh(matrix[np.ix_(states, states)])
    for mapping in MAPPINGS:
        code = encoding(mapping, 6)
        found = energies_in(hamiltonian(integrals, code), sector(code, n_alpha, n_beta), every=True)
        np.testing.assert_allclose(found, expected, atol=1e-10)
    filled = (1 << n_alpha) - 1 | ((1 << n_beta) - 1) << 3
    assert integrals.aufbau_energy() == pytest.approx(matrix[filled, filled], abs=1e-12)
    assert is_hartree_fock(integrals) == (n_alpha == 3)  # nothing is empty there, or nothing full


@pytest.mark.parametrize("mapping", MAPPINGS)
@pytest.mark.parametrize("n", [2, 4, 6, 10])
def test_ladder_operators_anticommute(mapping, n):
    """{a_i, a_j} = 0 and {a_i, a_j^dagger} = delta_ij, as sums of Pauli products."""
    code = Encoding(encoding(mapping, n).matrix)

    def anticommutator(a: Products, b: Products) -> Products:
        parts = zip(a.times(b), b.times(a), strict=True)
        return Products(*(np.concatenate(columns) for columns in parts)).collected(n)

    for i in range(n):
        for j in range(n):
            assert not len(anticommutator(code.ladder(i, False), code.ladder(j, False)).x)
            mixed = anticommutator(code.ladder(i, False), code.ladder(j, True))
            assert (mixed.x.tolist(), mixed.z.tolist(), mixed.coefficients.tolist()) == (
                ([0], [0], [1.0]) if i == j else ([], [], [])
            )


def test_bravyi_kitaev_is_the_published_tree():
    """Seeley, Richard, Love (2012), eq. 41: the matrix for eight modes."""
    rows = ["10000000", "11000000", "00100000", "11110000", "00001000", "00001100", "00000010", "11111111"]
    assert (encoding("bravyi_kitaev", 8).matrix == np.array([[c == "1" for c in row] for row in rows])).all()


def test_active_spaces_of_the_whole_are_the_shipped_ones():
    for name, text in (
        ("lih", "lih:active=2e5o"),
        ("beh2", "beh2:mapping=jordan_wigner"),
        ("h2o", "h2o:active=4e4o,mapping=jordan_wigner"),
    ):
        (path,) = SEEDS.glob(f"{name}_*.fcidump")
        difference = (problem(text).hamiltonian - problem(str(path)).hamiltonian).simplify()
        assert np.abs(difference.coeffs).max() < 1e-8  # frozen core added up in another order, of energies near 100


def test_frozen_is_the_active_space_of_the_rest():
    path = Path(catalog.PACKAGE) / "catalog/problems/_molecules/lih.fcidump"
    assert problem(f"{path}:frozen=1").hamiltonian.equiv(problem("lih").hamiltonian)


def shuffled(text: str, order: list[int]) -> str:
    """The file with orbital i (from 1) written as order[i - 1]."""
    head, _, body = text.partition("&END\n")
    place = {"0": "0"} | {str(i): str(new) for i, new in enumerate(order, 1)}
    lines = [" ".join([line.split()[0], *(place[i] for i in line.split()[1:])]) for line in body.splitlines()]
    return f"{head}&END\n" + "\n".join(lines) + "\n"


def test_a_file_whose_orbitals_are_none_of_hartree_fock_says_so(scratch):
    """Two orbitals of water turned into one another by 0.3 rad."""
    integrals = read_fcidump(SEEDS / "h2o_sto3g_4e4o.fcidump")
    turn = np.eye(4)
    turn[1:3, 1:3] = [[np.cos(0.3), -np.sin(0.3)], [np.sin(0.3), np.cos(0.3)]]
    one = turn.T @ integrals.one @ turn
    two = np.einsum("pqrs,pa,qb,rc,sd->abcd", integrals.two, turn, turn, turn, turn)
    lines = [f"{integrals.core} 0 0 0 0"]
    lines += [f"{one[p, q]} {p + 1} {q + 1} 0 0" for p, q in np.ndindex(4, 4)]
    lines += [f"{two[i]} {' '.join(str(k + 1) for k in i)}" for i in np.ndindex(4, 4, 4, 4)]
    scratch.write_text("&FCI NORB=4,NELEC=4,MS2=0,\n&END\n" + "\n".join(lines))
    found = problem(str(scratch))
    assert found.exact == pytest.approx(CASCI_WATER, abs=1e-9)
    assert found.baseline_name == "aufbau"
    with pytest.warns(UserWarning, match="no determinant of these orbitals is Hartree-Fock"):
        problem(f"{scratch}:frozen=1")


@given(st.permutations(range(1, 7)))
@settings(max_examples=4)
def test_orbitals_count_by_energy_whatever_their_order_in_the_file(scratch, order):
    """LiH with its six orbitals in any order: Hartree-Fock, frozen core and active space are those of the ordered file. To
    1e-9 hartree: sums in another order."""
    path = Path(catalog.PACKAGE) / "catalog/problems/_molecules/lih.fcidump"
    scratch.write_text(shuffled(path.read_text(), list(order)))
    for options in (":frozen=1", ":active=2e2o"):
        found, expected = problem(f"{scratch}{options}"), problem(f"{path}{options}")
        assert found.exact == pytest.approx(expected.exact, abs=1e-9)
        assert (found.baseline_name, found.reference_bits) == ("Hartree-Fock", expected.reference_bits)
        assert found.baseline == pytest.approx(expected.baseline, abs=1e-9)


def test_shipped_files_keep_their_order():
    for path in [*SEEDS.glob("*.fcidump"), *(Path(catalog.PACKAGE) / "catalog/problems/_molecules").glob("*.fcidump")]:
        integrals = read_fcidump(path)
        assert (by_energy(integrals).one == integrals.one).all(), path.name


def test_keys_for_other_programs_change_nothing(scratch):
    scratch.write_text(WATER.replace("NELEC", "PNTGRP='C2v', NROOT=3, NELEC", 1))
    assert problem(str(scratch)).hamiltonian.equiv(water())


# --- FCIDUMP files ---------------------------------------------------------------------------------------------------


@cache
def water() -> SparsePauliOp:
    return problem(str(SEEDS / "h2o_sto3g_4e4o.fcidump")).hamiltonian


@pytest.fixture(scope="module")
def scratch(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("fcidump") / "mine.fcidump"


@settings(max_examples=40)
@given(data=st.data())
def test_any_order_and_any_of_the_eight_writings(scratch: Path, data: st.DataObject) -> None:
    """Lines shuffled, indices exchanged, entries repeated, Fortran exponents, blanks: the same Hamiltonian."""
    head, _, body = WATER.partition("&END\n")
    lines = []
    for line in body.splitlines():
        value, *index = line.split()
        i, j, *rest = index
        pairs = [data.draw(st.permutations(pair)) for pair in ([i, j], rest)]
        if "0" not in index:
            pairs = data.draw(st.permutations(pairs))
        elif i != "0" and "0" in pairs[0]:
            pairs[0] = [i, j]
        value = data.draw(st.sampled_from([value, f"{float(value):.16E}".replace("E", "D"), f"+{value}".replace("+-", "-")]))
        lines += [f"  {value}\t{' '.join(sum(map(list, pairs), []))}"] * data.draw(st.integers(1, 2))
    head = head.replace("&FCI", data.draw(st.sampled_from(["&FCI", "$FCI", " &fci"])))
    end = data.draw(st.sampled_from(["&END", "/", "$END"]))
    scratch.write_text(f"{head}{end}\n" + "\n".join(data.draw(st.permutations(lines))))
    assert problem(str(scratch)).hamiltonian.equiv(water())


@settings(max_examples=120)
@given(st.integers(0, len(WATER)))
@example(len(WATER) - 1)
@example(len(WATER) - 2)
def test_a_truncated_file_is_refused(scratch: Path, length: int) -> None:
    """Cut anywhere: refused with the file's name, or only a trailing newline was lost."""
    scratch.write_text(WATER[:length])
    try:
        found = problem(str(scratch)).hamiltonian
    except UsageError as error:
        assert scratch.name in str(error)
    else:
        assert WATER[length:].strip() == ""
        assert found.equiv(water())


@settings(max_examples=120)
@given(st.integers(0, len(WATER) - 1), st.integers(0, 3), st.text(st.characters(codec="utf-8"), max_size=4))
@example(0, 1, "\x0c")
@example(WATER.index("&END") + 6, 0, "²")
@example(WATER.index("&END") + 6, 1, "1_0")
def test_spoilt_files_are_refused_or_read_as_written(scratch: Path, place: int, removed: int, inserted: str) -> None:
    """Never another kind of error; a changed digit is a changed number, which nobody can tell."""
    scratch.write_text(WATER[:place] + inserted + WATER[place + removed :], encoding="utf-8")
    try:
        assert problem(str(scratch)).exact is not None
    except UsageError as error:
        assert scratch.name in str(error) or "problem 'fcidump'" in str(error)


def test_indices_from_zero_are_refused(scratch):
    head, _, body = WATER.partition("&END\n")
    lines = []
    for line in body.splitlines():
        value, *index = line.split()
        lines.append(" ".join([value, *(str(max(0, int(i) - 1)) for i in index)]))
    scratch.write_text(head + "&END\n" + "\n".join(lines))
    with pytest.raises(UsageError, match="contradicts|are not allowed"):
        problem(str(scratch))


HEAD = "&FCI NORB=2,NELEC=2,MS2=0,\n&END\n"
REST = "1 1 1 0 0\n0.5 0 0 0 0\n"
BAD = [
    ("1 1 1 0 0\n", ":1: an FCIDUMP file starts with '&FCI NORB=...'"),
    ("&FCI NORB=2,NELEC=2\n1 1 1 0 0\n", ": the header has no end"),
    ("&FCI NELEC=2 /\n", ": the header must give NORB one whole number, not ''"),
    ("&FCI NORB=2,NELEC=2,NROB=3 /\n", ":1: unknown key 'NROB'. Did you mean 'NORB'?"),
    ("&FCI NORB=2,NELEC=2,NORB=3 /\n", ":1: NORB is given twice"),
    ("&FCI NORB=2,NELEC=3,MS2=0 /\n", ": NELEC=3 and MS2=0 do not fit NORB=2"),
    ("&FCI NORB=2,NELEC=6,MS2=0 /\n", ": NELEC=6 and MS2=0 do not fit NORB=2"),
    ("&FCI NORB=2,NELEC=2,ORBSYM=1 /\n", ": ORBSYM has 1 entries for NORB=2"),
    ("&FCI NORB=999,NELEC=2 /\n", ": NORB must lie between 1 and 64, not 999"),
    ("&FCI NORB=2,NELEC=2,IUHF=1 /\n", ": IUHF=1: spin-unrestricted integrals are not read"),
    ("&FCI 5 NORB=2 /\n", ":1: '5' belongs to no key"),
    (f"{HEAD}1 1 1 0\n{REST}", ":3: write 'value i j k l', not '1 1 1 0'"),
    (f"{HEAD}nan 1 1 0 0\n{REST}", ":3: the integral must be a finite real number, not 'nan'"),
    (f"{HEAD}1e999 1 1 0 0\n{REST}", ":3: the integral must be a finite real number"),
    (f"{HEAD}(1,0) 1 1 0 0\n{REST}", ":3: the integral must be a finite real number, not '(1,0)'"),
    (f"{HEAD}1e9 1 1 0 0\n{REST}", ":3: an integral of 1e+09 hartree is not physical"),
    (f"{HEAD}1 3 1 0 0\n{REST}", ":3: the index 3 is above NORB=2"),
    (f"{HEAD}1 -1 1 0 0\n{REST}", ":3: the indices must be whole numbers from 0, not '-1 1 0 0'"),
    (f"{HEAD}1 0 1 0 0\n{REST}", ":3: the indices 0 1 0 0 are not allowed"),
    (f"{HEAD}1 1 1 1 0\n{REST}", ":3: the indices 1 1 1 0 are not allowed"),
    (f"{HEAD}1 0 0 1 1\n{REST}", ":3: the indices 0 0 1 1 are not allowed"),
    (f"{HEAD}1 2 1 0 0\n2 1 2 0 0\n{REST}", ":4: 2 contradicts 1 for the same integral in line 3"),
    (f"{HEAD}1 2 1 1 1\n2 1 1 1 2\n{REST}", ":4: 2 contradicts 1 for the same integral in line 3"),
    (f"{HEAD}1 1 1 0 0\n", ": has no line 'E 0 0 0 0' with the core energy"),
    (f"{HEAD}1 0 0 0 0\n", ": has no one-electron integrals"),
]


@pytest.mark.parametrize(("text", "message"), BAD)
def test_bad_files(scratch, text, message):
    scratch.write_text(text)
    with pytest.raises(UsageError) as error:
        problem(str(scratch))
    assert f"{scratch}{message}" in str(error.value)


BAD_SPACES = [
    ("lih:active=4e", "write the active space as 4e4o"),
    ("lih:active=3e4o", "does not fit 4 electrons in 6 orbitals"),
    ("lih:active=6e6o", "does not fit 4 electrons in 6 orbitals"),
    ("lih:active=2e6o", "1 frozen and 6 active orbitals are needed"),
    ("lih:active=2e1o", "one determinant"),
    ("lih:mapping=jw", "jordan_wigner"),
    (f"{SEEDS}/lih_sto3g_2e5o.fcidump:frozen=2", "frozen must lie between 0 and 1, not 2"),
    (f"{SEEDS}/lih_sto3g_2e5o.fcidump:frozen=1,active=2e2o", "leave frozen out"),
]


@pytest.mark.parametrize(("text", "message"), BAD_SPACES)
def test_bad_active_spaces(text, message):
    with pytest.raises(UsageError) as error:
        problem(text)
    assert message in str(error.value)


# --- Live molecules --------------------------------------------------------------------------------------------------

LIH = "2\nlithium hydride\nLi 0 0 0\nH 0 0 1.6\n"
needs_pyscf = pytest.mark.skipif(find_spec("pyscf") is None, reason="the extra 'chemistry' is not installed")


@needs_pyscf
@pytest.mark.parametrize(
    ("atoms", "spin"),
    [
        ("O 0 0 0; H 0 0.757 0.587; H 0 -0.757 0.587", 0),
        ("C 0 0 0; H 0 0.99 0.39; H 0 -0.99 0.39", 2),
        ("N 0 0 0; H 0 0 1.04", 2),
    ],
)
def test_orbitals_that_pyscf_sorted_by_symmetry(scratch, atoms, spin):
    """Closed and open shells: PySCF's restricted Hartree-Fock energy, and its own frozen core in the order of energies."""
    from pyscf import gto, mcscf, scf  # pyright: ignore[reportMissingImports]
    from pyscf.tools import fcidump  # pyright: ignore[reportMissingImports]

    molecule = gto.M(atom=atoms, basis="sto-3g", spin=spin, symmetry=True, verbose=0)
    field = scf.ROHF(molecule).run(conv_tol=1e-12)
    order = np.argsort(field.mo_coeff.orbsym, kind="stable")  # pyright: ignore[reportOptionalMemberAccess, reportAttributeAccessIssue]
    assert list(order) != sorted(order)
    fcidump.from_mo(molecule, str(scratch), field.mo_coeff[:, order], ms=spin, tol=1e-14)
    orbitals = len(order)
    core = mcscf.CASCI(field, orbitals - 1, molecule.nelectron - 2).run()
    found = problem(f"{scratch}:frozen=1")
    assert found.baseline == pytest.approx(field.e_tot, abs=1e-8)
    assert found.baseline_name == "Hartree-Fock"
    assert found.exact == pytest.approx(core.e_tot, abs=1e-8)


@needs_pyscf
def test_a_molecule_computed_on_the_spot(tmp_path):
    """The shipped LiH again; and the triplet, whose energy is that of PySCF's own CASCI."""
    path = tmp_path / "lih.xyz"
    path.write_text(LIH)
    found = problem(f"{path}:active=2e5o")
    assert found.exact == pytest.approx(-7.882096600, abs=1e-8)
    assert found.baseline_name == "Hartree-Fock"
    from pyscf import gto, mcscf, scf

    mol = gto.M(atom=[("Li", (0, 0, 0)), ("H", (0, 0, 1.6))], basis="sto-3g", spin=2, verbose=0)
    field = scf.ROHF(mol).run(conv_tol=1e-11)
    assert problem(f"{path}:active=4e4o,unpaired=2").exact == pytest.approx(mcscf.CASCI(field, 4, 4).kernel()[0], abs=1e-7)


BAD_XYZ = [
    ("Li 0 0 0\n", ":1: an XYZ file starts with its number of atoms"),
    ("2\ncomment\nLi 0 0 0\n", ":1: announces 2 atoms, the file has 1"),
    ("1\ncomment\nLi 0 0\n", ":3: write 'element x y z', not 'Li 0 0'"),
    ("1\ncomment\nLi 0 0 far\n", ":3: the z coordinate must be a finite number, not 'far'"),
]


@pytest.mark.parametrize(("text", "message"), BAD_XYZ)
def test_bad_xyz_files(tmp_path, text, message):
    path = tmp_path / "bad.xyz"
    path.write_text(text)
    with pytest.raises(UsageError) as error:
        problem(str(path))
    assert f"{path}{message}" in str(error.value)


@needs_pyscf
@pytest.mark.parametrize("options", ["basis=sto-9z", "charge=1", "unpaired=1"])
def test_pyscf_refusals_are_passed_on(tmp_path, options):
    path = tmp_path / "lih.xyz"
    path.write_text(LIH)
    with pytest.raises(UsageError, match="PySCF refuses it"):
        problem(f"{path}:{options}")


def test_without_pyscf_the_message_says_how_to_install_it(tmp_path, monkeypatch):
    path = tmp_path / "lih.xyz"
    path.write_text(LIH)
    monkeypatch.setitem(sys.modules, "pyscf", None)
    with pytest.raises(MissingPart, match=r"pip install 'hybrid-sandbox\[chemistry\]'"):
        problem(str(path))


# ---- hydrogen at any distance, electron number and total spin


@pytest.mark.parametrize(
    ("angstrom", "hartree_fock", "full_ci"),
    [
        (0.2, 0.16417501206, 0.15748213480),
        (0.5, -1.04299627454, -1.05515979447),
        (1.0, -1.06610864932, -1.10115033023),
        (2.5, -0.70294359972, -0.93605491996),
        (5.0, -0.59902487151, -0.93316376193),
    ],
)
def test_hydrogen_at_other_distances_is_pyscf_s(angstrom, hartree_fock, full_ci):
    """PySCF 2.14.0, RHF and FCI in STO-3G; 5e-9 hartree, as its bohr and its digits of the basis set are others."""
    found = problem(f"h2:distance={angstrom}")
    assert found.baseline == pytest.approx(hartree_fock, abs=5e-9) and found.baseline_name == "Hartree-Fock"
    assert found.exact == pytest.approx(full_ci, abs=5e-9)


def test_hydrogen_at_its_distance_is_what_it_was():
    """Bit for bit, in the text of records too; and the integrals join smoothly, to the published coefficients' 1e-8."""
    default, same, near = problem("h2"), problem("h2:distance=0.735"), problem("h2:distance=0.7350000001")
    assert default.hamiltonian == same.hamiltonian and default.exact == same.exact
    assert catalog.parse("problems", "h2:distance=0.735").text(defaults=True) == "h2"
    assert catalog.parse("problems", "h2:distance=0.5").text(defaults=True) == "h2:distance=0.5"
    assert (near.reference_bits, near.ansatz, near.electrons) == (default.reference_bits, default.ansatz, default.electrons)
    assert near.hamiltonian.equiv(default.hamiltonian, atol=2e-8)


@pytest.mark.parametrize("mapping", MAPPINGS)
@pytest.mark.parametrize(("n_alpha", "n_beta"), [(1, 1), (2, 1), (3, 1), (2, 0)])
def test_number_and_spin_of_determinants_and_their_spectrum(mapping, n_alpha, n_beta):
    """Among states of these electrons N is a number; S^2 has S (S + 1) for S from |alpha - beta|/2 up to half the electrons or
    half the holes; and of a determinant its mean is S_z^2 + S_z + the singly occupied beta orbitals."""
    m = 3
    code = encoding(mapping, 2 * m)
    number, spin = number_and_spin(code, n_alpha, n_beta)
    states = sector(code, n_alpha, n_beta)
    counted, squared = energies_in(number, states, every=True), energies_in(spin, states, every=True)
    assert counted == pytest.approx(np.full(len(states), n_alpha + n_beta), abs=1e-12)
    least, most = abs(n_alpha - n_beta) / 2, min(n_alpha + n_beta, 2 * m - n_alpha - n_beta) / 2
    allowed = [s * (s + 1) for s in np.arange(least, most + 0.5)]
    assert {min(allowed, key=lambda value: abs(value - found)) for found in squared} == {*allowed}
    assert all(min(abs(found - value) for value in allowed) < 1e-10 for found in squared)
    sz, diagonal = (n_alpha - n_beta) / 2, []
    for alpha in (bits for bits in range(2**m) if bits.bit_count() == n_alpha):
        for beta in (bits for bits in range(2**m) if bits.bit_count() == n_beta):
            outcome = code.outcome(np.array([alpha | beta << m], dtype=np.uint64))
            alone = (beta & ~alpha).bit_count()
            diagonal.append((energies_in(spin, outcome)[0], sz**2 + sz + alone))
    assert all(found == pytest.approx(expected, abs=1e-12) for found, expected in diagonal)


def test_a_run_reports_them_beside_the_reference(tmp_path):
    """UCCSD conserves both numbers of electrons exactly, hardware-efficient layers nothing."""
    kept = hybrid.run(hybrid.Spec(problem="hubbard:n=2", max_evals=0), tmp_path)
    quantities = {found["name"]: found for found in kept.quantities}
    assert quantities["electrons, ideal"]["value"] == pytest.approx(2, abs=1e-12)
    assert (quantities["electrons, ideal"]["reference"], quantities["spin S^2, ideal"]["reference"]) == (2, 0)
    free = hybrid.run(hybrid.Spec(problem="hubbard:n=2", ansatz="efficient_su2", max_evals=0, seed=1), tmp_path)
    assert abs(free.quantities[0]["value"] - 2) > 1e-4  # it starts near the reference
    assert not hybrid.run(hybrid.Spec(problem="tfim:n=2", max_evals=0), tmp_path).quantities
