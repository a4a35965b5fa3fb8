"""Optimisers: what each must solve, how each must ask, and the published behaviour of each."""

import ast
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

from hybrid import catalog
from hybrid.base.types import (
    Estimates,
    Gradient,
    Losses,
    LossGradient,
    Metric,
    Optimization,
    Overlaps,
    Point,
    Question,
    Tensor,
    Values,
)
from hybrid.catalog.optimizers.lbfgs import inverse_hessian_times

pytestmark = pytest.mark.filterwarnings("error")

OPTIMIZERS = catalog.names("optimizers")


# --- Losses with known minima, all zero ------------------------------------------------------------------------------


class Row(NamedTuple):
    """One row of the conformance table: a loss whose minimum is zero, where to start, the noise of one value, and the state
    that the loss is of (amplitudes), where there is one."""

    loss: Callable[[Point], float]
    start: tuple[float, ...]
    sigma: float = 0.0
    state: Callable[[Point], np.ndarray] | None = None


BASIS = np.linalg.qr(np.random.default_rng(1).normal(size=(4, 4)))[0]
HESSIAN = BASIS @ np.diag([0.5, 1.0, 3.0, 10.0]) @ BASIS.T
MINIMUM = np.array([1.0, -1.0, 0.5, 2.0])
SHIFTS = np.array([0.3, -0.7, 1.1, -0.2])


def quadratic(x: Point) -> float:
    """Condition number 20, largest curvature 10, axes not aligned with the parameters."""
    return float((x - MINIMUM) @ HESSIAN @ (x - MINIMUM)) / 2


def sinusoids(x: Point) -> float:
    """What rotations make of a loss: of first order in the cosine of each parameter, with a product of all of them."""
    cosines = np.cos(x - SHIFTS)
    return float(np.array([1.0, 0.5, 0.8, 1.2]) @ (1 - cosines) + 1 - np.prod(cosines))


def rosenbrock(x: Point) -> float:
    """A curved valley (Rosenbrock, Comput. J. 3, 175, 1960)."""
    return float(100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2)


HAMILTONIAN = np.array([[-0.4, 0, 0, 0.7], [0, 0.5, 0.3, 0], [0, 0.3, -0.5, 0], [0.7, 0, 0, 0.4]])
"""Two qubits, real, with a gap; written out so that nothing of the package makes it."""
LOWEST = np.linalg.eigvalsh(HAMILTONIAN)[0]


def circuit_state(x: Point) -> np.ndarray:
    """RY on each of two qubits, CZ, RY on each: p angles, the last ones zero where x is shorter."""
    halves = np.concatenate([x, np.zeros(4)])[:4] / 2
    turns = np.array([[np.cos(halves), -np.sin(halves)], [np.sin(halves), np.cos(halves)]]).transpose(2, 0, 1)
    state = turns[1, :, :1] * turns[0, :, 0]  # rows: the second qubit
    state[1, 1] *= -1
    return (turns[3] @ state @ turns[2].T).ravel()


def circuit(x: Point) -> float:
    """<H> above the ground state's, which these angles reach."""
    state = circuit_state(x)
    return float(state @ HAMILTONIAN @ state - LOWEST)


ROWS = {
    "quadratic": Row(quadratic, (0.0, 0.0, 0.0, 0.0)),
    "sinusoids": Row(sinusoids, (1.2, -1.8, 2.1, 0.9)),
    "rosenbrock": Row(rosenbrock, (-1.2, 1.0)),
    "noisy_quadratic": Row(quadratic, (0.0, 0.0, 0.0, 0.0), sigma=0.02),
    "circuit": Row(circuit, (0.4, 0.3, -0.2, 0.5), state=circuit_state),
    "noisy_circuit": Row(circuit, (0.4, 0.3, -0.2, 0.5), sigma=0.02, state=circuit_state),
}
ASKING = [name for name in OPTIMIZERS if catalog.parse("optimizers", name).signature.constants.get("ASKS")]
"""Those that only work where there is a state."""
ENDLESS = ("spsa", "qn_spsa")
"""Without a `window` these never return."""
TABLE = [
    pytest.param(name, row, id=f"{name}-{row}")
    for name in OPTIMIZERS
    for row in catalog.parse("optimizers", name).signature.constants.get("SOLVES", ())
]


# --- A small loop ----------------------------------------------------------------------------------------------------


class Run(NamedTuple):
    """The questions of one optimisation, copies of their arrays as they were asked, and where it ended."""

    questions: list[Question]
    copies: list[tuple[np.ndarray, ...]]
    x: Point
    converged: bool

    @property
    def evaluations(self) -> int:
        """Points asked for, a gradient counting as one."""
        return sum(len(q.points) if isinstance(q, Values) else isinstance(q, Gradient) for q in self.questions)


def arrays(question: Question) -> tuple[np.ndarray, ...]:
    """The arrays of a question."""
    return tuple(part for part in question if isinstance(part, np.ndarray))


def central_difference(loss: Callable[[Point], float], x: Point) -> Point:
    """Gradient to about 1e-9."""
    h = 1e-5
    return np.array([(loss(x + h * e) - loss(x - h * e)) / (2 * h) for e in np.eye(x.size)])


def metric_by_hand(state: Callable[[Point], np.ndarray], x: Point) -> Tensor:
    """Re(<d_i|d_j> - <d_i|psi><psi|d_j>) by central differences of the amplitudes, to about 1e-9."""
    h, psi = 1e-5, state(x)
    slopes = np.array([(state(x + h * e) - state(x - h * e)) / (2 * h) for e in np.eye(x.size)]).reshape(x.size, -1)
    along = slopes.conj() @ psi
    return np.real(slopes.conj() @ slopes.T - np.outer(along, along.conj()))


def answer_to(question: Question, row: Row, rng: np.random.Generator) -> Any:
    """The answer, with normal noise of the row's sigma on all but the metric, and its standard errors."""
    if isinstance(question, Metric):
        assert row.state is not None
        return metric_by_hand(row.state, question.x)
    if isinstance(question, Overlaps):
        state = row.state
        assert state is not None
        fidelities = np.array([abs(state(a) @ state(b)) ** 2 for a, b in question.pairs])
        return Estimates(fidelities + row.sigma * rng.standard_normal(len(fidelities)), np.full(len(fidelities), row.sigma))
    if isinstance(question, Values):
        values = np.array([row.loss(point) for point in question.points])
        return Losses(values + row.sigma * rng.standard_normal(len(values)), np.full(len(values), row.sigma))
    gradient = central_difference(row.loss, question.x)
    return LossGradient(
        row.loss(question.x) + row.sigma * float(rng.standard_normal()),
        gradient + row.sigma * rng.standard_normal(gradient.size),
        row.sigma,
        np.full(gradient.size, row.sigma),
    )


def start(text: str, x: Any, seed: int = 7) -> Optimization:
    """The generator of the optimiser that `text` names, at an `x` that must not be written to."""
    x = np.array(x, dtype=float)
    x.flags.writeable = False
    return catalog.load(catalog.parse("optimizers", text))(x, np.random.default_rng(seed))


def drive(text: str, row: Row, *, iterations: int = 3000, seed: int = 7) -> Run:
    """Answer until the optimiser returns or asks for an iteration beyond the budget."""
    optimization, rng = start(text, row.start, seed), np.random.default_rng(seed + 1)
    questions: list[Question] = []
    copies: list[tuple[np.ndarray, ...]] = []
    try:
        question = next(optimization)
        while question.iteration < iterations:
            questions.append(question)
            copies.append(tuple(part.copy() for part in arrays(question)))
            question = optimization.send(answer_to(question, row, rng))
    except StopIteration as stop:
        return Run(questions, copies, stop.value, True)
    optimization.close()
    return Run(questions, copies, question.x, False)


# --- Conformance -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_file_names_known_rows_and_a_source_and_imports_little(name: str) -> None:
    signature = catalog.parse("optimizers", name).signature
    assert signature.constants["SOLVES"]
    assert set(signature.constants["SOLVES"]) <= set(ROWS)
    assert any(f"{year}" in signature.doc for year in range(1847, 2100))
    assert set(signature.constants.get("ASKS", ())) <= {"metric", "overlaps"}
    imported = set()
    for node in ast.walk(ast.parse(signature.file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module)
    allowed = {"numpy", "hybrid.base.types", "hybrid.catalog.optimizers._stopping"}
    assert imported <= allowed | ({"scipy", "functools", "queue", "threading", "typing"} if name == "scipy" else set())


@pytest.mark.parametrize(("name", "row"), TABLE)
def test_solves(name: str, row: str) -> None:
    steps = {"circuit": 1500, "noisy_circuit": 600}.get(row, 3000)
    run = drive(name, ROWS[row], iterations=steps)
    if ROWS[row].sigma:
        # Steps of 0.1 and less average over ten answers and more, so it must end below the noise of a single one.
        assert not run.converged
        assert ROWS[row].loss(run.x) < ROWS[row].sigma
    elif not run.converged:
        # Only SPSA and its kin never return; gains fall as k^-0.602, so 1500 steps shrink the error by far more than 1e3.
        assert name in ENDLESS
        assert ROWS[row].loss(run.x) < 1e-3 * ROWS[row].loss(np.array(ROWS[row].start))
    else:
        # |gradient| < 1e-5 bounds the loss by |gradient|^2 / (2 h) with curvatures h of at least 0.4; ftol is 1e-8.
        assert ROWS[row].loss(run.x) < 1e-8


@pytest.mark.parametrize(("name", "row"), TABLE)
def test_asks_finite_points_of_the_right_shape_and_counts_iterations(name: str, row: str) -> None:
    run = drive(name, ROWS[row], iterations=300)
    p = len(ROWS[row].start)
    assert run.x.shape == (p,)
    assert np.all(np.isfinite(run.x))
    assert np.array_equal(run.questions[0].x, ROWS[row].start)
    for question in run.questions:
        assert type(question.iteration) is int
        assert question.x.shape == (p,)
        assert np.all(np.isfinite(question.x))
        if isinstance(question, Overlaps):
            assert question.pairs.shape[1:] == (2, p)
            assert np.all(np.isfinite(question.pairs))
        if isinstance(question, Values):
            assert question.points.ndim == 2
            assert question.points.shape[0] > 0
            assert question.points.shape[1] == p
            assert np.all(np.isfinite(question.points))
    asks = catalog.parse("optimizers", name).signature.constants.get("ASKS", ())
    found = {type(question).__name__.lower() for question in run.questions} - {"values", "gradient"}
    assert found == set(asks)
    iterations = [question.iteration for question in run.questions]
    assert iterations[0] == 0
    assert set(np.diff(iterations)) <= {0, 1}


@pytest.mark.parametrize(("name", "row"), TABLE)
def test_repeats_with_one_seed_and_changes_nothing_it_shared(name: str, row: str) -> None:
    state = np.random.get_state()
    first, second = (drive(name, ROWS[row], iterations=100) for _ in range(2))
    assert np.array_equal(first.x, second.x)
    assert len(first.copies) == len(second.copies)
    for one, other in zip(first.copies, second.copies, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    for question, copies in zip(first.questions, first.copies, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(arrays(question), copies, strict=True))
    after = np.random.get_state()
    assert all(np.array_equal(a, b) for a, b in zip(state, after, strict=True))


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("seed", range(5))
def test_noise_is_never_taken_for_convergence(name: str, seed: int) -> None:
    """Both losses start at their minimum: all that is seen is noise."""
    row = Row(sinusoids, (0.3, -0.7, 1.1, -0.2), sigma=0.05)
    if name in ASKING:
        row = ROWS["noisy_circuit"]._replace(start=tuple(drive("lbfgs", ROWS["circuit"]).x))
    assert not drive(name, row, iterations=100, seed=seed).converged


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_equal_counts_are_not_convergence(name: str) -> None:
    """Few shots often give exactly equal values and zero derivatives: their standard errors say otherwise."""
    optimization = start(name, [0.5, 0.5])
    question = next(optimization)
    for _ in range(200):
        zeros = np.zeros(len(question.points) if isinstance(question, Values) else 2)
        if isinstance(question, Metric):
            question = optimization.send(np.eye(2) / 4)
        elif isinstance(question, Overlaps):
            question = optimization.send(Estimates(np.ones(len(question.pairs)), np.full(len(question.pairs), 0.1)))
        elif isinstance(question, Values):
            question = optimization.send(Losses(zeros, zeros + 0.1))
        else:
            question = optimization.send(LossGradient(0.0, zeros, 0.1, zeros + 0.1))
        assert np.all(np.isfinite(question.x))
    optimization.close()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_flat_loss_and_no_parameters_are_survived(name: str) -> None:
    flat = drive(name, Row(lambda x: -1.5, (0.1, 0.2), state=circuit_state), iterations=100)
    assert np.all(np.isfinite(flat.x))
    assert name in ENDLESS or flat.converged
    assert drive(name, Row(lambda x: -1.5, (), state=circuit_state), iterations=5).x.shape == (0,)


@pytest.mark.parametrize("name", ["lbfgs", "nelder_mead", "nft", "random_search", "rotosolve", "scipy", "trust_region"])
def test_where_it_would_stop_never_gets_worse(name: str) -> None:
    """These stand at the best point they accepted, also while they try others."""
    for row in catalog.parse("optimizers", name).signature.constants["SOLVES"]:
        losses = [ROWS[row].loss(question.x) for question in drive(name, ROWS[row]).questions]
        assert np.all(np.diff(losses) < 1e-12)


# --- Published -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_adam_first_step_is_the_learning_rate(scale: float) -> None:
    """Kingma & Ba 2015, sec. 2.1: without epsilon the first step is learning_rate * sign(gradient) at any scale."""
    gradient = scale * np.array([2.0, -0.5, 1.0])
    optimization = start("adam:learning_rate=0.05", np.zeros(3))
    next(optimization)
    question = optimization.send(LossGradient(0.0, gradient, 0.0, np.zeros(3)))
    assert question.x == pytest.approx(-0.05 * np.sign(gradient), rel=1e-4)


def test_adam_second_step() -> None:
    """Algorithm 1 by hand for gradients 1 and -1: moments -0.01 and 0.001999, corrected by 0.19 and 0.001999."""
    optimization = start("adam:learning_rate=0.1,epsilon=0", [0.0])
    next(optimization)
    first = optimization.send(LossGradient(0.0, np.array([1.0]), 0.0, np.zeros(1)))
    second = optimization.send(LossGradient(0.0, np.array([-1.0]), 0.0, np.zeros(1)))
    assert second.x - first.x == pytest.approx(0.1 * 0.01 / 0.19, rel=1e-9)


def test_gradient_descent_contracts_as_it_must() -> None:
    """On h x^2 / 2 every step multiplies x by 1 - learning_rate h."""
    run = drive("gradient_descent:learning_rate=0.3", Row(lambda x: float(x[0] ** 2), (1.0,)), iterations=6)
    assert [question.x[0] for question in run.questions] == pytest.approx([0.4**k for k in range(6)], rel=1e-6)


@pytest.mark.parametrize("p", [1, 5, 200])
def test_spsa_two_evaluations_per_step_whatever_the_dimension(p: int) -> None:
    """Spall 1998, sec. III: the two points mirror each other, every parameter perturbed by the same width."""
    run = drive("spsa:c=0.1", Row(lambda x: float(x @ x), (1.0,) * p), iterations=20)
    assert [question.iteration for question in run.questions] == list(range(20))
    for k, question in enumerate(run.questions):
        assert isinstance(question, Values)
        assert question.points.shape == (2, p)
        assert question.points.mean(axis=0) == pytest.approx(question.x)
        assert np.abs(question.points - question.x) == pytest.approx(np.full((2, p), 0.1 / (k + 1) ** 0.101))


def test_spsa_gains() -> None:
    """Spall 1998: a / (k + 1 + A)^0.602 on a loss of slope 1."""
    run = drive("spsa:a=0.6,A=10", Row(lambda x: float(x[0]), (0.0,)), iterations=50)
    steps = -np.diff([question.x[0] for question in run.questions])
    assert steps == pytest.approx([0.6 / (k + 11) ** 0.602 for k in range(49)])


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_spsa_walks_the_same_way_at_any_scale_of_the_loss(scale: float) -> None:
    row = ROWS["quadratic"]
    one, other = (drive("spsa", Row(lambda x, s=s: s * quadratic(x), row.start), iterations=30) for s in (1.0, scale))
    assert other.x == pytest.approx(one.x, rel=1e-9)
    assert np.abs(one.questions[1].x - row.start) == pytest.approx(np.full(4, 0.3))


@pytest.mark.parametrize("x", [(0.4,), (1.0, -2.0, 0.5), (np.pi / 2,) * 3, (3.0, -3.0, 2.9, 0.1, 1.5)])
def test_rotosolve_solves_a_product_of_ry_in_one_sweep(x: tuple[float, ...]) -> None:
    """REFERENCE: after RY(x_1) ... RY(x_p) on |0...0>, <Z...Z> is the product of the cosines; its minimum is -1."""
    run = drive("rotosolve", Row(lambda x: float(np.prod(np.cos(x))), x), iterations=1)
    assert run.evaluations == 3 * len(x)
    assert np.prod(np.cos(run.x)) == pytest.approx(-1, abs=1e-12)


def test_rotosolve_closed_form() -> None:
    """REFERENCE: t* = -pi/2 - atan2(2 H(0) - H(pi/2) - H(-pi/2), H(pi/2) - H(-pi/2)); every angle in [-pi, pi)."""
    for phase in np.linspace(-3, 3, 25):
        run = drive("rotosolve", Row(lambda t, phase=phase: float(0.3 + 2 * np.sin(t[0] + phase)), (9.0,)), iterations=1)
        assert 0.3 + 2 * np.sin(run.x[0] + phase) == pytest.approx(-1.7, abs=1e-12)
        assert -np.pi <= run.x[0] < np.pi


def test_lbfgs_meets_the_secant_equation_and_becomes_newton() -> None:
    """N&W (6.6): H y = s for the newest pair; with conjugate pairs in every direction H is the inverse Hessian."""
    vectors = BASIS.T
    pairs = [(s, HESSIAN @ s) for s in vectors]
    assert inverse_hessian_times(pairs[-1][1], pairs) == pytest.approx(pairs[-1][0])
    gradient = np.array([1.0, -2.0, 3.0, 0.5])
    assert inverse_hessian_times(gradient, pairs) == pytest.approx(np.linalg.solve(HESSIAN, gradient))
    assert inverse_hessian_times(gradient, []) == pytest.approx(gradient)


def test_lbfgs_asks_one_gradient_per_iteration_and_few_of_them() -> None:
    """Superlinear: 4 parameters of condition 20 take gradient descent more than 100 gradients."""
    run = drive("lbfgs", ROWS["quadratic"])
    gradients = [question.iteration for question in run.questions if isinstance(question, Gradient)]
    assert gradients == list(range(len(gradients)))
    assert len(gradients) < 20
    assert sum(isinstance(q, Gradient) for q in drive("lbfgs", ROWS["rosenbrock"]).questions) < 60


@pytest.mark.parametrize("memory", [0, 1, 30])
def test_lbfgs_keeps_no_more_than_its_memory(memory: int) -> None:
    """Without memory it is steepest descent with a line search; both meet the same minimum."""
    run = drive(f"lbfgs:memory={memory}", ROWS["sinusoids"])
    assert run.converged
    assert sinusoids(run.x) < 1e-8


def test_lbfgs_starts_from_the_scaled_identity() -> None:
    """N&W (7.16) and (7.20) with one pair, against the same formula in dense matrices."""
    s, y, gradient = np.array([1.0, 0.2]), np.array([3.0, -1.0]), np.array([0.7, -2.0])
    rho, eye = 1 / (s @ y), np.eye(2)
    left = eye - rho * np.outer(s, y)
    dense = left @ (eye * (s @ y) / (y @ y)) @ left.T + rho * np.outer(s, s)
    assert inverse_hessian_times(gradient, [(s, y)]) == pytest.approx(dense @ gradient)


def refuse(optimization: Optimization, question: Question, stderr: float) -> Question:
    """Answer every trial of the line search with a loss that is too high, until a gradient is asked again."""
    while isinstance(question, Values):
        question = optimization.send(Losses(np.array([10.0]), np.array([stderr])))
    return question


@pytest.mark.parametrize("stderr", [0.0, 0.1])
def test_lbfgs_without_a_lower_loss_ends_if_exact_and_measures_again_if_not(stderr: float) -> None:
    """Exact losses that rise along the steepest descent are rounding error: asking again would change nothing."""
    optimization = start("lbfgs", [1.0, 2.0])
    next(optimization)
    trial = optimization.send(LossGradient(1.0, np.array([1e6, 3.0]), stderr, np.full(2, stderr)))
    assert isinstance(trial, Values)
    assert np.max(np.abs(trial.points - trial.x)) == pytest.approx(1.0)
    if stderr == 0:
        with pytest.raises(StopIteration):
            refuse(optimization, trial, stderr)
    else:
        again = refuse(optimization, trial, stderr)
        assert isinstance(again, Gradient)
        assert again.iteration == 1
        assert np.array_equal(again.x, [1.0, 2.0])


def test_lbfgs_forgets_its_pairs_when_they_lead_nowhere() -> None:
    """After a failed line search along a quasi-Newton direction it tries the steepest descent before it gives up."""
    optimization, exact = start("lbfgs", [0.0, 0.0]), np.zeros(2)
    next(optimization)
    optimization.send(LossGradient(1.0, np.array([0.4, 0.8]), 0.0, exact))
    optimization.send(Losses(np.zeros(1), np.zeros(1)))
    trial = optimization.send(LossGradient(0.0, np.array([0.3, 0.1]), 0.0, exact))
    assert isinstance(trial, Values)
    assert trial.points[0] - trial.x != pytest.approx([-0.3, -0.1])
    assert isinstance(refuse(optimization, trial, 0.0), Gradient)
    trial = optimization.send(LossGradient(0.0, np.array([0.3, 0.1]), 0.0, exact))
    assert isinstance(trial, Values)
    assert trial.points[0] - trial.x == pytest.approx([-0.3, -0.1])
    with pytest.raises(StopIteration):
        refuse(optimization, trial, 0.0)


@pytest.mark.parametrize("adaptive", [False, True])
@pytest.mark.parametrize("row", ["quadratic", "sinusoids", "rosenbrock"])
def test_nelder_mead_walks_as_scipy_does(row: str, adaptive: bool) -> None:
    """Same simplex, same coefficients, same evaluations as an independent implementation."""
    optimize = pytest.importorskip("scipy.optimize")
    x = np.array(ROWS[row].start)
    options = {
        "initial_simplex": np.vstack([x, x + 0.5 * np.eye(x.size)]),
        "adaptive": adaptive,
        "maxiter": 80,  # scipy counts the simplex as one
        "xatol": 0,
        "fatol": 0,
    }
    reference = optimize.minimize(ROWS[row].loss, x, method="Nelder-Mead", options=options)
    run = drive(f"nelder_mead:adaptive={str(adaptive).lower()}", ROWS[row], iterations=79)
    assert run.evaluations == reference.nfev
    assert run.x == pytest.approx(reference.x, rel=1e-9)
