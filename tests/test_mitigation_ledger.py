"""`hybrid mitigate`: every number of the ledger against values compiled apart, closed forms and the site's bill."""

import json
import re
from dataclasses import replace
from math import sqrt
from pathlib import Path

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.quantum_info import SparsePauliOp, Statevector

import hybrid
from hybrid.base.errors import UsageError
from hybrid.base.types import Expectation
from hybrid.cli.mitigate import sentence, text
from hybrid.device.device import Device
from hybrid.review.error_budget import Amount
from hybrid.review.first_loss import first_loss
from hybrid.review.mitigate import METHODS, mitigate
from hybrid.review.mitigation_ledger import Ledger, MethodRow
from hybrid.runs.setup import prepare
from hybrid.runs.spec import Spec

MARKOV = "meluxina-q:dephasing=markov"
"""Nothing is drawn in a limit without twirling, so that it is exact."""
ZZ = SparsePauliOp("ZZ")
SHOTS = 400
DRAWN = 4.0
"""A difference of draws is at most so many standard errors, but once in 16,000."""


def circuit() -> QuantumCircuit:
    made = QuantumCircuit(2)
    made.ry(0.7, 0)
    made.cx(0, 1)
    made.ry(0.4, 1)
    made.cx(0, 1)
    return made


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    """Of that circuit."""
    return mitigate(circuit(), observable=ZZ, device=MARKOV, shots=SHOTS)


@pytest.fixture(scope="module")
def of_run(tmp_path_factory) -> tuple[Ledger, "hybrid.Result"]:
    folder = tmp_path_factory.mktemp("runs")
    spec = Spec(problem="h2", device="meluxina-q", shots=200, max_evals=7, backend="exact", mitigate="twirl:instances=8")
    run = hybrid.run(spec, folder)
    return mitigate("latest", results=folder, realizations=8), run


def row(ledger: Ledger, label: str) -> MethodRow:
    return next(one for one in ledger.rows if ledger.label(one) == label)


def test_every_method_has_a_row_or_a_reason(ledger):
    echo = {one.mitigate for one in ledger.rows if one.dd == "echo"}
    assert {one.mitigate for one in (*ledger.rows, *ledger.refused) if one.dd == "none"} == set(METHODS)
    assert echo <= {"none", ledger.best.mitigate}
    assert all(len(one.why) > 10 for one in ledger.refused)


@pytest.mark.parametrize("methods", ["none", "readout", "zne", "zne:model=linear", "readout+zne"])
def test_a_bias_is_that_of_the_program_without_shots(ledger, methods):
    """Compiled apart, with other draws; against a state vector. To 1e-9, the rounding of an inverted readout."""
    ideal = Statevector(circuit()).expectation_value(ZZ).real
    program = hybrid.compile(circuit(), ZZ, device=MARKOV, backend="exact", mitigate=methods)
    (limit,) = program.values(np.zeros((1, 0)), seed=5).values
    found = row(ledger, methods)
    assert ledger.ideal == pytest.approx(ideal, abs=1e-9)
    assert found.limit == pytest.approx(limit, abs=1e-9)
    assert found.bias == (pytest.approx(limit - ideal, abs=1e-9), 0.0)


def test_a_standard_error_is_that_of_its_shots(ledger):
    """One string of Paulis: sqrt((1 - m^2)/N), to 3 % because m is drawn (its effect: m stderr/(1 - m^2) for each of 8)."""
    plain = row(ledger, "none")
    assert plain.stderr == pytest.approx(sqrt((1 - plain.limit**2) / SHOTS), rel=0.03)
    assert abs(plain.value.value - plain.limit) < DRAWN * plain.stderr


@pytest.mark.parametrize("methods", ["none", "readout", "trex", "zne"])
def test_values_scatter_as_their_standard_errors_say(ledger, methods):
    """Forty values of seeds of their own: their scatter is known to 1/sqrt(80), 11 %, and 4 of these are allowed."""
    program = hybrid.compile(circuit(), ZZ, device=MARKOV, backend="exact", mitigate=methods, shots=SHOTS)
    values = [program.values(np.zeros((1, 0)), seed=seed).values[0] for seed in range(40)]
    assert np.std(values) == pytest.approx(row(ledger, methods).stderr, rel=0.45)


def test_errors_and_their_order_are_recomputed(ledger):
    told = json.loads(json.dumps(ledger.to_json()))
    (plain,) = [one for one in told["rows"] if one["label"] == "none"]
    for one in told["rows"]:
        bias = one["bias"]["value"] ** 2
        assert one["rms"] == pytest.approx(sqrt(bias + one["stderr"] ** 2))
        equal = sqrt(bias + one["stderr"] ** 2 * one["seconds"] / plain["seconds"])
        assert one["rms_at_equal_time"] == pytest.approx(equal)
        assert one["gain"] == pytest.approx(plain["rms"] / equal)
    errors = [one["rms_at_equal_time"] for one in told["rows"]]
    assert errors == sorted(errors) and told["best"] == told["rows"][0]["label"]


def test_shots_and_the_bill_of_a_circuit(ledger):
    """A value costs its shots whatever the method; the one value bears its calibration. By the site's rule for one circuit."""
    billing = Device.load(MARKOV).billing
    assert billing is not None
    a_circuit_s = billing.bill([SHOTS], 1e-6).seconds.value
    calibrations = {"none": 0, "zne": 0, "twirl": 0, "readout": 2, "trex": 1}
    for methods, calibration in calibrations.items():
        found = row(ledger, methods)
        assert (found.shots, found.calibration_shots) == (SHOTS, calibration * SHOTS)
        assert found.seconds == pytest.approx((1 + calibration) * a_circuit_s)
    assert [row(ledger, name).circuits for name in ("none", "zne", "trex", "pec")] == [1, 2, 32, 256]


def test_the_values_of_a_run_share_its_calibration(of_run):
    found, run = of_run
    assert found.evaluations == run.nfev and found.id == run.id and found.shots == 200
    plain, groups = row(found, "none"), 2  # a value's circuits share a job, and each of a calibration has the shots of a value
    for methods, circuits in (("readout", 2), ("trex", 1), ("cdr", 16), ("readout+cdr", 18)):
        assert row(found, methods).calibration_shots == circuits * 200
        assert row(found, methods).seconds == pytest.approx(plain.seconds * (1 + circuits / run.nfev))
    assert plain.circuits == groups
    assert row(found, "twirl:instances=8").circuits < row(found, "twirl").circuits  # the run's own methods are there too
    assert found.baseline_name == "Hartree-Fock" and found.baseline == pytest.approx(-1.116999, abs=1e-6)


def test_a_limit_of_a_run_is_that_of_its_loss(of_run):
    """Against the program of the same circuit and observable; detunings of other seeds, and twice as many of them."""
    found, run = of_run
    loss, _, _ = first_loss(
        prepare(Spec(**{key: run.spec[key] for key in ("problem", "device", "ansatz", "shots")})), len(run.x)
    )
    (query,) = loss.queries
    assert isinstance(query, Expectation)
    program = hybrid.compile(query.circuit, query.observable, device="meluxina-q", backend="exact", mitigate="trex")
    value, stderr = (column[0] for column in program.values(np.array([run.x]), seed=9))
    trex = row(found, "trex")
    assert abs(trex.limit - value) < DRAWN * np.hypot(stderr, trex.bias.stderr)
    assert found.ideal == pytest.approx(hybrid.compile(query.circuit, query.observable).values(np.array([run.x])).values[0])


def test_the_same_seed_gives_the_same_ledger_whatever_else_is_compared(ledger, tmp_path, monkeypatch):
    """A method from a file beside the others: twice the mean of two halves of the shots, so twice the standard error
    (to 5 %: each is of eight draws)."""
    (tmp_path / "mine.py").write_text(
        '"""Twice."""\n'
        "from hybrid.base.types import Extrapolation, Mitigation\n\n\n"
        "def twice(*, times: float = 2.0) -> Mitigation:\n"
        '    """The value, so many times."""\n'
        "    return Mitigation(extrapolation=Extrapolation(lambda c: [c, c], lambda v: times * v.mean(), (1.0, 1.0)))\n"
    )
    monkeypatch.chdir(tmp_path)
    more = mitigate(circuit(), observable=ZZ, device=MARKOV, shots=SHOTS, methods=["./mine.py:twice"])
    assert [one for one in more.rows if "mine" not in one.mitigate and one.dd == "none"] == [
        one for one in ledger.rows if one.dd == "none"
    ]
    mine, plain = row(more, "mine.py:twice"), row(ledger, "none")
    assert (mine.limit, mine.stderr) == (pytest.approx(2 * plain.limit), pytest.approx(2 * plain.stderr, rel=0.05))


def plain_ledger(ledger: Ledger, *errors: tuple[str, float, float]) -> Ledger:
    """With rows of these names, biases and standard errors, in the same time."""
    rows = [MethodRow(name, "none", Amount(0.5, e), e, 0.5 + b, Amount(b, 0.0), 1, 100, 0, 1.0) for name, b, e in errors]
    rows.sort(key=MethodRow.rms)
    return replace(ledger, rows=tuple(rows), refused=(), baseline=0.55, baseline_name="mean field")


def test_the_first_sentence_says_what_pays_and_what_makes_it_worse(ledger):
    good = plain_ledger(ledger, ("none", 0.3, 0.4), ("readout", 0.0, 0.1), ("zne", 0.0, 2.0), ("twirl", 0.3, 0.39))
    assert sentence(good).startswith("--mitigate readout pays most") and "5.0 times closer" in sentence(good)
    assert sentence(good).endswith("Worse than no mitigation: zne.") and "mostly shot noise" in sentence(good)
    assert [good.worth(one) for one in good.rows] == ["closer", "no gain", "no gain", "worse"]
    bad = plain_ledger(ledger, ("none", 0.0, 0.4), ("zne", 0.0, 0.41))
    assert sentence(bad).startswith("Nothing pays here") and "Worse" not in sentence(bad)
    biased = plain_ledger(ledger, ("none", 0.5, 0.1), ("trex", 0.2, 0.1))
    assert "mostly bias" in sentence(biased)


def test_what_pays_may_be_decoupling_alone(ledger):
    both = plain_ledger(ledger, ("none", 0.5, 0.1), ("readout", 0.4, 0.1))
    echo = both.rows[0]._replace(mitigate="none", dd="echo", bias=Amount(0.1, 0.0))
    assert sentence(replace(both, rows=(echo, *both.rows))).startswith("--dd echo pays most")


def test_the_baseline_is_named_with_what_reaches_beyond_it(ledger):
    """Lower is better: 0.5 + bias below 0.55."""
    some = " ".join(text(plain_ledger(ledger, ("none", 0.3, 0.1), ("cdr", -0.1, 0.1))).split())
    assert "mean field 0.550000; infinitely many shots end below it with cdr" in some
    none = " ".join(text(plain_ledger(ledger, ("none", 0.3, 0.1), ("cdr", 0.15, 0.1))).split())
    assert "no method ends below it at this x, cdr misses it by 0.1" in none


def test_what_cannot_be_compared_says_why(tmp_path):
    with pytest.raises(UsageError, match="has no noise to mitigate"):
        mitigate("bell", device="ideal")
    with pytest.raises(UsageError, match="is no Hamiltonian"):
        mitigate("bell", observable="moons")
    with pytest.raises(UsageError, match="acts on 3 qubits"):
        mitigate("bell", observable="tfim:n=3")
    with pytest.raises(UsageError, match="free parameters"):
        free = QuantumCircuit(1)
        free.rx(Parameter("a"), 0)
        mitigate(free)
    run = hybrid.run(Spec(problem="h2", max_evals=2), tmp_path)
    with pytest.raises(UsageError, match="has no noise to mitigate"):
        mitigate(run.id, results=tmp_path)
    with pytest.raises(UsageError, match="go with a circuit"):
        mitigate(run.id, results=tmp_path, device="meluxina-q")
    with pytest.raises(UsageError, match="Did you mean 'readout'"):
        mitigate("bell", methods=["redout"])


def test_the_command_prints_and_draws(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = command("mitigate", "bell", "--shots", 100, "--plot", "bell.png")
    assert done.code == 0 and Path("bell.png").read_bytes().startswith(b"\x89PNG")
    assert max(map(len, done.out.splitlines())) <= 80
    joined = " ".join(done.out.split())
    for part in ("without noise 1.000000", "mean Z Z of neighbours; 100 shots a value, seed 0", "does not apply"):
        assert part in joined
    assert json.loads(command("mitigate", "bell", "--shots", 100, "--json").out)["best"] in done.out
    assert command("mitigate", "bell", "--shots", 0).code == 2


def test_the_picture_has_the_errors_as_bars_and_their_parts_as_marks(ledger):
    from matplotlib.patches import Rectangle

    from hybrid.figures.mitigation_ledger import draw

    (axes,) = draw(ledger).axes
    widths = [bar.get_width() for bar in axes.patches if isinstance(bar, Rectangle)]
    assert widths == pytest.approx([ledger.rms_at_equal_time(one) for one in ledger.rows])
    biases, errors = ([np.ravel(line.get_xdata())[0] for line in axes.lines[first::2]] for first in (0, 1))
    assert np.hypot(biases[: len(errors)], errors) == pytest.approx(widths)


def test_a_run_that_noise_limits_proposes_the_ledger(command, tmp_path, monkeypatch):
    """At the noiseless optimum nothing but noise is left."""
    monkeypatch.chdir(tmp_path)
    words = ["run", "h2", "--ansatz", "real_amplitudes:reps=1", "--backend", "exact"]
    best = json.loads(command(*words, "--optimizer", "lbfgs", "--json").out)["x"]
    noisy = ["--device", "meluxina-q", "--shots", "4000", "--max-evals", "0"]
    done = command(*words, *noisy, "--initial-point", ",".join(map(str, best)))
    assert "noise limits it" in " ".join(done.out.split())
    assert re.search(r"^next +hybrid mitigate [0-9a-f]{12}$", done.out, re.M)
