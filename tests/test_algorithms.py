"""Algorithms: what every one must keep (records, resuming, audits, plans), and what each computes, against other means."""

import json
import math
import sys
from pathlib import Path

import numpy as np
import pytest
from h2_four_qubits import write
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.quantum_info import SparsePauliOp, Statevector

from hybrid import catalog
from hybrid.base.errors import Interrupted, UsageError
from hybrid.base.types import Expectation, Probabilities
from hybrid.catalog.algorithms._learning import accuracy, logistic_regression
from hybrid.catalog.algorithms.qaoa import value_at_risk
from hybrid.cli import app
from hybrid.device.device import Device
from hybrid.measure.compile import Measuring, compile_query
from hybrid.measure.execution import Conditions
from hybrid.review.cross_check import cross_check
from hybrid.review.replay import repeat
from hybrid.runs import results_folder as runs
from hybrid.runs.dry_run import plan
from hybrid.runs.run import run
from hybrid.runs.spec import Spec
from hybrid.runs.watching import Watcher

SHORT = {
    "vqe": {"problem": "h2", "max_iterations": 2},
    "qaoa": {"algorithm": "qaoa:cvar=0.5", "problem": "maxcut:graph=ring,n=4", "max_iterations": 2},
    "vqd": {"algorithm": "vqd", "problem": "h2", "ansatz": "real_amplitudes:reps=1", "max_iterations": 2},
    "adapt_vqe": {"algorithm": "adapt_vqe:max_operators=1", "problem": "FILE", "max_iterations": 2},
    "varqite": {"algorithm": "varqite", "problem": "h2", "ansatz": "real_amplitudes:reps=1", "max_iterations": 2},
    "vqc": {"algorithm": "vqc:layers=1", "problem": "moons:n=4", "max_iterations": 1},
    "quantum_kernel": {"algorithm": "quantum_kernel", "problem": "moons:n=4"},
}
"""A run of a few answers for every algorithm; FILE is a molecule of four qubits."""


def short(name: str, folder: Path, **fields: object) -> Spec:
    given = dict(SHORT[name]) | fields
    if given["problem"] == "FILE":
        given["problem"] = write(folder)
    return Spec(**given, backend="exact")


def test_every_algorithm_has_a_row():
    assert set(SHORT) == set(catalog.names("algorithms"))


def interrupt_at(answer: int) -> Watcher:
    """A watcher that stops the run before its answer of this number is measured."""
    asked = iter(range(answer + 1))
    return Watcher(interruption=lambda: None if next(asked, None) != answer else Interrupted("interrupted."))


def lines(path: str | Path) -> list[object]:
    """The bodies of start, answers and stop, without the classical solver's time."""
    found = runs.read(Path(path))
    return [found.start, *found.answers, found.stop]


@pytest.mark.parametrize("name", SHORT)
def test_interrupted_after_every_answer(tmp_path, name):
    """One answer per attempt, to the end: the record is that of the uninterrupted run, whatever the algorithm asks."""
    spec = short(name, tmp_path, shots=8000 if name == "adapt_vqe" else 150, seed=3)  # derivatives that are told from zero
    whole = run(spec, tmp_path / "whole")
    attempts = 0
    while True:
        attempts += 1
        try:
            result = run(spec, tmp_path / "parts", watcher=interrupt_at(1))
            break
        except Interrupted as error:
            assert "the same command continues" in str(error)
    assert attempts == len(runs.read(Path(whole.record)).answers)
    assert result.digest == whole.digest
    assert lines(result.record) == lines(whole.record)
    assert result.quantities == whole.quantities


@pytest.mark.parametrize("name", SHORT)
def test_audited_shown_and_compared(tmp_path, name, monkeypatch, capsys):
    """The record holds, in every bit and by another backend; every further number is in JSON, report and comparison."""
    result = run(short(name, tmp_path), tmp_path)
    path = Path(result.record)
    assert repeat(path).verdict == "identical"
    if name != "varqite":  # its questions follow from answers of the metric; another backend has the same ones
        assert cross_check(path, backend="reference").agrees

    def command(*words: object) -> str:
        monkeypatch.setattr(sys, "argv", ["hybrid", *map(str, words), "--results", str(tmp_path)])
        monkeypatch.setattr(sys, "path", [*sys.path])
        with pytest.MonkeyPatch.context():
            try:
                app.main()
            except SystemExit as left:
                assert not left.code
        return capsys.readouterr().out

    told = json.loads(command("runs", "show", result.id, "--json"))
    assert [found["name"] for found in told["quantities"]] == [found["name"] for found in result.quantities]
    assert told["value"] == result.value
    report, compared = command("runs", "show", result.id), command("runs", "diff", result.id, result.id)
    for found in result.quantities:
        assert found["name"] in report
        assert found["name"] in compared
    assert command("runs", "export", result.id)


@pytest.mark.parametrize("name", ["adapt_vqe", "vqd", "quantum_kernel"])
def test_planned(tmp_path, name):
    """A plan is made without measuring; with shots it says how many at most, and the run takes no more."""
    spec = short(name, tmp_path, shots=60, optimizer=None if name == "quantum_kernel" else "spsa")
    assert plan(spec).total.shots >= run(spec, tmp_path).shots > 0


def test_costs_are_those_of_the_whole_run(tmp_path):
    """Evaluations of both minimisations are counted and bounded together, half of them for each; so are shots."""
    spec = Spec(algorithm="vqd:k=2", problem="h2", shots=100, max_evals=9, backend="exact")
    result = run(spec, tmp_path)
    asked = [answer["question"] for answer in runs.read(Path(result.record)).answers]
    assert asked == ["values"] * 2 + ["final"] + ["values"] * 2 + ["final", "measure"]
    assert result.nfev == 4 + 4 + 1  # SPSA asks for two points each time; the measured level counts, no budget refuses it
    assert result.shots == 100 * (4 + 1 + 2 * 4 + 2 * 1 + 1)  # the second loss has two queries
    assert [answer.get("stage", 0) for answer in runs.read(Path(result.record)).answers] == [0] * 3 + [1] * 3 + [2]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"algorithm": "adapt_vqe", "problem": "h2"}, "Jordan-Wigner mapping"),
        ({"algorithm": "adapt_vqe", "problem": "lih", "ansatz": "uccsd"}, "no use for --ansatz uccsd"),
        ({"algorithm": "varqite", "problem": "h2", "optimizer": "adam"}, "no use for --optimizer adam"),
        ({"algorithm": "quantum_kernel", "problem": "moons", "max_evals": 3}, "no use for --max-evals 3"),
        ({"algorithm": "vqc", "problem": "h2"}, "takes a set of labelled points"),
        ({"algorithm": "vqe", "problem": "moons"}, "Algorithms for labelled points: quantum_kernel, vqc"),
        ({"algorithm": "vqd:k=0", "problem": "h2"}, "k must lie between 1 and 2\\^2"),
        ({"algorithm": "vqd:beta=-1", "problem": "h2"}, "beta must be positive"),
        ({"algorithm": "qaoa:cvar=0", "problem": "maxcut"}, "cvar must lie above 0"),
        ({"algorithm": "qaoa:cvar=0.5", "problem": "maxcut", "device": "meluxina-q", "mitigate": "readout"}, "single outcomes"),
        ({"algorithm": "varqite:step=0", "problem": "h2"}, "must be positive"),
        ({"algorithm": "quantum_kernel", "problem": "moons", "ansatz": "brick"}, "take zz_feature_map"),
        ({"algorithm": "vqd", "problem": "h2", "optimizer": "qn_spsa", "shots": 0, "max_evals": 0}, ""),
    ],
)
def test_what_cannot_be_is_refused(tmp_path, fields, message):
    """One message says what and what instead; an optimiser that asks about the state's geometry may serve every loss of it."""
    if not message:
        run(Spec(**fields), tmp_path)
        return
    with pytest.raises(UsageError, match=message):
        run(Spec(**fields), tmp_path)


def test_explain_is_for_one_minimisation(tmp_path):
    from hybrid.review.explain import explain

    result = run(Spec(algorithm="quantum_kernel", problem="moons:n=4", device="meluxina-q:dephasing=markov"), tmp_path)
    with pytest.raises(UsageError, match="does more than minimise one loss"):
        explain(result.id, results=tmp_path)


# --- Excited states ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("problem", "k"), [pytest.param("h2", 4, marks=pytest.mark.slow), ("h2", 2), ("heisenberg:n=2", 3)])
def test_levels_of_two_qubits(tmp_path, problem, k):
    """The spectrum of H2, and the triple level of a Heisenberg pair: -3, 1, 1, 1; to 1e-6, which is the optimiser's."""
    spec = Spec(algorithm=f"vqd:k={k}", problem=problem, ansatz="efficient_su2:reps=3", optimizer="lbfgs", backend="exact")
    result = run(spec, tmp_path)
    matrix = catalog.load(catalog.parse("problems", problem))().hamiltonian.to_matrix()
    levels = [result.value, *(found["value"] for found in result.quantities if found["name"].startswith("level"))]
    np.testing.assert_allclose(levels, np.linalg.eigvalsh(matrix)[:k], atol=1e-6)
    references = [found["reference"] for found in result.quantities if found["name"].startswith("level")]
    assert references == pytest.approx(np.linalg.eigvalsh(matrix)[1:k].tolist())


# --- ADAPT -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pool", ["fermionic", "qubit"])
def test_adapt_finds_h2_with_its_one_double(tmp_path, pool):
    """Singles of H2 have no derivative by symmetry: one operator gives full CI, and no derivative is left."""
    spec = Spec(algorithm=f"adapt_vqe:pool={pool},gtol=1e-5", problem=write(tmp_path), optimizer="lbfgs", backend="exact")
    result = run(spec, tmp_path)
    assert result.value == pytest.approx(-1.137306036, abs=1e-8)  # FCI; REFERENCE: every VQE tutorial
    numbers = {found["name"]: found["value"] for found in result.quantities}
    assert numbers["operators"] == 1
    assert numbers["steepest"] < 1e-5
    assert len(result.x) == 1


# --- Imaginary time ----------------------------------------------------------------------------------------------------


def test_varqite_follows_exact_imaginary_time(tmp_path):
    """RY(theta)|0> under Z: tan(theta/2) grows as exp(2 tau). Euler steps of 0.005 to tau = 0.5 err by about step x tau."""
    mine = tmp_path / "mine.py"
    mine.write_text(SPIN)
    spec = Spec(algorithm="varqite:step=0.005", problem=f"{mine}:spin", max_iterations=100, backend="exact")
    result = run(spec, tmp_path)
    expected = 2 * math.atan(math.tan(0.3 / 2) * math.exp(2 * 0.5))
    assert result.x[0] == pytest.approx(expected, abs=5e-3)
    assert abs(result.x[0] - 0.3) > 0.4  # it went somewhere


SPIN = '''
import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.quantum_info import SparsePauliOp
from hybrid.base.types import Problem


def spin():
    """One spin along Z, where |1> is lowest."""
    return Problem(hamiltonian=SparsePauliOp("Z"), unit="", ansatz=__file__ + ":turned", exact=-1.0)


def turned(problem):
    """One rotation."""
    from hybrid.base.types import Ansatz

    circuit = QuantumCircuit(1)
    circuit.ry(Parameter("t"), 0)
    return Ansatz(circuit, lambda rng: np.array([0.3]))
'''


# --- QAOA --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("p", "ratio"), [(1, 0.865563), (2, 0.915840), (3, 0.919021)])
def test_qaoa_from_the_published_angles(tmp_path, p, ratio):
    """Started there without typing them in; a few steps lead no lower (arXiv:2107.00677, six digits)."""
    at_start = run(Spec(algorithm=f"qaoa:p={p},start=fixed", problem="maxcut", max_evals=0, backend="exact"), tmp_path)
    assert at_start.ratio == pytest.approx(ratio, abs=1e-6)
    spec = Spec(algorithm=f"qaoa:p={p},start=fixed", problem="maxcut", optimizer="lbfgs", max_iterations=5, backend="exact")
    found = run(spec, tmp_path)
    assert found.ratio >= ratio - 5e-7
    assert found.outcomes["optimal"][0] > 10 * found.outcomes["optimal_guessing"]  # per shot, never a lucky best string


def test_half_a_warm_start_is_none(tmp_path):
    values = [
        run(
            Spec(algorithm=f"qaoa:p=2{more}", problem="maxcut", max_evals=0, initial_point=[0.3, 0.5, 0.7, 0.2]), tmp_path
        ).value
        for more in ("", ",warm_start=0.5")
    ]
    assert values[0] == pytest.approx(values[1], abs=1e-10)


def test_a_warm_start_begins_at_the_greedy_cut(tmp_path):
    """At zero angles every vertex is on its greedy side with probability 3/4: an edge that is cut stays so with 10/16."""
    spec = Spec(algorithm="qaoa:warm_start=0.25", problem="maxcut:graph=ring,n=6", max_evals=0, initial_point=[0, 0])
    assert run(spec, tmp_path).value == pytest.approx(6 * 10 / 16, abs=1e-9)  # greedy cuts all six edges of an even ring


def by_hand(energies: np.ndarray, weights: np.ndarray, alpha: float) -> float:
    """The mean of the lowest `alpha` of a distribution, outcome by outcome."""
    left, total = alpha, 0.0
    for i in np.argsort(energies, kind="stable"):
        part = min(left, weights[i])
        total, left = total + part * energies[i], left - part
    return total / alpha


def risk_program(alpha: float, shots: int = 0, gradient: str = "auto"):
    """CVaR of a ring's cut after QAOA, and what it is made of."""
    problem = catalog.load(catalog.parse("problems", "maxcut:graph=ring,n=4"))()
    circuit, _ = catalog.load(catalog.parse("ansatze", "qaoa_layers:p=1"))(problem)
    query = Probabilities(circuit, value_at_risk(problem, alpha))
    backend = catalog.load(catalog.parse("backends", "exact"))()
    measuring = Measuring(Conditions(shots), gradient=gradient)
    program = compile_query(query, tuple(circuit.parameters), Device.load("ideal"), backend, measuring)
    energies = np.array([problem.hamiltonian.to_matrix()[i, i].real for i in range(16)])
    return program, lambda x: by_hand(energies, Statevector(circuit.assign_parameters(x)).probabilities(), alpha)


@pytest.mark.parametrize("alpha", [0.05, 0.3, 0.7, 1.0])
def test_value_at_risk(alpha):
    program, exact = risk_program(alpha)
    x = np.array([0.4, 0.9])
    assert program.values(x[None]).values[0] == pytest.approx(exact(x), abs=1e-12)
    slopes = [(exact(x + step) - exact(x - step)) / 2e-5 for step in 1e-5 * np.eye(2)]
    np.testing.assert_allclose(program.gradient(x).gradient, slopes, atol=1e-8)
    shifted, _ = risk_program(alpha, gradient="parameter-shift")
    np.testing.assert_allclose(shifted.gradient(x).gradient, slopes, atol=1e-8)


def test_value_at_risk_with_shots():
    """500 estimates of 400 shots: 95 % intervals hold the exact value 93 to 97 % of the time (2 sigma of 500), biased by
    less than one standard error (a quantile of a sample is)."""
    program, exact = risk_program(0.3, shots=400)
    x = np.array([0.4, 0.9])
    values, stderr = program.values(np.tile(x, (500, 1)), seed=1)
    covered = np.mean(np.abs(values - exact(x)) <= 1.96 * stderr)
    assert 0.92 <= covered <= 0.98
    assert abs(values.mean() - exact(x)) < np.mean(stderr)
    assert (stderr > 0).all()


# --- Classifiers -------------------------------------------------------------------------------------------------------


def test_the_kernel_is_that_of_the_states(tmp_path):
    """Every recorded overlap is |<phi(x)|phi(y)>|^2 of state vectors."""
    spec = Spec(algorithm="quantum_kernel", problem="moons:n=10", backend="exact")
    result = run(spec, tmp_path)
    data = catalog.load(catalog.parse("problems", "moons:n=10"))()
    circuit, _ = catalog.load(catalog.parse("ansatze", "zz_feature_map"))(data)
    states = [[Statevector(circuit.assign_parameters(x)).data for x in part] for part in (data.train_x, data.test_x)]
    rows = [answer["values"] for answer in runs.read(Path(result.record)).answers]
    m = len(data.train_x)
    pairs = [(states[0][i], states[0][i + 1 :]) for i in range(m - 1)] + [(state, states[0]) for state in states[1]]
    for row, (one, others) in zip(rows, pairs, strict=True):
        np.testing.assert_allclose(row, [abs(np.vdot(one, other)) ** 2 for other in others], atol=1e-10)
    assert {found["name"] for found in result.quantities} == {"train accuracy", "test accuracy", "kernel alignment"}


def test_classifier_learns_a_line(tmp_path):
    """Six epochs on well separated points beat the majority; batch gradients are those of one sample after the other."""
    spec = Spec(algorithm="vqc:layers=1", problem="moons:n=12", optimizer="adam:learning_rate=0.2", max_iterations=6)
    result = run(spec, tmp_path)
    losses = [answer["loss"] for answer in runs.read(Path(result.record)).answers if answer["question"] == "gradient"]
    assert losses[-1] < losses[0]
    shifted = run(Spec(**(spec.given() | {"gradient": "parameter-shift", "max_iterations": 1})), tmp_path)
    first = [runs.read(Path(r.record)).answers[0]["gradient"] for r in (result, shifted)]
    np.testing.assert_allclose(first[0], first[1], atol=1e-9)


LABELLED = ["circles", "moons"]


def test_every_data_set_is_learnt_below():
    """Those that need no file."""
    found = {name: catalog.locate("problems", name) for name in catalog.names("problems")}
    sets = [name for name, one in found.items() if "-> Dataset:" in one.file.read_text() and "SUFFIXES" not in one.constants]
    assert sets == LABELLED


@pytest.mark.slow
@pytest.mark.parametrize("problem", LABELLED)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_vqc_is_right_above_95_percent(tmp_path, problem, seed):
    """By default, without noise, on 100 points that it has not seen, where a straight line is wrong far more often."""
    result = run(Spec(algorithm="vqc", problem=problem, backend="exact", seed=seed), tmp_path)
    tested = result.quantities[1]
    assert result.value > 0.95
    assert tested["interval"][0] > max(0.9, tested["reference"])
    assert tested["reference"] < 0.92


def test_vqc_after_a_few_steps(tmp_path):
    """The same in short."""
    spec = Spec(algorithm="vqc", problem="moons", optimizer="adam:learning_rate=0.2", max_iterations=25, backend="exact")
    result = run(spec, tmp_path)
    assert result.value > 0.95
    assert result.value > result.quantities[1]["reference"]


@pytest.mark.slow
@pytest.mark.parametrize("problem", LABELLED)
def test_vqc_on_the_stand_in(tmp_path, problem):
    """Trained without noise, then asked on meluxina-q: still better than a straight line, and no better than without noise
    beyond what 100 points tell (two standard errors)."""
    ideal = run(Spec(algorithm="vqc", problem=problem, backend="exact"), tmp_path)
    there = {"device": "meluxina-q", "max_evals": 0, "initial_point": list(ideal.x)}
    found = run(Spec(algorithm="vqc", problem=problem, backend="exact", **there), tmp_path)
    print(f"{problem}: {ideal.value} without noise, {found.value} {found.quantities[1]['interval']} on meluxina-q")
    assert found.value > found.quantities[1]["reference"]
    assert found.value <= ideal.value + 2 * found.stderr


def test_accuracy_has_wilsons_interval():
    """9 of 10: 0.596 to 0.982 (Wilson; the usual tables)."""
    found = accuracy("share", np.array([1] * 9 + [0]), np.ones(10, dtype=int))
    assert found.value == 0.9
    assert found.interval == pytest.approx((0.5958, 0.9821), abs=1e-4)
    certain = accuracy("share", np.ones(10, dtype=int), np.ones(10, dtype=int))
    assert certain.stderr > 0
    assert certain.interval[1] == pytest.approx(1)


def test_logistic_regression_finds_the_line():
    """Two classes on a line cross where the logistic curve says, three in the plane are told apart."""
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (400, 1))
    y = (rng.random(400) < 1 / (1 + np.exp(-8 * (x[:, 0] - 0.2)))).astype(int)
    named = logistic_regression(x, y, 2, np.array([[-0.5], [0.05], [0.35], [0.9]]))
    assert named.tolist() == [0, 0, 1, 1]
    centres = np.array([[0.0, 0], [4, 0], [0, 4]])
    points = np.repeat(centres, 20, axis=0) + rng.normal(0, 0.3, (60, 2))
    assert logistic_regression(points, np.repeat([0, 1, 2], 20), 3, centres).tolist() == [0, 1, 2]


def test_queries_on_samples_are_programs_one_by_one():
    """A loss over samples is the sum of what single programs give, with the same shots' errors."""
    from hybrid.base.types import Loss
    from hybrid.runs.loss import Measurement

    t, x = Parameter("t"), Parameter("x")
    circuit = QuantumCircuit(1)
    circuit.ry(t, 0)
    circuit.rx(x, 0)
    query = Expectation(circuit, SparsePauliOp("Z"))
    loss = Loss((query,), lambda v: v.sum(axis=0), np.ones_like, (x,), np.array([[0.1], [0.5], [1.2]]))
    backend = catalog.load(catalog.parse("backends", "exact"))()
    measurement = Measurement(loss, [t], Device.load("ideal"), backend, Measuring())
    seed, theta = np.random.SeedSequence(0), np.array([0.7])
    expected = sum(math.cos(0.7) * math.cos(a) for a in (0.1, 0.5, 1.2))
    assert measurement.values(theta[None], seed).values[0] == pytest.approx(expected, abs=1e-12)
    slope = -sum(math.sin(0.7) * math.cos(a) for a in (0.1, 0.5, 1.2))
    assert measurement.gradient(theta, seed).gradient == pytest.approx([slope], abs=1e-12)
