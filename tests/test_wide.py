"""Noisy circuits on more qubits than a distribution has room for: sums of Pauli terms, by the exact engine."""

import re
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path

import numpy as np
import pytest
from exact_tasks import random_task
from qiskit import QuantumCircuit, transpile
from qiskit.circuit import Parameter
from qiskit.circuit.library import HGate, RXGate, RZZGate, efficient_su2
from qiskit.quantum_info import SparsePauliOp
from scipy.stats import chi2

from hybrid import catalog
from hybrid.base.errors import UsageError
from hybrid.base.types import Depolarizing, DiagonalTerms, Expectation, Operation, Relaxation, Setting, Task
from hybrid.compilation.noise import PARTS
from hybrid.device.device import Device
from hybrid.device.readout import Correction
from hybrid.measure import compile as compile_module
from hybrid.measure.compile import Measuring, compile_query
from hybrid.measure.execution import Conditions
from hybrid.measure.observables import terms_of
from hybrid.measure.sampling import sample
from hybrid.measure.set_up import described
from hybrid.qiskit_api.sampler import Sampler
from hybrid.review.replay import repeat
from hybrid.runs.dry_run import plan as dry_run
from hybrid.runs.results_folder import read
from hybrid.runs.run import run
from hybrid.runs.spec import Spec
from hybrid.simulators.auto import auto
from hybrid.simulators.engine import certificate, sampling, workspace
from hybrid.simulators.engine.fuse import plan, plan_reading_early
from hybrid.simulators.engine.maps import PAULI, QubitRead, elements_of_all
from hybrid.simulators.engine.sites import Site
from hybrid.simulators.exact import exact

PROFILES = ("meluxina-q", "iqm-star-24", "iqm-lattice-54", "aqt-20", "spin-sige-6q")


def ising(n: int) -> SparsePauliOp:
    """-sum Z Z - sum X on a chain."""
    terms = [("ZZ", [q, q + 1], -1.0) for q in range(n - 1)] + [("X", [q], -1.0) for q in range(n)]
    return SparsePauliOp.from_sparse_list(terms, n)


def program(n: int, device: Device, backend, *, entanglement: str = "linear", reps: int = 2, **conditions):
    circuit = efficient_su2(n, reps=reps, entanglement=entanglement)
    query = Expectation(circuit, ising(n))
    return compile_query(query, tuple(circuit.parameters), device, backend, Measuring(Conditions(**conditions)))


def random_terms(n: int, settings: int, rng: np.random.Generator) -> tuple[list[DiagonalTerms], np.ndarray]:
    """Terms with factors of any size, and the same as arrays over all outcomes."""
    outcomes, terms, arrays = np.arange(2**n), [], []
    for _ in range(settings):
        masks = rng.choice(np.arange(1, 2**n), rng.integers(1, 8), replace=False).astype(np.uint64)
        part = DiagonalTerms(masks, rng.normal(size=len(masks)), rng.normal(size=(n, 2)))
        factor = np.array([part.factors[q, outcomes >> q & 1] for q in range(n)])
        products = [np.prod(factor[[q for q in range(n) if int(mask) >> q & 1]], axis=0) for mask in masks]
        terms.append(part)
        arrays.append(part.coefficients @ products)
    return terms, np.array(arrays)


@pytest.mark.parametrize("n", [3, 5, 6])
def test_terms_give_what_the_array_over_outcomes_gives(n):
    """Two orders of the same sums, of numbers below 10: 1e-12."""
    for seed in range(3):
        task, rng = random_task(n, 25, seed, noisy=True, settings=3), np.random.default_rng(seed)
        terms, weights = random_terms(n, 3, rng)
        angles = rng.uniform(-3, 3, (2, len(task.angles)))
        wide, dense = (exact().compile(task._replace(terms=given)) for given in (terms, None))
        values, slopes = dense.differentiate(angles, weights)
        np.testing.assert_allclose(wide.weighted(angles, terms), values, rtol=0, atol=1e-12)
        for found, expected in zip(wide.differentiate(angles, terms), (values, slopes), strict=True):
            np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", PROFILES)
def test_terms_with_readout_errors_on_every_profile(name):
    """Against distributions that the readout mixes, and, without detunings, against Aer, which drops what is below 1e-8."""
    n, rng = 5, np.random.default_rng(3)
    device = Device.load(name, dephasing="markov")
    ours, x = program(n, device, exact()), rng.uniform(-3, 3, 6 * n)
    rates = rng.uniform(0.01, 0.1, (2, ours.resources.n_qubits))
    angles, seed = ours.angle_map(x[None]), np.random.SeedSequence(0)
    terms = terms_of(ours.groups, None)
    assert terms is not None
    summed = ours.execution.weighted(angles, seed, terms)[0, 0] + ours.constant
    assert summed == pytest.approx(ours.values(x[None], seed=0).values[0], abs=1e-12)
    theirs = program(n, device, auto()._aer)
    assert summed == pytest.approx(theirs.values(x[None], seed=0).values[0], abs=1e-6)
    correction = Correction(*rates, *np.zeros_like(rates))
    corrected = ours.execution.weighted(angles, seed, terms_of(ours.groups, correction))[0, 0]
    distributions = ours.execution.distributions(angles, seed)[0, 0]
    assert corrected == pytest.approx(np.sum(distributions * ours.outcome_weights(correction)), abs=1e-12)


def beside_one_another(parts: list[Task], places: list[list[int]]) -> Task:
    """Circuits that do not meet, on qubits of a wider one, their steps taken in turn."""
    moved = []
    for part, at in zip(parts, places, strict=True):
        own = []
        for step in part.settings[0].steps:
            if hasattr(step, "qubit"):
                own.append(replace(step, qubit=at[step.qubit]))
            elif isinstance(step, Operation):
                own.append(step._replace(qubits=tuple(at[q] for q in step.qubits)))
            else:
                own.append(replace(step, qubits=tuple(at[q] for q in step.qubits)))
        moved.append(own)
    steps = [step for together in zip_longest(*moved) for step in together if step is not None]
    angles = [angle for part in parts for angle in part.angles]
    return Task((Setting(sum(map(len, places)), tuple(steps)),), tuple(angles), None, 0, 1)


def test_noisy_circuits_that_do_not_meet_on_24_qubits():
    """A term is the product of what the narrow circuits give it, each from its own distribution: an order of sums, 1e-12."""
    rng, n, width = np.random.default_rng(4), 6, 4
    parts = [random_task(width, 25, seed, noisy=True) for seed in range(n)]
    shuffled = rng.permutation(n * width).tolist()
    places = [shuffled[i * width : (i + 1) * width] for i in range(n)]
    task = beside_one_another(parts, places)
    angles = rng.uniform(-3, 3, (2, len(task.angles)))
    masks = rng.integers(1, 2 ** (n * width), 30, dtype=np.uint64)
    terms = DiagonalTerms(masks, rng.normal(size=30), np.exp(rng.normal(0, 0.3, (n * width, 2))) * [1, -1])
    expected, first = np.tile(terms.coefficients, (2, 1)), 0
    for part, at in zip(parts, places, strict=True):
        own = angles[:, first : first + len(part.angles)]
        first += len(part.angles)
        distributions, outcomes = exact().compile(part).distributions(own)[:, 0], np.arange(2**width)
        for t, mask in enumerate(masks):
            factors = [terms.factors[q, outcomes >> i & 1] for i, q in enumerate(at) if int(mask) >> q & 1]
            expected[:, t] *= distributions @ np.prod([np.ones(2**width), *factors], axis=0)
    wide = exact().compile(task._replace(terms=[terms]))
    np.testing.assert_allclose(wide.weighted(angles, [terms]), expected.sum(axis=1), rtol=0, atol=1e-12)
    np.testing.assert_allclose(wide.differentiate(angles, [terms])[0], expected.sum(axis=1), rtol=0, atol=1e-12)


def free_fermions(n: int, theta: np.ndarray) -> float:
    """<-sum Z Z - sum X> after layers of exp(-i a/2 Z Z) and exp(-i b/2 X) on |+...+>, by the covariance of 2n Majoranas.

    With X_j = -i g_(2j) g_(2j+1) and Z_j Z_(j+1) = -i g_(2j+1) g_(2j+2), G_ab = <-i g_a g_b> for a != b turns by rotations of
    pairs (Terhal & DiVincenzo, PRA 65, 032325, 2002).
    """
    covariance = np.zeros((2 * n, 2 * n))
    fields, bonds = [(2 * j, 2 * j + 1) for j in range(n)], [(2 * j + 1, 2 * j + 2) for j in range(n - 1)]
    for a, b in fields:
        covariance[a, b], covariance[b, a] = 1.0, -1.0

    def turn(pairs, angle):
        rotation = np.eye(2 * n)
        for a, b in pairs:
            rotation[np.ix_((a, b), (a, b))] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
        return rotation @ covariance @ rotation.T

    for bond, field in theta:
        covariance = turn(bonds, bond)
        covariance = turn(fields, field)
    return -sum(covariance[a, b] for a, b in (*fields, *bonds))


def layers(n: int, reps: int, *, strength: float) -> tuple[Task, list[DiagonalTerms]]:
    """The circuit of `free_fermions`, with errors of a strength (0: channels that do nothing), and its two settings' terms."""
    angles = [Parameter(f"a{i}") for i in range(2 * reps)]
    steps: list = [Operation(HGate(), (q,)) for q in range(n)]
    for bond, field in zip(angles[::2], angles[1::2], strict=True):
        for q in range(n - 1):
            steps += [Operation(RZZGate(bond), (q, q + 1)), Depolarizing((q, q + 1), strength)]
        steps += [Operation(RXGate(field), (q,)) for q in range(n)]
    settings = tuple(Setting(n, (*steps, *end)) for end in ((), [Operation(HGate(), (q,)) for q in range(n)]))
    signs = np.tile([1.0, -1.0], (n, 1))
    masks = [[3 << q for q in range(n - 1)], [1 << q for q in range(n)]]
    terms = [DiagonalTerms(np.array(m, dtype=np.uint64), -np.ones(len(m)), signs) for m in masks]
    return Task(settings, tuple(angles), None, 0, 1, 1, terms), terms


@pytest.mark.parametrize("n", [4, 20, 50])
def test_free_fermions_without_noise(n):
    """Another theory of the same circuit, at any width: sums of n terms of 1, 1e-10."""
    theta = np.random.default_rng(n).uniform(-0.6, 0.6, (2, 2))
    task, terms = layers(n, 2, strength=0.0)
    value = exact().compile(task).weighted(theta.reshape(1, -1), terms)[0]
    assert value == pytest.approx(free_fermions(n, theta), abs=1e-10)


def test_gradient_on_fifty_qubits_against_differences():
    """Central differences of step 1e-5 have an error of about 1e-10 from curvature and 1e-9 from rounding of values near 50."""
    task, terms = layers(50, 2, strength=0.02)
    theta, engine = np.random.default_rng(1).uniform(-0.6, 0.6, (1, 4)), exact().compile(task)
    ((value,), (slopes,)) = engine.differentiate(theta, terms)
    assert value == pytest.approx(engine.weighted(theta, terms)[0], abs=1e-11)
    moved = engine.weighted(np.concatenate([theta + 1e-5 * np.eye(4), theta - 1e-5 * np.eye(4)]), terms)
    np.testing.assert_allclose(slopes, (moved[:4] - moved[4:]) / 2e-5, rtol=0, atol=1e-7)


def test_the_lattice_of_54_qubits_by_its_certificate():
    """The states are as long as the certificate says, which does not grow with the width."""
    found = [certificate(layers(n, 2, strength=0.02)[0]) for n in (20, 40)]
    assert found[0].peak_numbers == found[1].peak_numbers <= 2**12
    assert found[0].live_qubits == found[1].live_qubits <= 6
    lattice = program(54, Device.load("iqm-lattice-54"), auto())
    assert "no truncation" in lattice.resources.simulator
    assert "not checked by Aer" in lattice.resources.simulator
    assert lattice.execution.recomputation is None
    assert lattice.resources.memory_bytes < 2**24
    x = np.zeros(lattice.n_parameters)
    assert lattice.gradient(x).loss == pytest.approx(lattice.values(x[None]).values[0], abs=1e-10)


@pytest.mark.parametrize("reps", [1, 2, 3])
@pytest.mark.parametrize("name", ["iqm-star-24", "iqm-lattice-54", "aqt-20"])
def test_no_read_qubit_keeps_an_axis(name, reps):
    """A qubit that enters may stand between one that was read and the bond: without a turn the state grew to 2^n.

    reps + 1 live qubits of 4 numbers, a bond of rank 3 and one qubit that has been read are the most.
    """
    device = Device.load(name)
    words = program(device.n_qubits or 0, device, exact(), reps=reps).resources.simulator
    live, longest = (int(number.replace(",", "")) for number in re.findall(r"([\d,]+) (?:live|numbers)", words))
    assert live <= reps + 1 and longest <= 4 ** (reps + 1) * 3 * 2


def test_a_ring_of_ions_is_read_one_qubit_after_the_other():
    """Two layers of QAOA: taking always the least next state keeps twelve qubits live, reading cone by cone five."""
    problem = catalog.load(catalog.parse("problems", "maxcut:graph=ring,n=20"))()
    circuit = catalog.load(catalog.parse("ansatze", "qaoa_layers:p=2"))(problem).circuit
    query = Expectation(circuit, problem.hamiltonian)
    ring = compile_query(query, tuple(circuit.parameters), Device.load("aqt-20"), exact(), Measuring())
    assert "5 live qubits" in ring.resources.simulator
    recipe = ring.execution.recipe
    (setting,), _ = described(recipe.isa, recipe.circuits, recipe.device, recipe.conditions, None)
    (elements,) = elements_of_all([setting], {a: i for i, a in enumerate(recipe.isa.circuit.parameters)}, PAULI)
    greedy, early = plan([elements], PAULI), plan_reading_early(elements, PAULI)
    for each in (greedy, early):
        done = [element for item in each.items if isinstance(item, Site) for element in item.elements]
        assert sorted(map(id, done)) == sorted(map(id, elements))
    assert (live(early), live(greedy)) == (5, 12)
    x = np.array([0.3, 0.2, 0.4, 0.5])
    step, answer = 1e-5, ring.gradient(x)
    moved = ring.values(np.concatenate([x + step * np.eye(4), x - step * np.eye(4)])).values
    np.testing.assert_allclose(answer.gradient, (moved[:4] - moved[4:]) / (2 * step), rtol=0, atol=1e-7)


def live(found) -> int:
    """Qubits that have entered and are not read, at most."""
    read, most = 0, 0
    for item in found.items:
        most = max(most, len(item.order) - read)
        read += sum(isinstance(e.what, QubitRead) for e in item.elements) if isinstance(item, Site) else 0
    return most


def test_what_does_not_fit_is_refused_before_it_is_allocated():
    """Where every pair is entangled twice no qubit can be read before the last one has entered."""
    with pytest.raises(UsageError, match="20 live qubits, peak .* nothing was allocated. Fewer layers keep fewer"):
        program(20, Device.load("aqt-20"), exact(), entanglement="full")
    task, _ = layers(4, 1, strength=0.1)
    with pytest.raises(UsageError, match="weights must be terms for 2 settings, not 0"):
        exact().compile(task).weighted(np.zeros((1, 2)), [])


@pytest.mark.parametrize("kept", [frozenset(), frozenset({"readout"})])
def test_parts_of_the_noise_left_out(kept):
    """Without any part the value is that of the state vector, with readout errors alone it is not: as `explain` asks."""
    device, n = Device.load("iqm-star-24"), 13
    x = np.random.default_rng(2).uniform(-1, 1, 6 * n)
    value = program(n, device, exact(), without=frozenset(PARTS) - kept).values(x[None]).values[0]
    ideal = program(n, Device.load("ideal"), exact()).values(x[None]).values[0]
    assert (abs(value - ideal) < 1e-9) == (not kept)


def test_one_state_is_never_below_the_ground_state_but_two_readings_of_waiting_qubits_may_be():
    """T1 pulls outcomes towards 0 while qubits wait to be read, in every basis: both settings gain. One state cannot."""
    n = 14
    task, terms = layers(n, 1, strength=0.0)
    waits = tuple(Relaxation(q, 50e-6, 35e-6, 33e-6) for q in range(n))
    ground, theta = 1 - 1 / np.sin(np.pi / (2 * (2 * n + 1))), np.array([[0.3, 0.4]])
    waiting = task._replace(settings=tuple(s._replace(steps=(*s.steps, *waits)) for s in task.settings))
    apart = tuple(replace(wait, t1_s=np.inf) for wait in waits)
    dephasing = task._replace(settings=tuple(s._replace(steps=(*s.steps, *apart)) for s in task.settings))
    below, alone, same = (exact().compile(each).weighted(theta, terms)[0] for each in (waiting, task, dephasing))
    assert below < ground < alone
    assert same == pytest.approx(alone, abs=1e-12)  # phases do not change outcomes


@pytest.fixture
def drawn_as_read(monkeypatch):
    """Counts of narrow circuits, too, are drawn qubit by qubit."""
    monkeypatch.setattr(workspace, "SAMPLED_QUBITS", 1)


@pytest.mark.parametrize("most", [2**22, 8])
@pytest.mark.parametrize("seed", range(5))
def test_counts_drawn_as_qubits_are_read(drawn_as_read, monkeypatch, seed, most):
    """Chi-squared against the exact distribution; 10 tests of fixed seeds, each with a chance of 1e-4 to fail by bad luck."""
    monkeypatch.setattr(sampling, "MOST_NUMBERS", most)
    n, shots, rows = 5, 20_000, 2
    task = random_task(n, 30, seed, noisy=True, settings=2)._replace(shots=2 * shots * rows, realizations=rows)
    angles = np.random.default_rng(seed).uniform(-3, 3, (rows, len(task.angles)))
    engine, seeds = exact().compile(task), [[np.random.SeedSequence(7), np.random.SeedSequence(8)]]
    asked = np.array([[shots, 0], [shots, shots]])  # none at the first row of the second setting
    (found,) = engine.counts(angles, asked, seeds)
    probabilities = np.clip(engine.distributions(angles), 0, None)
    for s, counts in enumerate(found):
        assert np.bincount(counts.realizations, counts.counts, rows).tolist() == asked[:, s].tolist()
        for row in np.flatnonzero(asked[:, s]):
            here = counts.realizations == row
            observed = np.bincount(counts.outcomes[here].astype(int), counts.counts[here], 2**n)
            expected = shots * probabilities[row, s]
            common = expected > 5
            squares = ((observed - expected) ** 2)[common] / expected[common]
            assert chi2.sf(squares.sum(), common.sum()) > 1e-4


def test_draws_of_one_point_do_not_depend_on_others(drawn_as_read):
    task = random_task(4, 20, 3, noisy=True, settings=1)._replace(shots=500)
    angles = np.random.default_rng(0).uniform(-3, 3, (3, len(task.angles)))
    engine, seeds = exact().compile(task), [[np.random.SeedSequence(i)] for i in range(3)]
    together = engine.counts(angles, np.array([[500]]), seeds)
    for i, (counts,) in enumerate(together):
        ((alone,),) = engine.counts(angles[i : i + 1], np.array([[500]]), seeds[i : i + 1])
        assert all(np.array_equal(*pair) for pair in zip(alone, counts, strict=True))


@pytest.mark.parametrize(("n", "name"), [(10, "aqt-20"), (24, "iqm-star-24"), (54, "iqm-lattice-54")])
def test_energies_from_shots_on_wide_devices(drawn_as_read, n, name):
    """Within three standard errors of the exact value, which a right program exceeds by chance in one of 370; a fixed seed."""
    x = np.random.default_rng(5).normal(0, 0.3, 6 * n)
    shots = program(n, Device.load(name), exact() if n == 10 else auto(), shots=4000)
    (value,), (stderr,) = shots.values(x[None], seed=1)
    limit = program(n, Device.load(name), auto()).values(x[None], seed=1).values[0]
    assert 0 < stderr < 1 and abs(value - limit) < 3 * stderr
    assert shots.execution.recomputation is None
    assert "no truncation" in shots.resources.simulator


def test_detuned_spins_from_shots():
    """Fresh detunings in every realization; the mean over few of them has an error of its own, which stderr knows."""
    device = Device.load("meluxina-q:n=22")
    x = np.random.default_rng(5).normal(0, 0.1, 6 * 22)
    (value,), (stderr,) = program(22, device, auto(), shots=400, realizations=20).values(x[None], seed=1)
    (limit,), (error,) = program(22, device, auto(), realizations=64).values(x[None], seed=1)
    assert abs(value - limit) < 4 * np.hypot(stderr, error)


@pytest.mark.parametrize(("shots", "width"), [(0, 14), (300, 22)])
def test_a_wide_run_is_recorded_and_replayed(tmp_path, shots, width):
    budget = {"max_evals": 3} if shots else {"max_iterations": 2}
    spec = Spec(
        problem=f"tfim:n={width}", algorithm="vqe", ansatz="real_amplitudes:reps=1", device="iqm-star-24", shots=shots, **budget
    )
    found = run(spec, results=tmp_path)
    assert "no truncation" in found.simulator and "not checked by Aer" in found.simulator
    again = repeat(Path(found.record))
    assert (again.verdict, again.digest) == ("identical", found.digest)


def test_the_certificate_is_a_field_of_result_record_and_dry_run(tmp_path):
    """As the report says it; and not of a narrow run, whose digests stay."""
    spec = Spec(
        problem="tfim:n=13", ansatz="real_amplitudes:reps=1", device="meluxina-q:n=13", initial_point=[0.1] * 26, max_evals=0
    )
    found, planned = run(spec, results=tmp_path), dry_run(spec)
    assert found.certificate is not None and found.certificate["truncation"] == "none"
    assert (
        f"{found.certificate['live_qubits']} live qubits, peak {found.certificate['peak_numbers']:,} numbers" in found.simulator
    )
    assert found.certificate["detunings"] == "nodes" and found.certificate["error"] == found.stderr > 0
    (resources,) = planned.to_json()["per_evaluation"]
    assert resources["certificate"] | {"error": found.stderr} == found.certificate
    stop = read(Path(found.record)).stop
    assert stop is not None and stop["report"]["certificate"] == found.certificate
    drawn = run(replace(spec, realizations=64), results=tmp_path)
    assert drawn.certificate is not None
    assert (drawn.certificate["detunings"], drawn.certificate["realizations"], drawn.certificate["nodes"]) == (
        "draws",
        64,
        None,
    )
    assert abs(drawn.value - found.value) < 4 * np.hypot(drawn.stderr, found.stderr)
    assert run(Spec(problem="tfim:n=3", device="meluxina-q", max_evals=0), results=tmp_path).certificate is None


def test_no_more_memory_is_taken_than_was_given():
    """Refused with live qubits and memory; values alone may fit where a gradient does not."""
    device = Device.load("iqm-star-24")
    peak = program(24, device, exact()).execution.resources.certificate
    assert peak is not None
    with pytest.raises(
        UsageError, match=r"24 qubits need .* live qubits, peak .*memory=1.0 MiB was given, so nothing was alloc"
    ):
        program(24, device, exact(memory="1MiB"), reps=6)
    with pytest.raises(UsageError, match="a gradient on 24 qubits needs "):
        program(24, device, exact(memory=f"{8 * peak.gradient_numbers // 2**10 / 2**10 - 0.01:.3f}MiB"))


def test_counts_of_sample_sampler_and_device_backend_above_20_qubits():
    """All draw as qubits are read. The mean of 23 correlations from 2,000 shots, within four standard errors of the exact one:
    a right program fails three times here with a chance of 2e-4."""
    n, device, shots = 24, Device.load("iqm-star-24"), 2000
    body = efficient_su2(n, reps=1, entanglement="linear")
    x = np.random.default_rng(2).normal(0, 0.3, body.num_parameters)
    pairs = SparsePauliOp.from_sparse_list([("ZZ", [q, q + 1], 1.0) for q in range(n - 1)], n)
    limit = (
        compile_query(Expectation(body, pairs), tuple(body.parameters), device, exact(), Measuring()).values(x[None]).values[0]
    )
    circuit = body.assign_parameters(x)
    circuit.measure_all()
    drawn = sample(circuit, device=device, backend="auto", shots=shots, seed=3)
    assert "no truncation" in drawn.simulator
    (result,) = Sampler(device=device, backend="auto", seed=3).run([circuit], shots=shots).result()
    vendor = device.backend()
    job = vendor.run(
        transpile(circuit, vendor, seed_transpiler=1, optimization_level=1), shots=shots, seed_simulator=3
    ).result()
    assert "no truncation" in job.results[0].metadata["simulator"]
    for counts in (drawn.counts, result.data.meas.get_counts(), job.get_counts()):
        signs = np.array([[1 - 2 * int(bit) for bit in text] for text in counts])
        values, weights = (signs[:, 1:] * signs[:, :-1]).sum(axis=1), np.array(list(counts.values()))
        assert weights.sum() == shots
        mean = weights @ values / shots
        stderr = np.sqrt(weights @ (values - mean) ** 2) / shots
        assert abs(mean - limit) < 4 * stderr


@pytest.mark.slow
def test_a_routing_of_short_states_where_that_of_least_loss_has_long_ones(monkeypatch):
    """Said beside the simulator; counts, which a machine would give, and other widths keep the layout of least loss."""
    n = 13
    edges = [(q, (q + step) % n) for q in range(n) for step in (1, 5)]  # four neighbours each, on no lattice of four
    terms = SparsePauliOp.from_sparse_list([("ZZ", [a, b], 1.0) for a, b in edges], n)
    angle, device = Parameter("a"), Device.load("iqm-lattice-54")
    circuit = QuantumCircuit(n)
    circuit.h(range(n))
    for a, b in edges:
        circuit.rzz(angle, a, b)
    circuit.rx(0.4, range(n))
    query = Expectation(circuit, terms)
    usual = compile_query(query, (angle,), device, exact(), Measuring())
    monkeypatch.setattr(compile_module, "LONGEST", 1)
    monkeypatch.setattr(compile_module, "ROUTINGS", 4)
    short = compile_query(query, (angle,), device, exact(), Measuring())
    drawn = compile_query(query, (angle,), device, exact(), Measuring(Conditions(shots=100)))
    assert usual.resources.certificate is not None and short.resources.certificate is not None
    assert short.resources.certificate.peak_numbers <= usual.resources.certificate.peak_numbers
    assert "of 4 routings that of the shortest states" in short.resources.simulator
    assert "routings" not in usual.resources.simulator + drawn.resources.simulator
    assert drawn.resources.layout == usual.resources.layout
