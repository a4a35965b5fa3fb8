"""`hybrid explain`: budgets against closed forms and independent simulators, errors of differences, the report."""

import json
import re
import sys
from dataclasses import replace
from functools import partial
from math import exp, pi, sqrt
from pathlib import Path

import numpy as np
import pytest
from qiskit.quantum_info import Statevector

from hybrid import catalog
from hybrid.base.errors import Interrupted, UsageError
from hybrid.base.randomness import ExplainStream, RunStream, child
from hybrid.base.types import Ansatz, Loss
from hybrid.compilation.noise import PARTS
from hybrid.measure.compile import Measuring, compile_query
from hybrid.measure.execution import Conditions
from hybrid.review import explain as explain_module
from hybrid.review.error_budget import DETUNINGS, INTERACTION, OPTIMISER, SHOTS, Contribution, ErrorBudget
from hybrid.review.explain import explain
from hybrid.runs import device_interval
from hybrid.runs import results_folder as runs
from hybrid.runs import run as session
from hybrid.runs.loss import Measurement
from hybrid.runs.reopen import find
from hybrid.runs.setup import Chosen, prepare
from hybrid.runs.spec import Spec
from hybrid.runs.watching import Watcher

H2_X = (0.22, 0.0, -0.18, 0.0, 3.14, 0.0, -0.13, 0.05)
"""Near the minimum, to two digits."""
EVALUATED = {"device": "meluxina-q", "shots": 2000, "max_evals": 0, "backend": "exact"}
AER = EVALUATED | {"backend": "aer"}
SPECS = {
    "h2": Spec(problem="h2", ansatz="efficient_su2:reps=1", initial_point=H2_X, **EVALUATED),
    "tfim": Spec(problem="tfim:n=3", ansatz="hamiltonian_variational:reps=2", **AER),
    "maxcut": Spec(problem="maxcut:graph=ring,n=4", initial_point=(0.78, 0.4), **EVALUATED),
    "markov": Spec(problem="h2", ansatz="efficient_su2:reps=1", initial_point=H2_X, dephasing="markov", **EVALUATED),
    "mitigated": Spec(problem="h2", ansatz="efficient_su2:reps=1", initial_point=H2_X, mitigate="readout", **EVALUATED),
    "infinite": Spec(problem="h2", ansatz="efficient_su2:reps=1", initial_point=H2_X, **EVALUATED | {"shots": 0}),
    "ideal": Spec(problem="h2", ansatz="efficient_su2:reps=1", initial_point=H2_X, max_evals=0),
}
T7 = 2.3646 / 1.9600
"""The 97.5 % quantiles of Student's t with 7 degrees of freedom and of a Gaussian: 8 sets of detunings stand behind a mean."""
ROUNDING = 1e-12
"""Sums of a dozen numbers of order one in double precision."""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with a record of every one of SPECS in results/, made without other devices, which take longer."""
    path = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(device_interval, "INTERVAL_QUBITS", 0)
        patch.chdir(path)
        for spec in SPECS.values():
            session.run(spec)
        yield path


@pytest.fixture(scope="module")
def budgets(home) -> dict[str, ErrorBudget]:
    return {name: explain(SPECS[name].id, results=home / "results") for name in SPECS if name != "ideal"}


def row(budget: ErrorBudget, name: str) -> Contribution:
    return next(found for found in budget.contributions if found.name == name)


class Minimised(Exception):
    pass


def minimised(spec: Spec) -> tuple[Loss, Ansatz]:
    """What the run's algorithm minimises, found by a session of this test's own."""

    class Recorder:
        rng = np.random.default_rng(0)

        def ansatz(self, default, *, fixed=False):
            return Chosen(prepared).ansatz(default, fixed=fixed)

        def minimize(self, loss, ansatz):
            raise Minimised(loss, ansatz)

    prepared = prepare(spec)
    with pytest.raises(Minimised) as caught:
        prepared.algorithm(Recorder(), prepared.problem)
    return caught.value.args


def compiled(spec: Spec, *, backend: str = "exact", without=frozenset(), realizations=None):
    """The program of the run's one query for infinitely many shots."""
    loss, ansatz = minimised(spec)
    measuring = Measuring(Conditions(without=without, realizations=realizations))
    member = catalog.load(catalog.parse("backends", backend))()
    return compile_query(loss.queries[0], list(ansatz.circuit.parameters), prepare(spec).device, member, measuring)


def point(home: Path, name: str) -> np.ndarray:
    return np.array(runs.read(home / "results" / f"{SPECS[name].id}.jsonl").x)


# ---- the line adds up


@pytest.mark.parametrize("name", ["h2", "tfim", "maxcut", "markov", "mitigated", "infinite"])
def test_reported_less_exact_is_the_sum_of_the_contributions(budgets, name):
    found = budgets[name]
    assert {part.name for part in found.contributions} == {
        *PARTS,
        INTERACTION,
        OPTIMISER,
        DETUNINGS if name == "infinite" else SHOTS,
    }
    total = sum(part.value for part in found.contributions)
    assert total == pytest.approx(found.reported.value - found.exact, abs=ROUNDING)
    noise = sum(part.value for part in found.contributions if part.name in (*PARTS, INTERACTION))
    assert noise == pytest.approx(found.gap.value, abs=ROUNDING)
    sizes = [part.size for part in found.contributions]
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize("name", ["h2", "tfim", "maxcut", "markov", "mitigated", "infinite"])
def test_the_run_measured_what_is_explained(budgets, name):
    """The reported value lies where infinitely many shots say: |z| < 4, a false alarm in 16,000 for each of the six."""
    chance = row(budgets[name], DETUNINGS if name == "infinite" else SHOTS)
    assert abs(chance.sigmas) < 4


@pytest.mark.parametrize("name", ["h2", "tfim", "maxcut"])
def test_values_are_those_of_independent_simulators(home, budgets, name):
    """Ideal: Qiskit's state vector. All noise: Qiskit's own density matrix with detunings of another seed; z < 4 as above."""
    found, x = budgets[name], point(home, name)
    loss, ansatz = minimised(SPECS[name])
    sign = -1 if found.maximize else 1
    state = Statevector(ansatz.circuit.assign_parameters(x))
    ideal = sign * state.expectation_value(loss.queries[0].observable).real
    assert found.ideal == pytest.approx(ideal, abs=1e-9)  # two exact simulators
    other = compiled(SPECS[name], backend="reference", realizations=16).values(x[None], seed=99)
    assert abs(sign * other.values[0] - found.infinite_shots.value) < 4 * np.hypot(other.stderr[0], found.infinite_shots.stderr)


@pytest.mark.parametrize("name", ["h2", "tfim", "maxcut", "markov"])
def test_without_every_part_nothing_is_left_of_the_noise(home, budgets, name):
    program = compiled(SPECS[name], without=frozenset(PARTS))
    sign = -1 if budgets[name].maximize else 1
    means = program.means(point(home, name)[None], seed=0)
    assert means.shape == (1, 1)
    assert sign * means[0, 0] == pytest.approx(budgets[name].ideal, abs=1e-9)  # two exact simulators


def test_a_contribution_is_a_difference_of_two_programs_at_the_same_detunings(home, budgets):
    x = point(home, "h2")[None]
    seeds = [np.random.SeedSequence(n) for n in range(4)]
    both = [compiled(SPECS["h2"], without=without) for without in (frozenset(), frozenset({"readout"}))]
    differences = [np.subtract(*(p.means(x, seed=0, detuning_seed=seed)[0] for p in both)) for seed in seeds]
    found = row(budgets["h2"], "readout")
    assert all(difference.shape == (8,) for difference in differences)
    mean = np.mean(differences)
    assert abs(mean - found.value) < 4 * found.stderr * sqrt(1 + 1 / 4)  # z < 4: a false alarm in 16,000
    assert found.stderr < 0.1 * budgets["h2"].infinite_shots.stderr  # what the detunings do is in both and cancels


@pytest.mark.statistics
def test_standard_errors_of_differences_are_honest(home):
    """z of 40 differences at independent detunings. Its square has mean 0.96 (Student's t of 7 degrees over its widening) and
    standard deviation 1.9, so the mean of 40 lies in 0.96 +- 0.3; 0.2 to 2.2 are over two and four of these."""
    x = np.array(H2_X)[None]
    both = [
        compiled(SPECS["h2"], backend="exact", without=without)
        for without in (frozenset(), frozenset({"dephasing while idle"}))
    ]
    sets = np.array([np.subtract(*(p.means(x, seed=0, detuning_seed=n)[0] for p in both)) for n in range(40)])
    stderr = sets.std(axis=1, ddof=1) / sqrt(8) * T7
    z = (sets.mean(axis=1) - sets.mean()) / (stderr * sqrt(1 - 1 / 40))
    assert 0.2 < np.mean(z**2) < 2.2


def test_markovian_noise_is_explained_exactly(budgets):
    found = budgets["markov"]
    assert all(part.stderr == 0 for part in found.contributions if part.name != SHOTS)
    assert found.infinite_shots.stderr == 0
    assert row(found, "dephasing during pulses").value > 0
    assert (found.timing.coherence, found.realizations) == ("T2", 1)
    assert found.timing.in_circuit_s == found.timing.isolated_s


def test_mitigation_that_the_run_chose_stays_on(budgets):
    assert abs(row(budgets["mitigated"], "readout").value) < 1e-12  # rounding: the calibration sees all of it
    left = row(budgets["mitigated"], "initialisation").value / row(budgets["h2"], "initialisation").value
    assert 0.1 < left < 0.5  # it takes a flip before the circuit for one behind it, which is true of some
    assert budgets["mitigated"].mitigate == "readout"


# ---- closed forms on a device of one's own


def profile(folder: Path, **changes: tuple[float, str]) -> Path:
    """The silicon profile without any error and with everything else endless, but for these changes."""
    quiet = {"t1": ("inf", "us"), "t2_star": ("inf", "us"), "t2_echo": ("inf", "us"), "residual_exchange": (0, "kHz")}
    quiet |= dict.fromkeys(("gates.sx.error", "gates.cz.error", "readout_p01", "readout_p10", "init_error"), (0, "%"))
    text = (catalog.folder("devices") / "meluxina-q.toml").read_text().partition("\n[variants")[0]
    for key, (value, unit) in (quiet | changes).items():
        section = f'[{key}]\nvalue = {value}\nunit = "{unit}"\nmark = "A"\nsource = "assumed"\nreason = "a test"\n'
        pattern = rf"\[{re.escape(key)}\]\n(?:.+\n)+?(?=known_for_target)"
        text, count = re.subn(pattern, section, text)
        assert count == 1, key
    (folder / "mine.toml").write_text(text)
    return folder / "mine.toml"


WAITS = 6
"""Rotations of two X90 pulses of 65 ns on qubit 1, during which qubit 0 waits on its equator."""


def ramsey(folder: Path, device: Path, *, realizations: int | None = None) -> ErrorBudget:
    """The budget of -<Z> of qubit 0 behind RY(pi/2), a wait, RY(-pi/2): -1 without noise."""
    wait = "\n".join("barrier q; ry(b) q[1];" for _ in range(WAITS))
    (folder / "ramsey.qasm3").write_text(
        'OPENQASM 3.0;\ninclude "stdgates.inc";\ninput float[64] a;\ninput float[64] b;\ninput float[64] c;\nqubit[2] q;\n'
        f"ry(a) q[0];\n{wait}\nbarrier q;\nry(c) q[0];\n"
    )
    (folder / "z.pauli").write_text("-1.0 IZ\n")
    fields = {"problem": f"pauli:file={folder}/z.pauli", "ansatz": f"circuit:file={folder}/ramsey.qasm3", "device": str(device)}
    spec = Spec(**fields, initial_point=(pi / 2, 0.0, -pi / 2), max_evals=0, shots=1000, backend="exact")
    return explain(session.run(spec, folder / "results").record, realizations=realizations)


def test_readout_and_initialisation_multiply(tmp_path):
    """<Z> as read is g (1 - 2 e) z + o, with g = 1 - p01 - p10 and o = p10 - p01; z = 1 here."""
    errors = {"readout_p01": (3, "%"), "readout_p10": (1, "%"), "init_error": (2, "%")}
    found = ramsey(tmp_path, profile(tmp_path, **errors))
    g, o, prepared = 0.96, -0.02, 0.96
    assert found.infinite_shots.value == pytest.approx(-(g * prepared + o), abs=1e-9)  # exact simulation of a closed form
    expected = {
        "readout": prepared - (g * prepared + o),
        "initialisation": g * (1 - prepared),
        INTERACTION: (1 - g) * (1 - prepared),
    }
    for part in found.contributions:
        if part.name != SHOTS:
            assert part.value == pytest.approx(expected.get(part.name, 0.0), abs=1e-9)
    assert row(found, "readout").alone.value == pytest.approx(1 - (g + o), abs=1e-9)
    assert row(found, "initialisation").alone.value == pytest.approx(1 - prepared, abs=1e-9)


def test_waiting_dephases_as_a_ramsey_experiment(tmp_path):
    """Contrast exp(-(t/T2*)^2) exp(-t/T2) of a wait of t = 12 pulses of 65 ns; nothing else is wrong with the device."""
    star_us, echo_us, t_us = 1.5, 6.0, 2 * WAITS * 0.065
    found = ramsey(tmp_path, profile(tmp_path, t2_star=(star_us, "us"), t2_echo=(echo_us, "us")), realizations=512)
    alone = row(found, "dephasing while idle").alone
    expected = 1 - exp(-((t_us / star_us) ** 2)) * exp(-t_us / echo_us)
    assert abs(alone.value - expected) < 4 * alone.stderr + 1e-6  # Sobol sets of 64: a false alarm in 16,000
    assert alone.stderr < 0.01 * expected
    assert found.largest.name == "dephasing while idle"
    assert found.timing.duration_s == pytest.approx((2 * WAITS + 4) * 65e-9)
    assert found.timing.in_circuit_s == found.timing.isolated_s == pytest.approx((1.5e-6, 1.5e-6))  # no two-qubit gate


def test_the_remedies_are_tried(tmp_path):
    """Mitigation takes away all that readout contributes; echoes refocus what stands still during the wait."""
    (tmp_path / "a").mkdir()
    errors = {"readout_p01": (3, "%"), "readout_p10": (1, "%")}
    read = ramsey(tmp_path / "a", profile(tmp_path / "a", **errors))
    (remedy,) = replace(read, contributions=tuple(c for c in read.contributions if c.name == "readout")).remedies or [None]
    assert remedy.flag == "--mitigate readout"
    assert remedy.change.value == pytest.approx(-row(read, "readout").value, abs=1e-9)
    waited = ramsey(tmp_path, profile(tmp_path, t2_star=(1.0, "us")))
    assert [tried.flag for tried in waited.remedies] == ["--dd echo", "--dd xy4"]
    assert re.match(r"--dd (echo|xy4) moves the value by -0\.\d+\(\d+\)\.", waited.advice)


MEMBERS = '''
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.quantum_info import SparsePauliOp
from hybrid.base.types import Expectation, Loss


def squared(session, problem):
    """<ZZ>^2 + <XX>/2 on the problem's ansatz."""
    ansatz = session.ansatz(problem.ansatz)
    queries = tuple(Expectation(ansatz.circuit, SparsePauliOp(label)) for label in ("ZZ", "XX"))
    return session.minimize(Loss(queries, combine, gradient), ansatz)


def combine(values):
    return values[0] ** 2 + values[1] / 2


def gradient(values):
    import numpy as np
    return np.stack([2 * values[0], np.full_like(values[1], 0.5)])
'''


def test_a_loss_of_several_queries(home, tmp_path):
    """Combined at the queries' means, and its error to first order with what both queries owe to the same detunings."""
    (tmp_path / "mine.py").write_text(MEMBERS)
    fields = {
        "problem": "h2",
        "ansatz": "efficient_su2:reps=1",
        "device": "meluxina-q",
        "initial_point": H2_X,
        "max_evals": 0,
        "backend": "exact",
    }
    spec = Spec(algorithm=f"{tmp_path}/mine.py:squared", **fields)
    found = explain(session.run(spec, tmp_path / "results").record)
    loss, ansatz = minimised(spec)
    measurement = Measurement(
        loss, list(ansatz.circuit.parameters), prepare(spec).device, Chosen(prepare(spec)).backend, Measuring()
    )
    assert len(measurement.programs) == 2
    detunings = child(spec.seed, RunStream.EXPLAIN, ExplainStream.DETUNINGS)
    a, b = (p.means(np.array(H2_X)[None], seed=0, detuning_seed=detunings)[0] for p in measurement.programs)
    to_first_order = a.mean() ** 2 + 2 * a.mean() * (a - a.mean()) + b / 2
    stderr = to_first_order.std(ddof=1) / sqrt(8) * T7
    assert found.infinite_shots.value == pytest.approx(a.mean() ** 2 + b.mean() / 2, abs=ROUNDING)
    assert found.infinite_shots.stderr == pytest.approx(stderr, rel=1e-4)  # the quantiles in T7 have five digits
    total = sum(part.value for part in found.contributions)
    assert total == pytest.approx(found.reported.value - found.exact, abs=ROUNDING)


# ---- which runs, which backends


def test_an_unfinished_run_is_explained_where_it_stands(tmp_path):
    left = iter(range(2))
    stop = Watcher(interruption=lambda: None if next(left, None) is not None else Interrupted("interrupted."))
    fields = {"problem": "h2", "ansatz": "efficient_su2:reps=1", "device": "meluxina-q", "initial_point": H2_X}
    spec = Spec(**fields, shots=100, max_evals=10, backend="exact")
    with pytest.raises(Interrupted):
        session.run(spec, tmp_path, watcher=stop)
    found = explain("latest", results=tmp_path, realizations=8)
    assert (found.state, found.reported) == ("unfinished", None)
    assert any("unfinished" in note for note in found.notes)
    assert not {SHOTS, DETUNINGS} & {part.name for part in found.contributions}
    total = sum(part.value for part in found.contributions)
    assert total == pytest.approx(found.infinite_shots.value - found.exact, abs=ROUNDING)
    path = tmp_path / f"{spec.id}.jsonl"
    path.write_text(path.read_text().splitlines(keepends=True)[0])
    with pytest.raises(UsageError, match="has no point yet"):
        explain(path)


def test_a_run_without_noise_has_no_budget(home):
    with pytest.raises(UsageError, match="device 'ideal', which has no noise, so it has no error budget"):
        explain(SPECS["ideal"].id, results=home / "results")


def test_a_backend_that_cannot_names_those_that_can(home):
    with pytest.raises(UsageError, match=r"method=density_matrix.*these backends can: aer, .*reference"):
        explain(SPECS["h2"].id, results=home / "results", backend="aer:method=statevector")
    with pytest.raises(UsageError, match="realizations: 12 is not possible.*nearest: 8"):
        explain(SPECS["h2"].id, results=home / "results", realizations=12)


def test_another_backend_explains_the_same(home, budgets):
    other = explain(SPECS["markov"].id, results=home / "results", backend="reference")
    for part in budgets["markov"].contributions:
        assert row(other, part.name).value == pytest.approx(part.value, abs=1e-9)  # two exact simulators


def test_a_run_is_found_by_its_beginning_or_its_file(home):
    path = home / "results" / f"{SPECS['h2'].id}.jsonl"
    assert find(home / "results", SPECS["h2"].id[:6]) == find(home, str(path)) == find(home, path) == path
    with pytest.raises(UsageError, match="nope"):
        find(home / "results", "nope")


def test_progress_counts_every_value_and_estimates_what_is_left(home):
    seen = []
    explain(SPECS["markov"].id, results=home / "results", watch=seen.append)
    assert [progress.done for progress in seen] == list(range(1, 18)) and {p.total for p in seen} == {17}
    assert seen[0].left_s is None and all(progress.left_s >= 0 for progress in seen[1:]) and seen[-1].left_s == 0


# ---- the report


@pytest.fixture
def hybrid(home, monkeypatch, command):
    """`hybrid explain`, in the folder `home`."""
    monkeypatch.chdir(home)
    return partial(command, "explain")


@pytest.mark.parametrize("name", ["h2", "maxcut", "markov", "infinite"])
def test_the_report(hybrid, home, budgets, name, monkeypatch):
    """Of `markov` the command computes the budget; the others' are computed already."""
    if name != "markov":
        computed = {home / "results" / f"{SPECS[name].id}.jsonl": budgets[name]}
        monkeypatch.setattr(explain_module, "explain", lambda path, **_: computed[Path(path).resolve()])
    code, out, err = hybrid(SPECS[name].id)
    assert (code, err) == (0, "")
    assert max(map(len, out.splitlines())) <= 80
    lines = {line[:23].strip(): line for line in out.splitlines()}
    found = budgets[name]
    order = [line[:23].strip() for line in out.splitlines() if line[:23].strip() in {c.name for c in found.contributions}]
    assert order == [part.name for part in found.contributions]
    largest = max(abs(part.value) for part in found.contributions)
    for part in found.contributions:
        number = re.search(r"[+-]\d[\d.]*", lines[part.name])[0]
        assert float(number) == pytest.approx(part.value, abs=max(part.stderr, 1e-4 * largest))  # digits shown
        bar = lines[part.name][56:]
        assert bar.count("|") == 1 and not (set(bar) - set("#| "))
        assert not bar.split("|")[0 if part.value >= 0 else 1].strip()
    assert "Published for the real machine: 10 qubits" in " ".join(out.split())
    assert f"largest          {found.largest.name}" in out and "T2* " in out or name == "markov"
    assert "= reported - exact" in lines["sum"]


def test_json_is_the_budget_and_the_same_every_time(hybrid, budgets):
    told = json.loads(hybrid(SPECS["h2"].id[:8], "--json").out)
    assert json.dumps(told) == json.dumps(budgets["h2"].to_json())  # computed another time, to the last digit
    assert [part["name"] for part in told["contributions"]] == [part.name for part in budgets["h2"].contributions]
    assert told["reported"]["value"] == budgets["h2"].reported.value
    assert told["advice"] == budgets["h2"].advice and told["caveat"]
    assert told["contributions"][0].keys() == {"name", "value", "stderr", "alone", "sigmas"}


def test_errors_leave_one_line_and_exit_2(hybrid):
    for words in ([SPECS["ideal"].id], ["nope"], [SPECS["h2"].id, "--realizations", "0"], [SPECS["h2"].id, "--plot", "a.eps"]):
        code, out, err = hybrid(*words)
        assert (code, out) == (2, "") and err.startswith("hybrid: ") and err.count("\n") == 1


def test_a_long_computation_is_announced_once(capsys):
    from hybrid.cli.explain import watcher
    from hybrid.cli.progress import Display
    from hybrid.review.explain import ExplainProgress

    watch = watcher(Display(sys.stderr, quiet=False))
    for done in range(1, 5):
        watch(ExplainProgress(done, 17, 10.0 * done, None if done == 1 else 300.0))
    out, err = capsys.readouterr()
    assert out == "" and err.count("about 5:00 left; fewer --realizations or another --backend") == 1


def test_advice_names_the_flag(budgets):
    found = budgets["h2"]
    for name, flag in ((SHOTS, "--shots 8000"), (OPTIMISER, f"--initial-point {found.id}"), ("two-qubit control", "--ansatz")):
        alone = replace(found, contributions=(Contribution(name, 1.0, 0.0),), remedies=())
        assert flag in alone.advice


def test_the_waterfall_goes_from_exact_to_reported(hybrid, budgets, tmp_path):
    from hybrid.figures.error_budget import _rows, draw

    for name in ("h2", "maxcut"):
        found = budgets[name]
        rows = _rows(found)
        assert (rows[0].name, rows[-1].name) == ("exact", "reported")
        at = rows[0].level
        for shown in rows[1:]:
            assert shown.level == pytest.approx(at, abs=ROUNDING)
            at += shown.step or 0.0
        bars = [patch for patch in draw(found).axes[0].patches if np.isfinite(patch.get_width())]
        assert sum(bar.get_width() for bar in bars) == pytest.approx(found.reported.value - found.exact, abs=ROUNDING)
    code, _, _ = hybrid(SPECS["markov"].id, "--plot", tmp_path / "budget.svg")
    assert code == 0 and "without noise, at this x" in (tmp_path / "budget.svg").read_text()
