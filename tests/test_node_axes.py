"""Means over detunings by axes of Gauss-Hermite nodes: against sums over all nodes one by one, and against many draws."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from exact_tasks import random_task
from qiskit.circuit import Parameter
from qiskit.circuit.library import RZGate, UGate, efficient_su2
from test_wide import ising, program, random_terms

from hybrid import catalog
from hybrid.base.errors import UsageError
from hybrid.base.types import Expectation, NodeAxes, Operation, Task
from hybrid.device.detuning import DetunedAngles
from hybrid.device.device import Device
from hybrid.device.nodes import least_nodes, numbers_of_nodes, phases_rad
from hybrid.measure.compile import Measuring, compile_query
from hybrid.measure.execution import Conditions
from hybrid.measure.program import Program
from hybrid.measure.set_up import described
from hybrid.simulators.exact import exact

CIRCUITS = ("efficient_su2:reps=1", "real_amplitudes:reps=1", "hamiltonian_variational:reps=1", "brick:reps=1")


def detuned(task: Task, counts: list[int], rng: np.random.Generator) -> tuple[Task, NodeAxes]:
    """The task with free evolution and detuned pulses at random places, and values of their angles at random nodes."""
    weights = {q: rng.dirichlet(np.ones(count)) for q, count in enumerate(counts)}
    values, settings = {}, []
    for setting in task.settings:
        steps = list(setting.steps)
        for _ in range(12):
            q, pulse = int(rng.integers(len(counts))), rng.random() < 0.5
            angles = [Parameter(f"n{len(values) + i}") for i in range(3 if pulse else 1)]
            values |= {angle: (q, rng.uniform(-3, 3, counts[q])) for angle in angles}
            steps.insert(rng.integers(len(steps) + 1), Operation((UGate if pulse else RZGate)(*angles), (q,)))
        settings.append(setting._replace(steps=tuple(steps)))
    return task._replace(settings=tuple(settings)), NodeAxes(weights, values)


@pytest.mark.parametrize("counts", [[2, 3, 1, 2], [4, 1, 2, 3]])
@pytest.mark.parametrize("seed", range(3))
def test_axes_give_the_sum_over_all_nodes(seed, counts):
    """Values and slopes of several points: sums of tens of numbers below 10 in two orders, 1e-11."""
    n, rng = len(counts), np.random.default_rng(seed)
    task, axes = detuned(random_task(n, 25, seed, noisy=True, settings=2), counts, rng)
    terms, _ = random_terms(n, 2, rng)
    theta = rng.uniform(-3, 3, (3, len(task.angles)))
    runner = exact().compile(task._replace(terms=terms, axes=axes))
    plain = exact().compile(task._replace(angles=(*task.angles, *axes.angles), terms=terms))
    values, slopes = 0.0, 0.0
    for nodes in product(*map(range, counts)):
        weight = np.prod([axes.weights[q][node] for q, node in enumerate(nodes)])
        at = [of_nodes[nodes[q]] for q, of_nodes in axes.angles.values()]
        value, slope = plain.differentiate(np.concatenate([theta, np.tile(at, (3, 1))], axis=1), terms)
        values, slopes = values + weight * value, slopes + weight * slope[:, : theta.shape[1]]
    np.testing.assert_allclose(runner.weighted(theta, terms), values, rtol=0, atol=1e-11)
    for found, expected in zip(runner.differentiate(theta, terms), (values, slopes), strict=True):
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-11)


def test_one_free_evolution_by_hand():
    """|+> that evolves freely keeps exp(-s^2/2) of its X for a phase of standard deviation s; nodes to their tolerance."""
    for phase in (0.3, 1.0, 2.5):
        for tolerance in (1e-2, 1e-6):
            nodes, weights = np.polynomial.hermite_e.hermegauss(least_nodes(phase, tolerance))
            mean = np.cos(phase * nodes) @ weights / weights.sum()
            assert abs(mean - np.exp(-(phase**2) / 2)) < tolerance
    assert least_nodes(0.5, 1e-2) < least_nodes(1.0, 1e-2) < least_nodes(1.0, 1e-6)
    for phase in (1e-3, 0.2, 0.5, 1.0, 2.0):  # each detuning's own error is seen in what the value is compared with
        fine, *coarser = numbers_of_nodes(phase)
        assert fine > max(coarser) >= min(coarser) >= 1


def ten_qubits(ansatz: str, backend: str, realizations: int | None = None) -> Program:
    problem = catalog.load(catalog.parse("problems", "tfim:n=10"))()
    circuit = catalog.load(catalog.parse("ansatze", ansatz))(problem).circuit
    member = catalog.load(catalog.parse("backends", backend))()
    query, measuring = Expectation(circuit, problem.hamiltonian), Measuring(Conditions(realizations=realizations))
    return compile_query(query, tuple(circuit.parameters), Device.load("meluxina-q"), member, measuring)


@pytest.mark.parametrize(("power", "points"), [(8, 1), pytest.param(11, 25, marks=pytest.mark.slow)])
@pytest.mark.parametrize("ansatz", CIRCUITS)
def test_the_error_that_is_reported_holds(ansatz, power, points):
    """Against 8 x 2^power Sobol points, whose own error is exceeded four times in one of 200 cases (Student, 7 degrees). An
    error stays below 1 % of the sum of all |c|, 19."""
    nodes, drawn = ten_qubits(ansatz, "exact:detunings=nodes"), ten_qubits(ansatz, "exact:detunings=sobol", 8 * 2**power)
    rng = np.random.default_rng(11)
    for x in rng.uniform(-np.pi, np.pi, (points, nodes.n_parameters)):
        (value,), (error,) = nodes.values(x[None], seed=0)
        (mean,), (stderr,) = drawn.values(x[None], seed=0)
        assert 0 < error < 0.01 * np.abs(ising(10).coeffs).sum()
        assert abs(value - mean) <= error + 4 * stderr


def chain(n: int, median_rad: float, **conditions) -> Program:
    """efficient_su2:reps=3 on a chain of spins whose T2* gives detuned phases of this median."""
    device, circuit = Device.load(f"meluxina-q:n={n}"), efficient_su2(n, reps=3, entanglement="linear")
    query, parameters = Expectation(circuit, ising(n)), tuple(circuit.parameters)
    first = compile_query(query, parameters, device, exact(detunings="sobol"), Measuring())
    assert first.execution.detuned is not None and first.execution.detuned.draws.sigma is not None
    recipe, sigma = first.execution.recipe, first.execution.detuned.draws.sigma
    settings, _ = described(recipe.isa, recipe.circuits, device, recipe.conditions, angles := DetunedAngles())
    longer = np.median(phases_rad(angles, settings, sigma)) / median_rad
    device = replace(device, t2_star_s=tuple(longer * np.array(device.t2_star_s)))
    return compile_query(query, parameters, device, exact(), Measuring(Conditions(**conditions)))


@pytest.mark.parametrize("n", [16, pytest.param(50, marks=pytest.mark.slow)])
def test_a_long_chain_of_spins(n):
    """The choice falls on nodes; the error is below 1e-3 of the sum of all |c|, and draws agree within theirs."""
    nodes = chain(n, 0.5)
    assert "no truncation" in nodes.resources.simulator and "nodes for each detuning" in nodes.resources.simulator
    assert nodes.resources.certificate is not None and nodes.resources.certificate.nodes is not None
    x = np.random.default_rng(3).normal(0, 0.5, nodes.n_parameters)
    answer, (value,) = nodes.gradient(x, seed=0), nodes.values(x[None], seed=0).values
    assert answer.loss == pytest.approx(value, abs=1e-10)
    assert 0 < answer.loss_stderr < 1e-3 * np.abs(ising(n).coeffs).sum()
    assert np.all(answer.gradient_stderr < 1e-3 * np.abs(ising(n).coeffs).sum())
    drawn = chain(n, 0.5, realizations=512)
    (mean,), (stderr,) = drawn.values(x[None], seed=0)
    assert not drawn.execution.coarser and abs(value - mean) <= answer.loss_stderr + 4 * stderr
    step = 1e-4 * np.eye(len(x))[:2]  # central differences: an error of 1e-8 from curvature, 1e-9 from rounding
    moved = nodes.values(np.concatenate([x + step, x - step]), seed=0).values
    np.testing.assert_allclose(answer.gradient[:2], (moved[:2] - moved[2:]) / 2e-4, rtol=0, atol=1e-7)


@pytest.mark.parametrize(
    ("name", "conditions", "reason"),
    [
        ("meluxina-q", {"realizations": 64}, "realizations asks for draws"),
        ("meluxina-q", {"shots": 1000}, "shots draw them"),
        ("meluxina-q:correlation=0.3", {}, "they are correlated"),
    ],
)
def test_what_nodes_cannot_average(name, conditions, reason):
    """Said where they were asked for; otherwise the detunings are drawn."""
    with pytest.raises(UsageError, match=f"detunings=nodes cannot average these detunings: {reason}; leave it out"):
        program(4, Device.load(name), exact(detunings="nodes"), **conditions)
    assert not program(4, Device.load(name), exact(), **conditions).execution.coarser


def test_long_phases_are_drawn():
    """Where nodes would take more multiplications than the points."""
    device = Device.load("meluxina-q:n=13")
    slow = replace(device, t2_star_s=tuple(np.array(device.t2_star_s) / 10))
    assert "64 realizations" in program(13, slow, exact()).resources.simulator
    assert "nodes for each detuning" in program(13, device, exact()).resources.simulator
