"""Optimisation problems: brute force against the QUBO's energies, penalties that suffice, answers in the user's words."""

import itertools
import json
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybrid import catalog
from hybrid.base.errors import MissingPart, UsageError
from hybrid.base.types import Problem
from hybrid.catalog.problems._binary import BinaryProgram, Constraint, Qubo, every, slack_worths
from hybrid.catalog.problems._solve import _milp, best_answer, binary_problem
from hybrid.catalog.problems._spectrum import diagonal
from hybrid.cli.app import main
from hybrid.runs.run import run
from hybrid.runs.spec import Spec

needs_highspy = pytest.mark.skipif(find_spec("highspy") is None, reason="the extra 'lp' is not installed")

ITEMS = "item,value,weight\ntent,6,5\nstove,5,3\nrope,3,2\nlamp,2,1\nbook,4,4\n"
PRICES = (
    "date,A,B,C,D,E\n2026-01-02,100,50,20,10,80\n2026-01-09,101,50.5,20.4,10.3,79\n"
    "2026-01-16,103,50,20.2,10.4,81\n2026-01-23,102,51,21,10.2,82\n"
)
COVARIANCES = "asset,return,A,B,C\nA,0.1,0.04,0.01,0\nB,0.2,0.01,0.09,-0.02\nC,0.05,0,-0.02,0.01\n"
GRAPH = "a b 1\nb c 2.5\nc d -1\nd e 1\ne a 3\nb e 0.5\n"
LP = r"""\ a small plan
Maximize
 profit: 3 x + 2 y - z + [ 4 x * y + 2 z ^ 2 ] / 2 + 7
Subject To
 pair: x + y + 2 z <= 2
 half: 0.5 x - 0.25 z >= -0.25
 one: x + y = 1
Binary
 x y z
End
"""


def problem(text: str) -> Problem:
    return catalog.load(catalog.parse("problems", text))()


@pytest.fixture
def files(tmp_path: Path) -> Path:
    contents = {
        "items.csv": ITEMS,
        "prices.csv": PRICES,
        "covariances.csv": COVARIANCES,
        "graph.edges": GRAPH,
        "plan.lp": LP,
        "mine.qubo": "c a comment\np qubo 0 4 2 3\n0 0 -1\n2 2 0.5\n0 1 2\n1 2 -1.5\n3 0 1\n",
        "mine.coo": "# vartype=BINARY\n1 1 -1\n1 2 2\n2 1 -0.5\n7 7 0.25\n",
        "mine.json": '{"offset": 2, "terms": [["sun", "sun", -1], ["sun", "rain", 3], ["rain", "sun", 0.5]]}',
    }
    for name, text in contents.items():
        (tmp_path / name).write_text(text)
    return tmp_path


# --- Energies of every bit string, worked out by hand from the files ------------------------------------------------

Energy = dict[str, float]


def graph_cut(x: dict[str, int]) -> float:
    rows = (line.split() for line in GRAPH.splitlines())
    return sum(float(w) for u, v, w in rows if x[u] != x[v])


def mis_energy(x: dict[str, int], slack: list[int], weight: float) -> float:
    joined = sum(x[u] * x[v] for u, v, _ in (line.split() for line in GRAPH.splitlines()))
    return -sum(x.values()) + weight * joined


def partition_energy(x: dict[str, int], slack: list[int], weight: float) -> float:
    return graph_cut(x) + weight * (sum(x.values()) - 2) ** 2


def maxcut_energy(x: dict[str, int], slack: list[int], weight: float) -> float:
    return -graph_cut(x)


def knapsack_energy(x: dict[str, int], slack: list[int], weight: float) -> float:
    values = {"tent": (6, 5), "stove": (5, 3), "rope": (3, 2), "lamp": (2, 1), "book": (4, 4)}
    heavy = sum(values[name][1] * bit for name, bit in x.items())
    filled = sum(worth * bit for worth, bit in zip([1, 2, 4, 1], slack, strict=True))  # 0..8
    return -sum(values[name][0] * bit for name, bit in x.items()) + weight * (heavy + filled - 8) ** 2


def number_energy(x: dict[str, int], slack: list[int], weight: float) -> float:
    weights = {"tent": 5, "stove": 3, "rope": 2, "lamp": 1, "book": 4}
    return sum(weights[name] * (1 - 2 * bit) for name, bit in x.items()) ** 2


def prices_energy(x: dict[str, int], slack: list[int], weight: float) -> float:
    table = [line.split(",")[1:] for line in PRICES.splitlines()]
    prices = np.array(table[1:], dtype=float)
    changes = np.diff(prices, axis=0) / prices[:-1]
    share = np.array([x[name] for name in table[0]]) / 2
    spread = changes - changes.mean(axis=0)
    covariance = 52 * spread.T @ spread / (len(changes) - 1)
    return 0.7 * share @ covariance @ share - 52 * changes.mean(axis=0) @ share + weight * (sum(x.values()) - 2) ** 2


def covariances_energy(x: dict[str, int], slack: list[int], weight: float) -> float:
    share = np.array([x[name] for name in "ABC"]) / 1
    matrix = np.array([[0.04, 0.01, 0], [0.01, 0.09, -0.02], [0, -0.02, 0.01]])
    return share @ matrix @ share - share @ [0.1, 0.2, 0.05] + weight * (sum(x.values()) - 1) ** 2


def qubo_energy(x: dict[str, int], slack: list[int], weight: float) -> float:
    return -x["0"] + 0.5 * x["2"] + 2 * x["0"] * x["1"] - 1.5 * x["1"] * x["2"] + x["0"] * x["3"]


def coo_energy(x: dict[str, int], slack: list[int], weight: float) -> float:
    return -x["1"] + 1.5 * x["1"] * x["2"] + 0.25 * x["7"]


def json_energy(x: dict[str, int], slack: list[int], weight: float) -> float:
    return 2 - x["sun"] + 3.5 * x["sun"] * x["rain"]


def lp_energy(x: dict[str, int], slack: list[int], weight: float) -> float:
    first = weight * (x["x"] + x["y"] + 2 * x["z"] + slack[0] + slack[1] * 1 - 2) ** 2
    third = weight * (x["x"] + x["y"] - 1) ** 2
    # 0.5 x - 0.25 z >= -0.25 is -2 x + z <= 1 in whole numbers, which always holds
    return -(3 * x["x"] + 2 * x["y"] - x["z"] + 2 * x["x"] * x["y"] + x["z"] + 7) + first + third


CASES = [
    ("maxcut:graph={}/graph.edges", "a b c d e", 0, maxcut_energy, None),
    ("mis:graph={}/graph.edges", "a b c d e", 0, mis_energy, 1.1),
    ("mis:graph={}/graph.edges,penalty=2", "a b c d e", 0, mis_energy, 2.0),
    ("partition:graph={}/graph.edges,penalty=20", "a b c d e", 0, partition_energy, 20.0),
    ("knapsack:items={}/items.csv,capacity=8,penalty=7", "tent stove rope lamp book", 4, knapsack_energy, 7.0),
    ("number_partition:items={}/items.csv", "tent stove rope lamp book", 0, number_energy, None),
    ("portfolio:prices={}/prices.csv,pick=2,per_year=52,risk_aversion=0.7,penalty=9", "A B C D E", 0, prices_energy, 9.0),
    ("portfolio:covariances={}/covariances.csv,pick=1,penalty=1", "A B C", 0, covariances_energy, 1.0),
    ("{}/mine.qubo", "0 1 2 3", 0, qubo_energy, None),
    ("{}/mine.coo", "1 2 7", 0, coo_energy, None),
    ("qubo:file={}/mine.json", "rain sun", 0, json_energy, None),
    pytest.param("{}/plan.lp:penalty=30", "x y z", 2, lp_energy, 30.0, marks=needs_highspy),
]


@pytest.mark.parametrize(("text", "names", "n_slack", "energy", "weight"), CASES)
def test_every_bit_string_has_the_energy_worked_out_by_hand(files, text, names, n_slack, energy, weight):
    """Objective, constraints, penalties and slack of all outcomes; 1e-12 of the largest is rounding."""
    found, variables = problem(text.format(files)), names.split()
    n = found.hamiltonian.num_qubits
    assert n == len(variables) + n_slack
    energies = diagonal(found.hamiltonian)
    assert energies is not None
    expected = np.empty(2**n)
    for outcome in range(2**n):
        bits = [outcome >> i & 1 for i in range(n)]
        x = dict(zip(variables, bits[: len(variables)], strict=True))
        expected[outcome] = energy(x, bits[len(variables) :], weight or 0.0)
    np.testing.assert_allclose(energies, expected, atol=1e-12 * np.abs(expected).max())


@pytest.mark.parametrize(("text", "names", "n_slack", "energy", "weight"), CASES)
def test_the_least_energy_is_the_best_feasible_choice(files, text, names, n_slack, energy, weight):
    found = problem(text.format(files).replace(",penalty=30", ""))
    energies = diagonal(found.hamiltonian)
    assert energies is not None
    assert found.choices is not None
    assert found.decode is not None
    assert found.exact == pytest.approx(found.sign * energies.min(), abs=1e-12)
    outcomes = every(len(names.split()))
    values = found.choices.objective(outcomes)[found.choices.feasible(outcomes)]
    assert found.exact == pytest.approx(max(values) if found.sign < 0 else min(values), abs=1e-12)
    lowest = np.flatnonzero(energies < energies.min() + 1e-9).astype(np.uint64)
    assert found.choices.feasible(lowest).all()
    assert "tried" in found.choices.method or found.choices.method == "local search"


COEFFICIENTS = st.integers(-4, 4)


@st.composite
def programs(draw: st.DrawFn) -> BinaryProgram:
    """Random programs of up to 6 variables with up to two random constraints, or one of the mendable kinds."""
    n = draw(st.integers(2, 6))
    linear = np.array(draw(st.lists(st.integers(-5, 5), min_size=n, max_size=n)), dtype=float)
    pairs = draw(st.dictionaries(st.sampled_from(list(itertools.combinations(range(n), 2))), COEFFICIENTS, max_size=6))
    kind = draw(st.sampled_from(["free", "count", "budget", "pairs", "any"]))
    constraints: list[Constraint] = []
    if kind == "count":
        constraints = [Constraint("count", dict.fromkeys(range(n), 1), "=", draw(st.integers(0, n)))]
    elif kind == "budget":
        weights = draw(st.lists(st.integers(1, 4), min_size=n, max_size=n))
        constraints = [Constraint("budget", dict(enumerate(weights)), "<=", draw(st.integers(0, sum(weights))))]
    elif kind == "pairs":
        apart = draw(st.sets(st.sampled_from(list(itertools.combinations(range(n), 2))), max_size=6))
        constraints = [Constraint("apart", {u: 1, v: 1}, "<=", 1) for u, v in sorted(apart)]
    elif kind == "any":
        for k in range(draw(st.integers(1, 2))):
            row = draw(st.dictionaries(st.integers(0, n - 1), COEFFICIENTS.filter(bool), min_size=1))
            constraints.append(Constraint(f"c{k}", row, draw(st.sampled_from(["=", "<="])), draw(st.integers(-3, 5))))
    names = tuple(f"v{i}" for i in range(n))
    objective = Qubo(float(draw(COEFFICIENTS)), linear, {pair: float(w) for pair, w in pairs.items()})
    return BinaryProgram(names=names, objective=objective, constraints=tuple(constraints))


@settings(max_examples=150)
@given(programs())
def test_the_chosen_penalty_suffices(program: BinaryProgram) -> None:
    """Over slack, the penalised energy is the objective of a feasible choice and above the best one of any other."""
    outcomes = every(len(program.names))
    feasible, values = program.feasible(outcomes), program.objective.values(outcomes)
    qubo = program.penalised(program.sufficient_penalty())
    n = len(qubo.linear)
    if n > 14:
        return
    energies = qubo.values(every(n)).reshape(-1, len(outcomes)).min(axis=0)
    np.testing.assert_allclose(energies[feasible], values[feasible], atol=1e-9)
    if feasible.any():
        assert (energies[~feasible] > values[feasible].min() + 1e-9).all()
    np.testing.assert_allclose(diagonal(qubo.hamiltonian()), qubo.values(every(n)), atol=1e-9)


@settings(max_examples=60)
@given(programs())
def test_mixed_integer_programming_agrees_with_trying_all(program: BinaryProgram) -> None:
    """The method for more than 20 variables, on few."""
    try:
        best = best_answer("any", program)
    except UsageError:
        assert _milp(program) == (2, None)
        return
    assert best.outcome is not None
    status, outcome = _milp(program)
    assert status == 0
    assert outcome is not None
    both = program.objective.values(np.array([best.outcome, outcome], dtype=np.uint64))
    assert both[0] == pytest.approx(both[1], abs=1e-9)
    assert program.feasible(np.array([outcome], dtype=np.uint64))[0]


@given(st.integers(-20, 200), st.lists(st.integers(-9, 9), min_size=1, max_size=5))
def test_slack_reaches_every_whole_number_and_no_other(bound: int, row: list[int]) -> None:
    constraint = Constraint("c", dict(enumerate(row)), "<=", bound)
    most = bound - sum(min(a, 0) for a in row)
    worths = slack_worths(constraint)
    sums = {
        sum(worth for worth, bit in zip(worths, bits, strict=True) if bit)
        for bits in itertools.product((0, 1), repeat=len(worths))
    }
    assert sums == (set(range(most + 1)) if most > 0 else {0})


def test_beyond_what_can_be_tried(tmp_path):
    """24 vertices: mixed-integer programming; 70 in a complete graph: too many products, so nothing is claimed."""
    ring = problem("mis:graph=ring,n=24")
    assert ring.choices is not None
    assert (ring.exact, ring.choices.method) == (12.0, "mixed-integer programming (HiGHS)")
    dense = problem("partition:graph=complete,n=70")
    assert dense.choices is not None
    assert (dense.exact, dense.choices.best) == (None, None)
    assert "not sought" in dense.choices.method


# --- Words -----------------------------------------------------------------------------------------------------------

WORDS = [
    ("mis:graph={}/graph.edges", 0b00101, "2 vertices: a c"),
    ("mis:graph={}/graph.edges", 0b00011, "2 vertices: a b NOT independent: 1 joined pair"),
    ("partition:graph={}/graph.edges", 0b00011, "cut 6: {a b} | {c d e}"),
    ("partition:graph={}/graph.edges", 0b00001, "cut 4: {a} | {b c d e} NOT equal: 1 and 4"),
    ("knapsack:items={}/items.csv,capacity=8", 0b00011, "pack tent, stove: value 11, weight 8 of 8"),
    ("knapsack:items={}/items.csv,capacity=8", 0b10011, "pack tent, stove, book: value 15, weight 12 of 8 TOO HEAVY"),
    ("knapsack:items={}/items.csv,capacity=8", 0, "pack nothing: value 0, weight 0 of 8"),
    ("number_partition:items={}/items.csv", 0b00011, "difference 1: {tent stove} | {rope lamp book}"),
    ("portfolio:covariances={}/covariances.csv,pick=2", 0b011, "pick A, B: return 15.00 %, risk 19.36 %"),
    ("portfolio:covariances={}/covariances.csv,pick=2", 0b100, "pick C: return 5.00 %, risk 10.00 % NOT 2 but 1"),
    ("qubo:file={}/mine.json", 0b10, "value 1: ones at sun"),
    pytest.param("{}/plan.lp", 0b001, "objective 10: x = 1", marks=needs_highspy),
    pytest.param("{}/plan.lp", 0b011, "objective 14: x y = 1 BREAKS one", marks=needs_highspy),
]


@pytest.mark.parametrize(("text", "outcome", "words"), WORDS)
def test_answers_in_the_users_words(files, text, outcome, words):
    decode = problem(text.format(files)).decode
    assert decode is not None
    assert decode(outcome) == words


def test_penalty_is_stated_and_a_weak_one_refused(files):
    found = problem(f"knapsack:items={files}/items.csv,capacity=8")
    assert found.choices is not None
    assert found.choices.penalty == "6.6 (chosen: above what breaking can gain); 4 slack bits, for the capacity"
    with pytest.raises(UsageError, match="breaking the capacity can pay.* 6.6 is surely enough"):
        problem(f"knapsack:items={files}/items.csv,capacity=8,penalty=0.1")


# --- What a run tells ------------------------------------------------------------------------------------------------


def test_a_run_tells_what_its_shots_are_worth(tmp_path):
    """Without shots, against the state itself: two of the four-ring's 16 outcomes are optimal."""
    result = run(Spec(problem="maxcut:graph=ring,n=4", max_iterations=40), tmp_path)
    found = result.outcomes
    assert found is not None
    assert found["optimal_guessing"] == 2 / 16
    assert (found["infeasible"], found["infeasible_guessing"]) == ([0.0, 0.0], 0.0)
    assert found["feasible_mean"] == pytest.approx(result.value, abs=1e-9)  # the value is the mean cut
    assert found["feasible_mean_guessing"] == 2.0
    assert 0.4 < found["optimal"][0] < 1  # exactly 1/2 + ... at the best angles of p = 1; uniform would be 1/8
    assert found["optimal"][1] == 0.0
    assert found["best"] == found["likeliest"] == "cut 4: {0 2} | {1 3}"
    assert result.classical_seconds is not None
    again = run(Spec(problem="maxcut:graph=ring,n=4", max_iterations=40), tmp_path)
    assert again.replayed
    assert again.outcomes == found


@pytest.mark.parametrize("device", ["ideal", "meluxina-q:two_qubit=optimistic"])
def test_shots_are_those_of_the_final_value(tmp_path, device):
    """The mean objective of the very same shots is the reported value; an asymmetric state shows a wrong bit order."""
    graph = tmp_path / "tail.edges"
    graph.write_text("0 1 5\n1 2 1\n2 3 0.5\n")
    spec = Spec(problem=str(graph), device=device, shots=300, max_evals=6, seed=2)
    result = run(spec, tmp_path)
    assert result.outcomes is not None
    assert result.outcomes["feasible_mean"] == pytest.approx(result.value, abs=1e-9)
    assert result.outcomes["optimal"][1] > 0


def test_infeasible_shots_are_counted(files, tmp_path):
    """Uniform guessing breaks 'pick 2 of 5' in 22 of 32 cases; slack bits count for nothing."""
    result = run(Spec(problem=f"portfolio:prices={files}/prices.csv,pick=2", shots=400, max_evals=4), tmp_path)
    assert result.outcomes is not None
    assert result.outcomes["infeasible_guessing"] == 22 / 32
    assert 0 < result.outcomes["infeasible"][0] < 1
    packed = run(Spec(problem=f"knapsack:items={files}/items.csv,capacity=8", shots=400, max_evals=4), tmp_path)
    assert packed.outcomes is not None
    assert packed.outcomes["optimal_guessing"] == 3 / 32  # three packings are worth 11


def test_the_report_reads_well(files, monkeypatch, capsys):
    monkeypatch.chdir(files)
    words = "run qaoa portfolio:prices=prices.csv,pick=2,per_year=52 --shots 500 --max-evals 20 --quiet"
    monkeypatch.setattr(sys, "argv", ["hybrid", *words.split()])
    main()
    out = capsys.readouterr().out
    for word in (
        "likeliest shot   pick ",
        "an optimum in ",
        "% of guesses",
        "infeasible ",
        "penalty ",
        "all 32 choices tried in ",
    ):
        assert " ".join(word.split()) in " ".join(out.split())
    assert all(len(line) <= 80 for line in out.splitlines())
    monkeypatch.setattr(sys, "argv", ["hybrid", *words.split(), "--json"])
    main()
    assert json.loads(capsys.readouterr().out)["outcomes"]["best"].startswith("pick ")


# --- Refusals --------------------------------------------------------------------------------------------------------

REFUSED = [
    ("knapsack:items={}/items.csv,capacity=0", "", "the lightest item weighs 1"),
    ("knapsack:items={}/bad.csv,capacity=5", "item,value,weight\na,1,1.5\n", "bad.csv:2: the weight must be a positive whole"),
    ("knapsack:items={}/bad.csv,capacity=5", "item,value\na,1\n", "unknown column in "),
    ("knapsack:items={}/bad.csv,capacity=5", "item,value,weight\na,1,1\na,2,2\n", "an item is listed twice"),
    ("number_partition:items={}/bad.csv", "item,weight\na,x\n", "bad.csv:2: the weight must be a finite number, not 'x'"),
    ("portfolio:pick=2", "", "give one of prices=FILE.csv and covariances=FILE.csv"),
    ("portfolio:prices={}/prices.csv,pick=9", "", "pick must lie between 1 and 5"),
    (
        "portfolio:prices={}/bad.csv,pick=1",
        "date,A\n2026-01-02,1\n2026-01-01,2\n2026-01-03,2\n",
        "bad.csv:3: '2026-01-01' follows",
    ),
    ("portfolio:prices={}/bad.csv,pick=1", "date,A\n1,1\n2,-2\n3,2\n", "bad.csv:3: the price of A must be positive"),
    ("portfolio:prices={}/bad.csv,pick=1", "date,A\n1,1\n2,2\n", "at least 3 rows"),
    (
        "portfolio:covariances={}/bad.csv,pick=1",
        "asset,return,A,B\nA,1,1,0\nB,1,0.5,1\n",
        "bad.csv:3: the covariance of A and B",
    ),
    ("portfolio:covariances={}/bad.csv,pick=1", "asset,return,A,B\nA,1,1,2\nB,1,2,1\n", "negative eigenvalue"),
    ("portfolio:covariances={}/bad.csv,pick=1", "asset,return,B,A\nA,1,1,0\nB,1,0,1\n", "in the order of their rows"),
    ("{}/bad.qubo", "p qubo 0 2 2 1\n0 0 1\n1 1 1\n", "bad.qubo:1: announces 2 nodes and 1 couplers; the file has 2 and 0"),
    ("{}/bad.qubo", "p qubo 0 2 1 1\n0 0 1\n1 2 1\n", "bad.qubo:3: '1 2' must be whole numbers below 2"),
    ("{}/bad.qubo", "0 0 1\n0 0 1\n", "bad.qubo:2: the entry '0 0' was given before, at "),
    ("{}/bad.coo", "# vartype=SPIN\n0 0 1\n", "bad.coo:1: vartype SPIN"),
    ("{}/bad.coo", "0 1 nan\n", "bad.coo:1: the value must be a finite number"),
    ("{}/bad.coo", "0 1\n", "bad.coo:1: write 'i j value'"),
    ("qubo:file={}/bad.json", '{"terms": [["a", "b"]]}', "terms[0]: write [variable, variable, value]"),
    ("qubo:file={}/bad.json", '{"terms": [["a", "b", NaN]]}', "'NaN' is not a finite number"),
    ("qubo:file={}/bad.json", '{"terms": [["a", "b", 1]], "terms": []}', "the key 'terms' is given twice"),
    ("qubo:file={}/bad.json", '{"terms": [["a", "b", 1]], "sense": "max"}', "unknown key 'sense'"),
    ("qubo:file={}/bad.json", '{"terms": [["a",\n "b" 1]]}', "bad.json:2: not valid JSON"),
    ("qubo:file={}/bad.coo", "0 0 0\n", "nothing to decide"),
    ("qubo:file={}/bad.coo", "0 0 1e308\n1 1 1e308\n", "too large"),
    ("{}/bad.lp", "Maximize\n obj: x\nBinary\n x\n", "has no 'End'"),
    pytest.param("{}/bad.lp", "Maximize\n obj: x + y\nBinary\n x\nEnd\n", "variable 'y' is not binary", marks=needs_highspy),
    pytest.param("{}/bad.lp", "Maximize\n obj: x * * y\nBinary\n x\nEnd\n", "HiGHS cannot read this", marks=needs_highspy),
    pytest.param(
        "{}/bad.lp",
        "Maximize\n obj: x\nSubject To\n c: x >= 2\nBinary\n x\nEnd\n",
        "no choice satisfies c",
        marks=needs_highspy,
    ),
    pytest.param(
        "{}/bad.lp",
        "Maximize\n obj: x\nSubject To\n c: 0.33333333 x + y <= 0.7\nBinary\n x y\nEnd\n",
        "constraint 'c' has numbers above 1,000,000",
        marks=needs_highspy,
    ),
]


@pytest.mark.parametrize(("text", "content", "message"), REFUSED)
def test_refusals(files, text, content, message):
    """Every complaint says what, where, and what is allowed."""
    if content:
        name = text.partition("bad.")[2].partition(",")[0]
        (files / f"bad.{name}").write_text(content)
    with pytest.raises(UsageError) as error:
        problem(text.format(files))
    assert message in str(error.value)


@needs_highspy
def test_bounds_fix_a_variable_and_nothing_greets_on_stdout(tmp_path, capfd):
    """y = 0 leaves 2 x + z, at most 3; stdout belongs to the result, as with --json."""
    (tmp_path / "fixed.lp").write_text(
        "Maximize\n obj: 2 x + 3 y + z\nSubject To\n c: x + y + z <= 2\nBounds\n y = 0\nBinary\n x y z\nEnd\n"
    )
    fixed = problem(f"lp:file={tmp_path}/fixed.lp")
    assert fixed.decode(fixed.choices.best) == "objective 3: x z = 1"
    assert capfd.readouterr().out == ""


def test_without_highs_the_message_says_how_to_install_it(files, monkeypatch):
    monkeypatch.setitem(sys.modules, "highspy", None)
    with pytest.raises(MissingPart, match=r"pip install 'hybrid-sandbox\[lp\]'"):
        problem(f"{files}/plan.lp")


def test_infinite_numbers_from_python_are_refused():
    program = BinaryProgram(names=("a", "b"), objective=Qubo(0.0, np.array([np.inf, 1.0]), {}))
    with pytest.raises(UsageError, match="too large"):
        binary_problem("mine", program, str, quantity="value")
