"""Groups, counts and standard errors: an interval that says 95 % holds the exact value in 95 % of the runs."""

from functools import reduce

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterVector
from qiskit.quantum_info import Operator, Pauli, SparsePauliOp
from scipy.stats import binom, chi2

from hybrid.base.errors import UsageError
from hybrid.base.randomness import child
from hybrid.base.types import Counts
from hybrid.compilation.transpile import measured, to_isa
from hybrid.device.device import Device
from hybrid.device.readout import Readout, draw, merge
from hybrid.measure import compiled_query
from hybrid.measure.allocation import divide_shots
from hybrid.measure.compile import compile
from hybrid.measure.estimate import exact_values, group_estimate, variance
from hybrid.measure.grouping import group_terms
from hybrid.measure.observables import AllZeros, Group

NORMAL_95 = 1.959963984540054
SEEDS = 400
UNLIKELY = 1e-6
"""False-alarm rate of each chi-squared test, were its seed drawn afresh; the seeds are fixed."""


def random_observable(n: int, terms: int, seed: int) -> SparsePauliOp:
    """Random strings, repeats and the identity among them."""
    rng = np.random.default_rng(seed)
    labels = ["".join(rng.choice(list("IXYZ"), n)) for _ in range(terms)] + ["I" * n]
    return SparsePauliOp(labels, rng.normal(size=terms + 1))


def pauli_of(group: Group, mask: int) -> str:
    """The Qiskit label of one term of a group: the basis letters on the mask's qubits, qubit 0 rightmost."""
    return "".join(letter if mask >> q & 1 else "I" for q, letter in enumerate(group.basis))[::-1]


def dense(group: Group) -> np.ndarray:
    """The group's observable as a matrix."""
    labels = [pauli_of(group, int(mask)) for mask in group.masks]
    return SparsePauliOp(labels, group.coefficients).to_matrix()


def layered(n: int, layers: int) -> QuantumCircuit:
    """A circuit without any symmetry between its qubits."""
    theta = ParameterVector("t", 2 * n * layers)
    circuit, fresh = QuantumCircuit(n), iter(theta)
    for _ in range(layers):
        for q in range(n):
            circuit.ry(next(fresh), q)
            circuit.rz(next(fresh), q)
        for q in range(n - 1):
            circuit.cx(q, q + 1)
    return circuit


def tally(outcomes: list[int], counts: list[int]) -> Counts:
    """Counts of one realization."""
    return Counts(np.array(outcomes, dtype=np.uint64), np.array(counts), np.zeros(len(counts), dtype=np.int64))


def drawn(weights: np.ndarray, shots: int, rng: np.random.Generator) -> Counts:
    """Counts of one distribution."""
    return draw(weights[None], np.array([shots]), rng)


def mean_and_variance(group: Group | AllZeros, counts: Counts) -> tuple[float, float]:
    """One group, one realization."""
    part = group_estimate(group, counts, 1, None)
    return part.mean, variance([part], 1.0)


# --- Groups ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("grouping", ["qwc", "none"])
@pytest.mark.parametrize(("n", "terms", "seed"), [(1, 4, 0), (2, 8, 1), (3, 20, 2), (4, 40, 3), (5, 60, 4), (6, 80, 5)])
def test_groups_reproduce_the_observable(n, terms, seed, grouping):
    observable = random_observable(n, terms, seed)
    constant, groups = group_terms(observable, grouping)
    rebuilt = constant * np.eye(2**n) + sum(dense(group) for group in groups)
    # Sums of at most 80 coefficients of size 1: rounding stays below 80 * 2e-16.
    np.testing.assert_allclose(rebuilt, observable.to_matrix(), rtol=0, atol=1e-13)
    want = observable.simplify(atol=0)
    assert sum(len(group.masks) for group in groups) == sum(set(label) != {"I"} for label in want.paulis.to_labels())
    if grouping == "none":
        assert all(len(group.masks) == 1 for group in groups)


@pytest.mark.parametrize(("n", "terms", "seed"), [(2, 8, 11), (3, 20, 12), (4, 40, 13), (5, 60, 14)])
def test_members_of_a_qwc_group_commute_qubit_by_qubit(n, terms, seed):
    _, groups = group_terms(random_observable(n, terms, seed), "qwc")
    assert len(groups) < terms
    for group in groups:
        labels = [pauli_of(group, int(mask)) for mask in group.masks]
        assert len(set(labels)) == len(labels)
        for mask in group.masks:  # a term touches only qubits that have a basis
            assert all(group.basis[q] != "I" for q in range(n) if int(mask) >> q & 1)
        for a in labels:
            for b in labels:
                assert all(Pauli(x).commutes(Pauli(y)) for x, y in zip(a, b, strict=True)), (a, b)


def test_known_group_counts():
    n = 4
    ising = [("ZZ", [i, i + 1], 1.0) for i in range(n - 1)] + [("X", [i], 1.0) for i in range(n)]
    heisenberg = [(p, [i, i + 1], 1.0) for p in ("XX", "YY", "ZZ") for i in range(n - 1)]
    for terms, count in ((ising, 2), (heisenberg, 3)):
        observable = SparsePauliOp.from_sparse_list(terms, num_qubits=n)
        assert len(group_terms(observable, "qwc")[1]) == count
        assert len(group_terms(observable, "none")[1]) == len(terms)


def test_constants():
    assert group_terms(SparsePauliOp(["II", "II"], [1.5, -0.25]), "qwc") == (1.25, [])
    constant, groups = group_terms(SparsePauliOp(["II", "ZI", "II"], [1.0, 2.0, 3.0]), "qwc")
    assert constant == 4.0
    assert len(groups) == 1
    assert (groups[0].basis, groups[0].masks.tolist(), groups[0].coefficients.tolist()) == ("IZ", [2], [2.0])


def test_equal_terms_are_added_and_cancelling_ones_are_not_measured():
    constant, groups = group_terms(SparsePauliOp(["XY", "XY", "ZZ", "ZZ"], [1.0, 0.5, 1.0, -1.0]), "qwc")
    assert constant == 0
    assert [pauli_of(groups[0], int(m)) for m in groups[0].masks] == ["XY"]
    assert groups[0].coefficients.tolist() == [1.5]
    assert len(groups) == 1


def test_a_complex_coefficient_is_refused():
    with pytest.raises(UsageError, match="not Hermitian"):
        group_terms(SparsePauliOp(["XY", "II"], [1.0, 1e-3j]), "qwc")


def test_an_unknown_grouping_is_refused():
    """Never a silent fallback: a misspelt grouping must not quietly mean 'none'."""
    with pytest.raises(UsageError, match="qcw"):
        compile(QuantumCircuit(1), SparsePauliOp("Z"), grouping="qcw", shots=10)


@pytest.mark.parametrize(("n", "seed"), [(1, 21), (2, 22), (3, 23), (4, 24)])
def test_eigenvalues_after_the_basis_change_are_the_observable(n, seed):
    """U^dagger diag(eigenvalues) U, with U the basis-change pulses alone, is the group: signs, X and Y, bit order."""
    ideal = Device.load("ideal")
    isa = to_isa(QuantumCircuit(n), ideal)
    for grouping in ("qwc", "none"):
        for group in group_terms(random_observable(n, 12 * n, seed), grouping)[1]:
            change = Operator(measured(isa, group.basis, ideal)).data
            diagonal = np.diag(group.eigenvalues(np.arange(2**n, dtype=np.uint64), None))
            # Products of 2x2 unitaries with entries rounded at 1e-16, times coefficients of size 1.
            np.testing.assert_allclose(change.conj().T @ diagonal @ change, dense(group), rtol=0, atol=1e-12)
            low, high = group.extremes(None)
            assert low - 1e-12 <= diagonal.min()
            assert diagonal.max() <= high + 1e-12


def test_eigenvalues_of_wide_outcomes():
    """Bit 62 is the highest that Aer's counts are read with."""
    group = Group("I" * 62 + "Z", np.array([1 << 62], dtype=np.uint64), np.array([1.0]))
    assert group.eigenvalues(np.array([0, 1 << 62, (1 << 62) - 1], dtype=np.uint64), None).tolist() == [1, -1, 1]


def test_exact_values_sum_over_groups():
    rng = np.random.default_rng(31)
    groups = group_terms(random_observable(3, 20, 31), "qwc")[1]
    probabilities = rng.dirichlet(np.ones(8), size=(5, len(groups)))
    want = [sum(p @ np.diag(_in_z(group)).real for p, group in zip(point, groups, strict=True)) for point in probabilities]
    np.testing.assert_allclose(exact_values(groups, probabilities, None), want, rtol=0, atol=1e-13)  # 20 terms of size 1


def _in_z(group: Group) -> np.ndarray:
    labels = [pauli_of(group, int(mask)).replace("X", "Z").replace("Y", "Z") for mask in group.masks]
    return SparsePauliOp(labels, group.coefficients).to_matrix()


def test_all_zeros_projects_on_the_marked_qubits():
    values = AllZeros("ZIZ").eigenvalues(np.arange(8, dtype=np.uint64), None)
    assert values.tolist() == [float(not (k & 1 or k & 4)) for k in range(8)]
    assert AllZeros("ZIZ").extremes(None) == (0.0, 1.0)


# --- Shots and variances ---------------------------------------------------------------------------------------------


@given(st.integers(1, 10_000), st.integers(1, 50))
@settings(max_examples=100)
def test_divide_shots(shots, parts):
    if shots < parts:
        with pytest.raises(UsageError, match=rf"\b{shots}\b.*\b{parts}\b"):
            divide_shots(shots, parts)
        return
    divided = divide_shots(shots, parts)
    assert sum(divided) == shots
    assert len(divided) == parts
    assert divided == sorted(divided, reverse=True)  # remainders to the first
    assert divided[0] - divided[-1] <= 1


@given(st.integers(1, 5000), st.data(), st.sampled_from([1.0, -1.0, 0.3, -7.5]))
@settings(max_examples=100)
def test_a_single_pauli_has_the_binomial_variance_with_laplace_smoothing(n, data, coefficient):
    zeros = data.draw(st.integers(0, n))
    group = Group("Z", np.array([1], dtype=np.uint64), np.array([coefficient]))
    seen = [(outcome, count) for outcome, count in ((0, zeros), (1, n - zeros)) if count]
    counts = tally([o for o, _ in seen], [c for _, c in seen])
    mean, spread = mean_and_variance(group, counts)
    m = 2 * (zeros + 1) / (n + 2) - 1
    # Few additions of numbers of the same size; the difference 1 - m^2 loses digits where m is near 1, to n * 1e-16.
    assert mean == pytest.approx(coefficient * (2 * zeros / n - 1), rel=1e-12, abs=1e-12)
    assert spread == pytest.approx(coefficient**2 * (1 - m**2) / n, rel=1e-11)
    assert spread > 0


@given(st.integers(1, 5000), st.data())
@settings(max_examples=50)
def test_an_overlap_has_the_binomial_variance_with_laplace_smoothing(n, data):
    zeros = data.draw(st.integers(0, n))
    counts = tally([0, 1, 2], [zeros, (n - zeros) // 2, n - zeros - (n - zeros) // 2])
    mean, spread = mean_and_variance(AllZeros("ZZ"), counts)
    p = (zeros + 1) / (n + 2)
    assert mean == pytest.approx(zeros / n, rel=1e-12)  # one division
    assert spread == pytest.approx(p * (1 - p) / n, rel=1e-11)  # as above
    assert spread > 0


def test_the_variance_of_a_group_approaches_that_of_its_values():
    """Covariances between terms of one group are in it: three perfectly correlated terms have 9 times one's variance."""
    group = Group("ZZ", np.array([1, 2], dtype=np.uint64), np.array([1.0, 2.0]))
    counts = tally([0, 3], [60_000, 40_000])
    _, spread = mean_and_variance(group, counts)
    assert spread == pytest.approx(9 * (1 - 0.2**2) / 100_000, rel=1e-4)  # two imagined shots among 100,000


@pytest.mark.statistics
def test_draw_follows_the_distribution():
    rng = np.random.default_rng(41)
    weights = rng.dirichlet(np.ones(16))
    weights[[0, 5, 15]] = 0.0  # the first, one inside and the last: outcomes that must never come
    n = 200_000
    for scale in (1.0, 3.0):  # probabilities need not be normalised
        seen = drawn(scale * weights, n, rng)
        frequency = np.zeros(16)
        frequency[seen.outcomes.astype(int)] = seen.counts
        assert frequency.sum() == n
        assert frequency[[0, 5, 15]].tolist() == [0, 0, 0]
        possible = weights > 0
        expected = n * weights[possible] / weights.sum()
        statistic = ((frequency[possible] - expected) ** 2 / expected).sum()
        assert chi2.sf(statistic, possible.sum() - 1) > UNLIKELY
        assert chi2.cdf(statistic, possible.sum() - 1) > UNLIKELY  # nor too regular


def test_draw_survives_rounding_below_zero():
    seen = drawn(np.array([1.0, -1e-17, 0.0, -1e-18]), 1000, np.random.default_rng(1))
    assert (seen.outcomes.tolist(), seen.counts.tolist()) == ([0], [1000])


def test_merge():
    seen = merge(tally([3, 1, 3, 3, 0], [1, 2, 10, 100, 0]))
    assert (seen.outcomes.tolist(), seen.counts.tolist(), seen.realizations.tolist()) == ([1, 3], [2, 111], [0, 0])


def test_merge_keeps_realizations_apart():
    outcomes, counts, realizations = [3, 1, 1, 3, 1, 0], [1, 2, 10, 100, 1000, 0], [4, 0, 0, 4, 4, 2]
    seen = merge(Counts(np.array(outcomes, dtype=np.uint64), np.array(counts), np.array(realizations)))
    table = list(zip(*(column.tolist() for column in seen[:3]), strict=True))
    assert table == [(1, 12, 0), (1, 1000, 4), (3, 101, 4)]
    nothing = merge(Counts(np.zeros(1, dtype=np.uint64), np.zeros(1, dtype=int), np.zeros(1, dtype=int)))
    assert [len(column) for column in nothing[:3]] == [0, 0, 0]


@pytest.mark.statistics
def test_draw_gives_every_realization_its_shots_from_its_own_distribution():
    """Three realizations, two of them certain: outcomes and numbers in each, none in another's."""
    weights = np.array([[1.0, 0, 0, 0], [0, 0, 0, 2.0], [0, 1.0, 1.0, 0]])
    seen = draw(weights, np.array([7, 0, 1000]), np.random.default_rng(3))
    assert seen.counts[seen.realizations == 0].tolist() == [7]
    assert seen.outcomes[seen.realizations == 0].tolist() == [0]
    assert not (seen.realizations == 1).any()
    last = seen.realizations == 2
    assert seen.outcomes[last].tolist() == [1, 2]
    assert seen.counts[last].sum() == 1000
    assert abs(seen.counts[last][0] - 500) < 4.5 * np.sqrt(250)  # binomial: 1 in 1.5e5


# --- Readout ---------------------------------------------------------------------------------------------------------

FAULTY = Readout(np.array([0.01, 0.2, 0.05]), np.array([0.07, 0.03, 0.4]))
"""All six rates differ, so that no exchange of qubits or of p01 and p10 goes unseen."""


def confusion() -> np.ndarray:
    """P(read a | true b) on three qubits, qubit 0 the lowest bit: the last factor of the Kronecker product."""
    single = [np.array([[1 - a, b], [a, 1 - b]]) for a, b in zip(FAULTY.p01, FAULTY.p10, strict=True)]
    return reduce(np.kron, single[::-1])


def test_readout_mix_is_the_confusion_matrix():
    probabilities = np.random.default_rng(51).dirichlet(np.ones(8), size=(4, 2))
    mixed = FAULTY.mix(probabilities)
    assert mixed.shape == (4, 2, 8)
    np.testing.assert_allclose(mixed, probabilities @ confusion().T, rtol=0, atol=1e-15)  # 8 products of probabilities
    np.testing.assert_allclose(FAULTY.mix(probabilities[0, 0]), confusion() @ probabilities[0, 0], rtol=0, atol=1e-15)


@pytest.mark.parametrize("qubit", [0, 1, 2])
def test_readout_moves_z_by_the_published_formula(qubit):
    """REFERENCE.md: <Z>_measured = (1 - p01 - p10) <Z> + (p10 - p01)."""
    probabilities = np.random.default_rng(52).dirichlet(np.ones(8))
    signs = 1.0 - 2.0 * (np.arange(8) >> qubit & 1)
    p01, p10 = FAULTY.p01[qubit], FAULTY.p10[qubit]
    want = (1 - p01 - p10) * (probabilities @ signs) + (p10 - p01)
    assert FAULTY.mix(probabilities) @ signs == pytest.approx(want, abs=1e-15)  # 8 products of probabilities


@pytest.mark.parametrize("high", [0, 60])
def test_readout_flips_draw_as_in_earlier_records(high):
    """Qubit by qubit a binomial of every outcome, ordered by realization and outcome; wide outcomes need two keys."""
    own = np.random.default_rng(3)
    outcomes = own.integers(0, 8, 40).astype(np.uint64) | np.uint64(high and 1 << high)
    start = merge(Counts(outcomes, own.integers(1, 9, 40), own.integers(0, 16, 40)))
    readout, rng = Readout(np.array([0.0, 0.02, 0.3]), np.array([0.0, 0.3, 0.04])), np.random.default_rng(5)
    seen = {(int(r), int(o)): int(n) for o, n, r in zip(*start[:3], strict=True)}
    for q in range(3):
        places, numbers = sorted(seen), np.array([seen[place] for place in sorted(seen)])
        wrong = rng.binomial(numbers, [(readout.p10 if o >> q & 1 else readout.p01)[q] for _, o in places])
        for (r, o), moved in zip(places, wrong.tolist(), strict=True):
            seen[r, o] -= moved
            seen[r, o ^ 1 << q] = seen.get((r, o ^ 1 << q), 0) + moved
        seen = {place: number for place, number in seen.items() if number}
    found = readout.flip(start, np.random.default_rng(5))
    assert [(int(r), int(o), int(n)) for o, n, r in zip(*found[:3], strict=True)] == [(*p, seen[p]) for p in sorted(seen)]


def test_readout_flips_shots_as_it_mixes_probabilities():
    n, probabilities = 200_000, np.random.default_rng(53).dirichlet(np.ones(8))
    true = drawn(probabilities, n, np.random.default_rng(54))
    seen = FAULTY.flip(true, np.random.default_rng(55))
    assert seen.counts.sum() == n
    frequency = np.zeros(8)
    frequency[seen.outcomes.astype(int)] = seen.counts
    expected = n * FAULTY.mix(probabilities)
    assert chi2.sf(((frequency - expected) ** 2 / expected).sum(), 7) > UNLIKELY
    perfect = Readout(np.zeros(3), np.zeros(3)).flip(true, np.random.default_rng(56))
    assert (perfect.outcomes.tolist(), perfect.counts.tolist()) == (true.outcomes.tolist(), true.counts.tolist())


def test_readout_flips_every_shot_on_its_own():
    """From one outcome, conditional flips are independent: all 8 results with product probabilities."""
    n = 100_000
    seen = FAULTY.flip(tally([5], [n]), np.random.default_rng(57))
    frequency = np.zeros(8)
    frequency[seen.outcomes.astype(int)] = seen.counts
    expected = n * confusion()[:, 5]
    assert chi2.sf(((frequency - expected) ** 2 / expected).sum(), 7) > UNLIKELY


# --- Standard errors are honest --------------------------------------------------------------------------------------

OBSERVABLE = SparsePauliOp(["ZZI", "IZZ", "XXI", "IYX", "YYI", "III", "ZII"], [1.0, -0.7, 0.5, 0.9, -0.4, 2.0, 0.3])
"""Three groups, two of several terms, and a constant."""


def scores(program, exact, points, rows=20, first=1000):
    """(value - exact) / stderr of 400 draws per point, (400, k), `rows` of them with one seed (a faster batch).

    The programs are of the exact engine, the fastest here: every backend's counts are drawn from probabilities by `draw_all`.

    Rows of one seed draw apart (tested below). All standard errors must be positive.
    """
    answers = [program.values(np.tile(points, (rows, 1)), seed=first + i) for i in range(SEEDS // rows)]
    values, stderr = (np.concatenate(columns).reshape(SEEDS, -1) for columns in zip(*answers, strict=True))
    assert (stderr > 0).all()
    return (values - exact) / stderr


@pytest.mark.usefixtures("repeats")
@pytest.mark.statistics
def test_intervals_cover_at_random_points():
    """8 random points x 400 seeds: pooled 92 to 98 %. Were it 95 %, one in 1e14: the pooled share has sigma 0.4 %."""
    circuit = layered(3, 1)
    points = np.random.default_rng(61).uniform(-np.pi, np.pi, (8, circuit.num_parameters))
    exact = compile(circuit, OBSERVABLE).values(points).values
    z = scores(compile(circuit, OBSERVABLE, shots=300, backend="exact"), exact, points, rows=1)
    coverage = (np.abs(z) <= NORMAL_95).mean()
    print(f"pooled coverage {coverage:.4f}; per point {(np.abs(z) <= NORMAL_95).mean(axis=0)}")
    assert 0.92 <= coverage <= 0.98
    # Unbiased: the mean of 3200 scores of variance <= 1 has sigma 0.018; 4.5 sigma are missed once in 1.5e5 times.
    assert abs(z.mean()) < 4.5 / np.sqrt(z.size)
    # Neither too wide nor too narrow: E z^2 is 1 less the two imagined shots (2 B^2/(n sigma^2), some 5 % here).
    assert 0.85 < (z**2).mean() < 1.1
    # Different points draw differently: correlations of 400 pairs have sigma 0.05; 5 sigma, 28 pairs.
    correlations = np.corrcoef(z.T)[np.triu_indices(8, 1)]
    assert np.abs(correlations).max() < 0.25


@pytest.mark.usefixtures("repeats")
@pytest.mark.statistics
def test_intervals_cover_the_infinite_shot_value_of_a_noisy_device():
    """Readout flips included: 4 points x 400 draws on 2 qubits of the silicon profile, pooled 92 to 98 %.

    Dephasing is Markovian here; with detunings in tests/test_execution.py.
    """
    device = Device.load("meluxina-q:dephasing=markov")
    circuit, observable = layered(2, 1), SparsePauliOp(["ZZ", "XI", "IY", "XX"], [1.0, 0.5, -0.7, 0.4])
    points = np.random.default_rng(62).uniform(-np.pi, np.pi, (4, circuit.num_parameters))
    exact = compile(circuit, observable, device=device).values(points).values
    z = scores(compile(circuit, observable, device=device, shots=300, backend="exact"), exact, points)
    coverage = (np.abs(z) <= NORMAL_95).mean()
    print(f"pooled coverage on meluxina-q {coverage:.4f}")
    assert 0.92 <= coverage <= 0.98
    assert abs(z.mean()) < 4.5 / np.sqrt(z.size)  # as above


def eigenstates() -> list[tuple[str, QuantumCircuit, SparsePauliOp]]:
    up, down, bell, product = QuantumCircuit(1), QuantumCircuit(1), QuantumCircuit(2), QuantumCircuit(3)
    down.x(0)
    bell.h(0)
    bell.cx(0, 1)
    product.x([0, 2])
    many = SparsePauliOp(["ZZI", "IZZ", "ZII", "IIZ"], [1.0, -0.5, 0.25, 2.0])
    three = SparsePauliOp(["XX", "YY", "ZZ"], [1.0, 1.0, 1.0])
    return [
        ("up", up, SparsePauliOp("Z")),
        ("down", down, SparsePauliOp("Z")),
        ("bell", bell, three),
        ("product", product, many),
    ]


@pytest.mark.parametrize(("circuit", "observable"), [c[1:] for c in eigenstates()], ids=[c[0] for c in eigenstates()])
@pytest.mark.parametrize("shots", [20, 200])
@pytest.mark.usefixtures("repeats")
@pytest.mark.statistics
def test_intervals_cover_at_eigenstates(circuit, observable, shots):
    """Every shot gives the same number, so all 400 intervals hold it; the standard error still is not 0."""
    exact = compile(circuit, observable).values(np.zeros((1, 0))).values
    program = compile(circuit, observable, shots=shots, backend="exact")
    z = scores(program, exact, np.zeros((1, 0)))
    assert (np.abs(z) <= NORMAL_95).mean() >= 0.95


def near_coverage(shots: int, flipped: float) -> float:
    """The exact coverage of a single Pauli's 95 % interval where one outcome has the probability `flipped`."""
    group = Group("Z", np.array([1], dtype=np.uint64), np.array([1.0]))
    covered = 0.0
    for k in range(shots + 1):
        counts = tally([0, 1], [shots - k, k])
        mean, spread = mean_and_variance(group, counts)
        if abs(mean - (1 - 2 * flipped)) <= NORMAL_95 * np.sqrt(spread):
            covered += binom.pmf(k, shots, flipped)
        elif k > 60 and k > 4 * shots * flipped:  # further counts are too unlikely to matter
            break
    return covered


@pytest.mark.parametrize("shots", [200, 500, 1000])
@pytest.mark.usefixtures("repeats")
def test_intervals_cover_near_eigenstates_without_chance(shots):
    """Summed over all counts with their binomial weights, 40 distances: at least 85 %, the least (86 %) at 2 expected flips."""
    flips = np.concatenate([np.linspace(0.05, 4, 24), [1.97], np.geomspace(4.2, 40, 15)])
    coverage = np.array([near_coverage(shots, expected / shots) for expected in flips])
    print(f"{shots} shots: least coverage {coverage.min():.4f} at {flips[coverage.argmin()]:.2f} expected flips")
    assert coverage.min() >= 0.85


@pytest.mark.parametrize("shots", [200, 400, 1000])
@pytest.mark.usefixtures("repeats")
@pytest.mark.statistics
def test_intervals_cover_near_eigenstates(shots):
    """400 draws at several distances from |0>: at least 85 % each.

    The distances' own coverages are 92 % or more (the test above computes them), 5 sigma of 400 draws above 85 %.
    """
    circuit = QuantumCircuit(1)
    circuit.ry(ParameterVector("t", 1)[0], 0)
    flipped = np.array([0.1, 0.5, 1.5, 3.0, 8.0, 20.0]) / shots
    assert min(near_coverage(shots, p) for p in flipped) >= 0.92
    points = 2 * np.arcsin(np.sqrt(flipped))[:, None]
    exact = np.cos(points[:, 0])
    z = scores(compile(circuit, SparsePauliOp("Z"), shots=shots, backend="exact"), exact, points)
    coverage = (np.abs(z) <= NORMAL_95).mean(axis=0)
    print(f"{shots} shots: {dict(zip((flipped * shots).tolist(), coverage.tolist(), strict=True))}")
    assert coverage.min() >= 0.85


@pytest.mark.parametrize("shots", [200, pytest.param(1000, marks=pytest.mark.slow)])
@pytest.mark.usefixtures("repeats")
@pytest.mark.statistics
def test_intervals_cover_near_the_eigenstate_of_several_terms(shots):
    """Many terms in several groups, a small rotation away from an eigenstate of all of them; 400 draws, at least 85 % each."""
    theta = ParameterVector("t", 3)
    circuit = QuantumCircuit(3)
    circuit.h(0)
    circuit.cx(0, 1)
    for q in range(3):
        circuit.ry(theta[q], q)
    observable = SparsePauliOp(["IXX", "IYY", "IZZ", "ZII", "ZZZ"], [1.0, 0.5, 0.8, 1.2, 0.3])
    angle = np.array([0.01, 0.03, 0.1, 0.2])
    points = angle[:, None] * [1.0, -0.5, 1.0]
    exact = compile(circuit, observable).values(points).values
    z = scores(compile(circuit, observable, shots=shots, backend="exact"), exact, points)
    coverage = (np.abs(z) <= NORMAL_95).mean(axis=0)
    print(f"{shots} shots: {dict(zip(angle.tolist(), coverage.tolist(), strict=True))}")
    assert coverage.min() >= 0.85


@pytest.mark.usefixtures("repeats")
@pytest.mark.statistics
def test_intervals_cover_at_overlaps_of_any_size():
    """The projector's intervals, from 0 to 1 overlap: 92 to 98 % pooled where neither outcome is rare."""
    group = AllZeros("Z")
    rng = np.random.default_rng(64)
    hits = []
    for p in np.linspace(0.1, 0.9, 9):
        for _ in range(SEEDS):
            mean, spread = mean_and_variance(group, drawn(np.array([p, 1 - p]), 300, rng))
            hits.append(abs(mean - p) <= NORMAL_95 * np.sqrt(spread))
    assert 0.92 <= np.mean(hits) <= 0.98  # 3600 trials: sigma 0.4 %


# --- One seed, many draws --------------------------------------------------------------------------------------------


def small():
    """A sampled program of three groups and four points of it."""
    circuit = layered(3, 1)
    points = np.random.default_rng(71).uniform(-np.pi, np.pi, (7, circuit.num_parameters))
    return compile(circuit, OBSERVABLE, shots=100), points


def test_one_seed_gives_different_points_different_noise():
    program, points = small()
    same = np.repeat(points[:1], 50, axis=0)
    values = program.values(same, seed=5).values
    # 50 sums of three means over 33 shots each: a handful of coincidences at most.
    assert len(np.unique(values)) > 25
    stderr = program.values(same, seed=5).stderr.mean()
    assert 0.6 < values.std() / stderr < 1.4  # sigma of a standard deviation of 50 is 10 %: 4 sigma


@pytest.mark.statistics
def test_groups_of_one_point_draw_apart():
    """<X> + <Y> in |0> over two groups: variance 1/n + 1/n; one shared stream would give 0 or 4/n."""
    program = compile(QuantumCircuit(1), SparsePauliOp(["X", "Y"]), shots=200, backend="exact")
    assert program.execution.shots.tolist() == [[100, 100]]
    values = program.values(np.zeros((600, 0)), seed=3).values
    assert values.var() * 100 == pytest.approx(2.0, rel=0.29)  # sigma of a variance of 600 is 5.8 %: 5 sigma


def test_the_same_seed_repeats_exactly_and_another_does_not():
    program, points = small()
    first = program.values(points, seed=9)
    for seed in (9, np.random.SeedSequence(9)):
        again = program.values(points, seed=seed)
        np.testing.assert_array_equal(first.values, again.values)
        np.testing.assert_array_equal(first.stderr, again.stderr)
    recompiled, _ = small()
    np.testing.assert_array_equal(first.values, recompiled.values(points, seed=9).values)
    for other in (10, np.random.SeedSequence(9, spawn_key=(0,)), None):
        assert (program.values(points, seed=other).values != first.values).any()
    assert (program.values(points).values != program.values(points).values).any()  # None is fresh entropy


def test_a_seed_sequence_is_left_as_it_was():
    program, points = small()
    seed = np.random.SeedSequence(9)
    first = program.values(points, seed=seed).values
    assert seed.n_children_spawned == 0
    np.testing.assert_array_equal(first, program.values(points, seed=seed).values)


def test_a_row_draws_the_same_whatever_follows_it():
    program, points = small()
    whole = program.values(points, seed=13)
    for k in (1, 3, 6):
        part = program.values(points[:k], seed=13)
        np.testing.assert_array_equal(part.values, whole.values[:k])
        np.testing.assert_array_equal(part.stderr, whole.stderr[:k])
    changed = points.copy()
    changed[4:] += 0.3
    np.testing.assert_array_equal(program.values(changed, seed=13).values[:4], whole.values[:4])


@pytest.mark.parametrize("device", ["ideal", "meluxina-q:dephasing=markov", "meluxina-q"])
def test_portions_do_not_change_the_draws(monkeypatch, device):
    circuit = layered(2, 1)
    points = np.random.default_rng(72).uniform(-np.pi, np.pi, (5, circuit.num_parameters))
    for shots in (0, 50):
        realizations = 8 if device == "meluxina-q" else None
        program = compile(circuit, SparsePauliOp(["ZZ", "XI", "IY"]), device=device, shots=shots, realizations=realizations)
        whole = program.values(points, seed=4).values
        rounding = 0 if shots else 4e-16  # sums over outcomes, one matrix product for all points of a portion
        monkeypatch.setattr(compiled_query, "PORTION_ROWS", 2)
        np.testing.assert_allclose(program.values(points, seed=4).values, whole, rtol=0, atol=rounding)
        monkeypatch.setattr(compiled_query, "PORTION_BYTES", 1)  # one point at a time, where probabilities are read out
        np.testing.assert_allclose(program.values(points, seed=4).values, whole, rtol=0, atol=rounding)
        monkeypatch.undo()


def test_children_never_share_a_stream():
    root = np.random.SeedSequence(7)
    keys = [(), (0,), (0, 0), (0, 0, 0), (0, 0, 1), (0, 1, 0), (1, 0, 0), (7,), (7, 0)]
    states = {tuple(child(root, *key).generate_state(4)) for key in keys}
    assert len(states) == len(keys)
    nested = child(child(root, 1), 2, 3).generate_state(4)
    assert nested.tolist() == child(root, 1, 2, 3).generate_state(4).tolist()
