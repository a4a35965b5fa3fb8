"""Executions: realizations and shots, honest standard errors, draws that depend on their seed alone, parts left out."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from by_hand import batched
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterVector
from qiskit.quantum_info import SparsePauliOp, Statevector

from hybrid import catalog
from hybrid.base.errors import UsageError
from hybrid.base.randomness import child
from hybrid.base.types import Expectation, Operation, Relaxation
from hybrid.compilation import noise
from hybrid.compilation.schedule import schedule
from hybrid.compilation.transpile import to_isa
from hybrid.device.device import Device
from hybrid.measure import compiled_query
from hybrid.measure.compile import Measuring, compile, compile_query
from hybrid.measure.execution import Conditions
from hybrid.measure.set_up import REALIZATIONS
from hybrid.simulators.aer import aer
from hybrid.simulators.reference import reference

SILICON = Device.load("meluxina-q")
N = SILICON.n_qubits
NONE = np.zeros((1, 0))
NORMAL_95 = 1.959963984540054


def layered(n: int, wait_ns: float = 0.0) -> QuantumCircuit:
    theta = ParameterVector("t", 2 * n)
    circuit, fresh = QuantumCircuit(n), iter(theta)
    for q in range(n):
        circuit.ry(next(fresh), q)
        circuit.rz(next(fresh), q)
    for q in range(n - 1):
        circuit.cx(q, q + 1)
    if wait_ns:
        for q in range(n):
            circuit.delay(wait_ns, q, "ns")
            circuit.rx(0.4 + q, q)
    return circuit


def waiting(wait_ns: float = 1500.0) -> QuantumCircuit:
    """One qubit in |+> for about a T2*: its detuning is most of the noise."""
    circuit = QuantumCircuit(1)
    circuit.h(0)
    circuit.delay(wait_ns, 0, "ns")
    return circuit


def program_of(circuit, observable, device, backend=None, **conditions):
    query = Expectation(circuit, observable)
    member = aer() if backend is None else backend
    return compile_query(query, tuple(circuit.parameters), device, member, Measuring(Conditions(**conditions)))


# --- No noise, on every profile --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(catalog.names("devices")))
def test_with_everything_left_out_every_profile_gives_the_state_vector(name):
    """Layout, routing, native gates, basis changes of every profile, delays included: to 1e-12."""
    device = Device.load(name)
    n = min(4, device.n_qubits or 4)
    circuit = layered(n, 100.0 if name != "ideal" else 0.0)
    strings = ("ZIXY", "XXII", "IYZZ", "ZZZZ", "IIII")
    observable = SparsePauliOp([string[:n] for string in strings], [1.0, -0.5, 0.8, 0.3, 0.2])
    x = np.random.default_rng(1).uniform(-np.pi, np.pi, circuit.num_parameters)
    bound = circuit.assign_parameters(x)
    want = Statevector(bound).expectation_value(observable).real
    without = frozenset(noise.PARTS) if device.noisy else frozenset()
    for member in (aer(), reference()):
        answer = program_of(circuit, observable, device, member, without=without).values(x[None], seed=1)
        assert answer.values[0] == pytest.approx(want, abs=1e-12)
        assert answer.stderr[0] < 1e-12
    if device.noisy:
        assert abs(program_of(circuit, observable, device).values(x[None], seed=1).values[0] - want) > 1e-4


# --- Parts left out --------------------------------------------------------------------------------------------------

DEPHASING, RELAXATION = ("dephasing while idle", "dephasing during pulses"), "relaxation"


def rates(without: frozenset[str]) -> np.ndarray:
    """Exponents of decay in a described circuit by simulated qubit: of populations and of coherences, (n, 2)."""
    device = replace(SILICON, t1_s=tuple(3e-6 + 1e-6 * q for q in range(N)), t2_echo_s=tuple(4e-6 + 1e-6 * q for q in range(N)))
    isa = to_isa(layered(3, 300.0), device)
    setting = noise.describe(schedule(isa.circuit, device, isa.physical), device, isa.physical, None, without)
    total = np.zeros((3, 2))
    for step in setting.steps:
        if isinstance(step, Relaxation):
            total[step.qubit] += step.duration_s / step.t1_s, step.duration_s / step.t2_s
    return total


def test_relaxation_and_dephasing_add_up():
    """Exponents: all = (without idle + without pulses + without relaxation)/2, for coherences; populations have T1 alone."""
    everything, no_idle, no_pulse, no_relaxation = (
        rates(frozenset(w)) for w in ((), DEPHASING[:1], DEPHASING[1:], (RELAXATION,))
    )
    np.testing.assert_allclose(2 * everything[:, 1], (no_idle + no_pulse + no_relaxation)[:, 1], rtol=1e-12)
    for kept in (no_idle, no_pulse):
        np.testing.assert_allclose(kept[:, 0], everything[:, 0], rtol=1e-12)
        assert (kept[:, 1] < everything[:, 1]).all()
    assert (no_relaxation[:, 0] == 0).all()
    alone = rates(frozenset(DEPHASING))
    np.testing.assert_allclose(alone[:, 1], everything[:, 0] / 2, rtol=1e-12)  # 1/(2 T1)
    np.testing.assert_allclose((alone + no_relaxation)[:, 1], everything[:, 1], rtol=1e-12)
    assert (rates(frozenset((*DEPHASING, RELAXATION))) == 0).all()


def test_each_part_leaves_out_what_it_names():
    """What is in the description without it, and what is not; detunings only where they belong."""

    def kinds_of(*without: str) -> dict[str, int]:
        circuit, observable = layered(2, 300.0), SparsePauliOp("ZX")
        program = program_of(circuit, observable, SILICON, reference(), without=frozenset(without))
        (setting,) = program.execution.runner._task.settings
        names = [step.gate.name if isinstance(step, Operation) else type(step).__name__ for step in setting.steps]
        wide = [s for s in setting.steps if type(s).__name__ == "Depolarizing" and len(s.qubits) == 2]
        found = {name: names.count(name) for name in ("u", "sx", "rzz", "BitFlip", "Depolarizing", "Relaxation")}
        angles = len(program.execution.detuned.angles.parameters) if program.execution.detuned else 0
        return found | {"wide": len(wide), "angles": angles, "readout": program.execution.readout is not None}

    whole = kinds_of()
    assert whole["u"] > 0
    assert whole["sx"] == 0
    assert whole["readout"]
    assert kinds_of("initialisation") == whole | {"BitFlip": 0}
    assert kinds_of("readout") == whole | {"readout": False}
    assert kinds_of("two-qubit control") == whole | {"Depolarizing": whole["Depolarizing"] - whole["wide"], "wide": 0}
    assert kinds_of("single-qubit control") == whole | {"Depolarizing": whole["wide"]}
    assert kinds_of("residual exchange") == whole | {"rzz": 0}
    pulses = kinds_of("dephasing during pulses")
    assert (pulses["u"], pulses["sx"]) == (0, whole["u"])
    assert 0 < pulses["angles"] < whole["angles"]
    idle = kinds_of("dephasing while idle")
    assert idle["u"] == whole["u"]
    assert 0 < idle["angles"] < whole["angles"]


# --- Realizations and shots ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shots", "asked", "got"), [(1000, None, 100), (60, None, 20), (3, None, 1), (1000, 7, 7), (30, 50, 10)]
)
def test_realizations_are_capped_by_the_smallest_group(shots, asked, got):
    """Three groups; every realization of every group has a shot, and no shot is lost."""
    observable = SparsePauliOp(["ZZ", "XX", "YY"])
    program = compile(layered(2), observable, device=SILICON, shots=shots, realizations=asked)
    execution = program.execution
    assert REALIZATIONS == 100
    assert execution.realizations == got == program.resources.realizations
    assert execution.shots.shape == (got, 3)
    assert execution.shots.sum() == shots
    assert execution.shots.min() >= 1
    assert np.ptp(execution.shots) <= 2


def test_fewer_shots_than_groups_are_refused_with_detunings_too():
    with pytest.raises(UsageError, match=r"2 .*3 measured groups.*3 or more"):
        compile(layered(2), SparsePauliOp(["ZZ", "XX", "YY"]), device=SILICON, shots=2)


@pytest.mark.parametrize(("asked", "nearest"), [(7, 8), (12, 8), (65, 64), (100, 128)])
def test_realizations_without_shots_are_eight_sets_of_a_power_of_two(asked, nearest):
    with pytest.raises(UsageError, match=rf"realizations: {asked} .*8, 16, 32.*nearest: {nearest}\."):
        compile(layered(1), SparsePauliOp("Z"), device=SILICON, realizations=asked)


@pytest.mark.parametrize("count", [0, -3, 1])
def test_realizations_that_leave_no_error_are_refused_with_shots(count):
    """Many shots under one single detuning say nothing about the others: no standard error can be given."""
    with pytest.raises(UsageError, match="realizations"):
        compile(waiting(), SparsePauliOp("X"), device=SILICON, shots=1000, realizations=count)


@pytest.mark.parametrize("device", ["ideal", "meluxina-q:dephasing=markov"])
def test_realizations_of_nothing_are_refused(device):
    with pytest.raises(UsageError, match="realizations: device '.*' has no quasi-static dephasing"):
        compile(layered(1), SparsePauliOp("Z"), device=device, realizations=8)


# --- Standard errors -------------------------------------------------------------------------------------------------


def coverage(program, exact: float, answers: int, rows: int = 10) -> tuple[float, float]:
    """Share of the 95 % intervals that hold the exact value, and by how many standard errors the answers' mean is off."""
    found = [program.values(np.zeros((rows, 0)), seed=500 + i) for i in range(answers // rows)]
    values, stderr = (np.concatenate(columns) for columns in zip(*found, strict=True))
    assert (stderr > 0).all()
    z = (values - exact) / stderr
    bias = (values.mean() - exact) / (values.std(ddof=1) / np.sqrt(len(values)))
    print(f"coverage {np.mean(np.abs(z) < NORMAL_95):.3f}, bias {bias:.2f} sigma, sigma of the scores {z.std():.3f}")
    return float(np.mean(np.abs(z) < NORMAL_95)), float(bias)


ONE = SparsePauliOp(["X", "Y"], [1.0, 0.8])
"""Two groups of one circuit: both see the same detunings, so that their errors add up."""


@pytest.mark.parametrize(
    ("shots", "realizations", "least", "options"),
    [
        (2000, 20, 0.91, {}),
        (2000, 5, 0.85, {}),
        (200, None, 0.91, {}),
        (2000, 40, 0.91, {"drift": "ou", "drift_time_s": 0.05}),
        (2000, 40, 0.91, {"drift": "pink", "drift_time_s": 0.3}),
    ],
    ids=["20", "5", "one shot each", "ou", "pink"],
)
@pytest.mark.usefixtures("repeats")
@pytest.mark.statistics
def test_intervals_cover_the_mean_over_detunings(shots, realizations, least, options):
    """400 answers: at least 91 % of the 95 % intervals (3.7 sigma), unbiased to 4.5 sigma. Errors may be too careful where
    drift is bounded from above, and where the larger of two variances is taken, but not by more than to 99.5 %. Of five
    detunings Student's t makes 90 %: cosines of large phases are no Gaussians.
    """
    device = replace(SILICON, **options)
    circuit = waiting()
    exact = compile(circuit, ONE, device=device, backend="exact", realizations=4096).values(NONE, seed=0)
    assert exact.stderr[0] < 2e-3
    program = compile(circuit, ONE, device=device, backend="exact", shots=shots, realizations=realizations)
    found, bias = coverage(program, exact.values[0], 400)
    assert least <= found <= 0.995
    assert abs(bias) < 4.5


@pytest.mark.statistics
def test_groups_of_one_realization_err_together():
    """<X> measured twice, by two groups under the same 60 detunings: 400 answers, 91 % or more; taken apart, 83 %."""
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.delay(1500, 0, "ns")
    observable = SparsePauliOp(["IX", "ZX"])
    alone = {"device": SILICON, "backend": "exact", "grouping": "none"}
    exact = compile(circuit, observable, realizations=1024, **alone).values(NONE, seed=0).values[0]
    program = compile(circuit, observable, shots=6000, realizations=60, **alone)
    assert len(program.groups) == 2
    found, bias = coverage(program, exact, 400)
    assert 0.91 <= found <= 0.995
    assert abs(bias) < 4.5


@pytest.mark.statistics
def test_the_error_of_eight_scrambles_is_students():
    """s/sqrt(8), widened by the 97.5 % quantile of t with 7 degrees of freedom (2.3646) over the Gaussian's."""
    program = batched(waiting(), ONE, SILICON, realizations=16)
    means = program.means(NONE, seed=3)
    assert means.shape == (1, 8)
    answer = program.values(NONE, seed=3)
    assert answer.values[0] == pytest.approx(means.mean(), rel=1e-14)
    assert answer.stderr[0] == pytest.approx(means.std(ddof=1) / np.sqrt(8) * 2.364624 / NORMAL_95, rel=1e-6)


def test_shots_alone_would_be_too_sure():
    """The same with each shot taken for independent: less than 80 % would be covered; clusters are worth testing."""
    circuit = waiting()
    exact = batched(circuit, ONE, SILICON, realizations=4096).values(NONE, seed=0).values[0]
    answer = batched(circuit, ONE, SILICON, shots=2000, realizations=20).values(np.zeros((200, 0)), seed=1)
    naive = np.sqrt((1 + 0.8**2) / 1000)  # no less than the variance of 1000 shots of each
    assert np.mean(np.abs(answer.values - exact) < NORMAL_95 * naive) < 0.8
    assert answer.stderr.mean() > 1.5 * naive


@pytest.mark.parametrize("realizations", [8, pytest.param(64, marks=pytest.mark.slow)])
@pytest.mark.usefixtures("repeats")
@pytest.mark.statistics
def test_intervals_cover_without_shots(realizations):
    """8 scrambles, Student's t with 7 degrees of freedom: 200 detuning seeds, 89 % or more (4 sigma)."""
    circuit = layered(2, 800.0)
    circuit = circuit.assign_parameters(np.random.default_rng(4).uniform(-3, 3, circuit.num_parameters))
    observable = SparsePauliOp(["ZX", "IY"], [1.0, 0.7])
    exact = compile(circuit, observable, device=SILICON, backend="exact", realizations=8192).values(NONE, seed=0)
    program = compile(circuit, observable, device=SILICON, backend="exact", realizations=realizations)
    assert exact.stderr[0] < 0.1 * program.values(NONE, seed=1).stderr[0]
    found, bias = coverage(program, exact.values[0], 200, rows=1)
    assert 0.89 <= found <= 0.995
    assert abs(bias) < 4.5


@pytest.mark.slow
@pytest.mark.statistics
def test_gradients_cover_with_detunings():
    """150 answers x 2 components, with shots and without: at least 88 % (4 sigma)."""
    circuit = layered(1, 1200.0)
    observable, x = SparsePauliOp(["X", "Z"], [1.0, 0.7]), np.array([0.9, 0.4])
    exact = batched(circuit, observable, SILICON, realizations=4096).gradient(x, seed=0).gradient
    for conditions in ({"shots": 1000, "realizations": 20}, {"realizations": 16}):
        program = batched(circuit, observable, SILICON, **conditions)
        answers = [program.gradient(x, seed=i) for i in range(150)]
        z = np.array([(answer.gradient - exact) / answer.gradient_stderr for answer in answers])
        covered = (np.abs(z) < NORMAL_95).mean(axis=0)
        print(conditions, covered)
        assert covered.min() >= 0.88


# --- Draws depend on their seed alone --------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", ["aer", "reference", "aer:method=statevector"])
def test_draws_do_not_depend_on_batches_portions_or_threads(monkeypatch, backend):
    circuit = layered(2, 400.0)
    points = np.random.default_rng(6).uniform(-np.pi, np.pi, (3, circuit.num_parameters))
    points[2] = points[1]
    observable = SparsePauliOp(["ZZ", "XI", "IY"])

    def values(threads: int, of: np.ndarray) -> np.ndarray:
        program = compile(circuit, observable, device=SILICON, backend=backend, shots=50, realizations=4, threads=threads)
        answer = program.values(of, seed=9)
        return np.stack([answer.values, answer.stderr])

    whole = values(1, points)
    np.testing.assert_array_equal(values(2, points), whole)
    np.testing.assert_array_equal(values(1, points[:2]), whole[:, :2])
    assert whole[0, 1] != whole[0, 2]  # the same point again draws afresh
    monkeypatch.setattr(compiled_query, "PORTION_ROWS", 7)
    np.testing.assert_array_equal(values(1, points), whole)
    monkeypatch.setattr("hybrid.simulators.aer.JOB_STEPS", 1)  # every row in a job of its own
    monkeypatch.setattr("hybrid.simulators.aer.KEPT_STEPS", 0)  # and every circuit built anew
    np.testing.assert_array_equal(values(1, points), whole)


def test_every_answer_and_row_sees_its_own_detunings():
    """With shots: rows and seeds differ; `detuning_seed` alone fixes them; without shots all points see the same."""
    program = batched(waiting(), SparsePauliOp("X"), SILICON, shots=10**7, realizations=4)
    # 10^7 shots: what is left (3e-4) is far below what four detunings scatter (0.1).
    first = program.values(np.zeros((5, 0)), seed=1).values
    assert np.abs(np.subtract.outer(first, first))[np.triu_indices(5, 1)].min() > 2e-3
    fixed = [program.values(np.zeros((5, 0)), seed=s, detuning_seed=np.random.SeedSequence(3)).values for s in (1, 2)]
    np.testing.assert_allclose(*fixed, rtol=0, atol=3e-3)
    assert (fixed[0] != fixed[1]).all()  # shots do differ
    exact = batched(waiting(), SparsePauliOp("X"), SILICON, realizations=8)
    same = exact.values(np.zeros((5, 0)), seed=1).values
    assert len(set(same)) == 1
    assert exact.values(NONE, seed=2).values[0] != same[0]
    seeds = [exact.values(NONE, seed=s, detuning_seed=np.random.SeedSequence(3)).values[0] for s in (1, 2)]
    assert seeds[0] == seeds[1]


def test_detunings_depend_on_answer_and_row_by_their_keys():
    """The rows that a program hands on: row i of an answer draws from child i of the detuning seed, whatever the shots."""
    program = compile(waiting(), SparsePauliOp("X"), device=SILICON, backend="reference", shots=40, realizations=5)
    execution, seen = program.execution, []

    class Watched:
        def counts(self, angles, shots, seeds):
            seen.append(angles)
            return execution.runner.counts(angles, shots, seeds)

    seed = np.random.SeedSequence(12)
    replace(program, execution=execution._replace(runner=Watched())).values(np.zeros((3, 0)), seed=1, detuning_seed=seed)
    for row in range(3):
        drawn, _ = execution.detuned.draws.independent(5, 40, child(seed, row))
        np.testing.assert_array_equal(seen[0][5 * row : 5 * row + 5], execution.detuned.angles(drawn))


# --- Trajectories ----------------------------------------------------------------------------------------------------


@pytest.mark.statistics
def test_trajectories_agree_with_the_exact_mean():
    """Seven qubits under 100 detunings are beyond density matrices with shots: |z| < 4.5 (7e-6), and idle dephasing shows."""
    circuit = QuantumCircuit(7)
    circuit.h(range(7))
    circuit.cz(0, 1)
    for q in range(7):
        circuit.delay(700, q, "ns")
    circuit.ry(0.4, 1)
    observable, x = SparsePauliOp(["XIIIIII", "IXIIIII", "IIXXIII", "IIIIIXZ"]), np.zeros(0)
    sampled = compile(circuit, observable, device=SILICON, shots=4000)
    assert "trajectories" in sampled.resources.simulator
    assert "100 realizations" in sampled.resources.simulator
    exact_program = compile(circuit, observable, device=SILICON, realizations=32)
    assert "trajectories" not in exact_program.resources.simulator
    ours = compile(circuit, observable, device=SILICON, realizations=32, backend="exact")
    exact, answer = ours.values(x[None], seed=1), sampled.values(x[None], seed=2)
    z = (answer.values[0] - exact.values[0]) / np.hypot(answer.stderr[0], exact.stderr[0])
    print(f"z = {z:.2f}, standard errors {answer.stderr[0]:.3f} and {exact.stderr[0]:.4f}")
    assert abs(z) < 4.5
    ideal = compile(circuit, observable).values(x[None]).values[0]
    assert abs(ideal - exact.values[0]) > 4.5 * answer.stderr[0]


def test_trajectories_see_every_realization():
    """Aer by trajectories against density matrices under the same detunings, realization by realization."""
    circuit, observable = waiting(2500.0), SparsePauliOp("X")
    seed = np.random.SeedSequence(5)
    means = []
    for backend in ("aer:method=statevector", "aer:method=density_matrix", "reference"):
        program = compile(circuit, observable, device=SILICON, backend=backend, shots=8000, realizations=8)
        (((counts,),), _) = program.execution.counts(NONE, np.random.SeedSequence(1), seed)
        ones = np.bincount(counts.realizations, weights=counts.counts * (counts.outcomes == 1), minlength=8)
        total = np.bincount(counts.realizations, weights=counts.counts, minlength=8)
        assert total.tolist() == [1000.0] * 8
        means.append(ones / total)
    assert np.ptp(means[0]) > 0.2  # detunings differ
    # Two binomials of 1000 shots each: sigma at most 0.0224; 24 comparisons at 5 sigma.
    assert np.abs(np.subtract.outer(means[0], means[0])).max() > 0.2
    for a, b in ((0, 1), (0, 2), (1, 2)):
        assert np.abs(means[a] - means[b]).max() < 5 * 0.0224


PEAK = """
import resource, sys
from hybrid.cli.app import main
sys.argv = ["hybrid", "run", *{words!r}]
try:
    main()
except SystemExit as left:
    assert not left.code
print("peak", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        "lih --ansatz uccsd --dry-run",
        "lih --ansatz uccsd --dry-run --backend exact",
        "h2o --dry-run",
        "h2o:mapping=jordan_wigner,active=4e4o --ansatz uccsd --dry-run --backend aer",
        "h2o:mapping=jordan_wigner,active=4e4o --ansatz uccsd --dry-run",
        "h2o:mapping=jordan_wigner,active=4e4o --ansatz uccsd --dry-run --backend exact",
        "lih --ansatz uccsd --max-evals 1 --force --device-interval off --backend aer",
        "lih --ansatz uccsd --max-evals 1 --force --device-interval off --backend exact",
    ],
)
def test_large_tasks_stay_below_a_gibibyte(tmp_path, words):
    """57 circuits of 3,300 pulses and 13,000 noisy steps each; all of them at once took 8.9 GB. Those of water share little."""
    own = [*words.split(), "--device", "meluxina-q", "--shots", "1000", "--results", str(tmp_path)]
    done = subprocess.run([sys.executable, "-c", PEAK.format(words=own)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.rpartition("peak ")[2]) < 1024, done.stdout  # MiB
