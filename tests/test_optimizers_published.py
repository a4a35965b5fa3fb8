"""The newer optimisers against what their papers say, SciPy's against SciPy, and stops that understand error bars."""

import threading

import numpy as np
import pytest
from interruption import interrupted_everywhere
from scipy import optimize
from test_optimizers import BASIS, ROWS, Row, circuit_state, drive, metric_by_hand, quadratic, start

from hybrid import catalog
from hybrid.base.types import Losses, LossGradient, Metric, Overlaps, Values
from hybrid.catalog.optimizers._stopping import Plateau
from hybrid.catalog.optimizers.qn_spsa import positive
from hybrid.runs.run import run
from hybrid.runs.spec import Spec


def slope(value: float) -> LossGradient:
    return LossGradient(0.0, np.array([value]), 0.0, np.zeros(1))


@pytest.mark.parametrize(
    ("options", "steps"),
    [
        ("", [-0.1, -0.1 - 0.19]),  # v = -0.1, then 0.9 v - 0.1
        (",nesterov=true", [-0.19, -0.19 - 0.271]),  # 0.9 v - 0.1 with v = -0.1, then with v = -0.19
        (",decay=1", [-0.1, -0.1 - 0.14]),  # the second rate is half of the first
    ],
)
def test_momentum_by_hand(options, steps):
    """Two gradients of 1 at rate 0.1, keeping 0.9 of a step."""
    optimization = start(f"momentum:learning_rate=0.1{options}", [0.0])
    next(optimization)
    assert [float(optimization.send(slope(1.0)).x[0]) for _ in range(2)] == pytest.approx(steps)


@pytest.mark.parametrize("name", ["adam", "gradient_descent", "momentum", "natural_gradient"])
def test_decay_slows_every_gradient_method(name):
    """Beyond the first step, which is at the full rate, steps are shorter."""
    fast, slow = (drive(f"{name}:decay={decay}", ROWS["circuit"], iterations=10) for decay in (0, 1))
    paths = [np.array([q.x for q in r.questions if not isinstance(q, Metric)]) for r in (fast, slow)]
    first, second = (np.linalg.norm(np.diff(path, axis=0), axis=1) for path in paths)
    assert first[0] == pytest.approx(second[0])
    assert np.sum(second) < np.sum(first)


def test_natural_gradient_divides_by_the_metric():
    """Stokes 2020, eq. 13, for RZ(b) RY(a)|0> with g = diag(1/4, sin^2(a)/4): a step of -rate g^-1 gradient."""
    a = 0.6
    optimization = start("natural_gradient:learning_rate=0.1,regularization=0", [a, 0.2])
    next(optimization)
    asked = optimization.send(LossGradient(0.0, np.array([0.3, -0.5]), 0.0, np.zeros(2)))
    assert isinstance(asked, Metric)
    moved = optimization.send(np.diag([0.25, np.sin(a) ** 2 / 4]))
    assert moved.x - [a, 0.2] == pytest.approx([-0.1 * 4 * 0.3, 0.1 * 4 * 0.5 / np.sin(a) ** 2])


def test_natural_gradient_does_not_care_how_parameters_are_scaled():
    """With x = s y the metric grows by s^2 and the gradient by s: the path in x is the same."""
    row, paths = ROWS["circuit"], []
    for s in (1.0, 3.0):
        scaled = Row(
            lambda y, s=s: row.loss(s * y), tuple(np.array(row.start[:3]) / s), state=lambda y, s=s: circuit_state(s * y)
        )
        found = drive("natural_gradient:regularization=1e-9", scaled, iterations=5)
        paths.append(np.array([s * q.x for q in found.questions]))
    assert paths[0] == pytest.approx(paths[1], abs=1e-5)  # differences of 1e-9 over the metric's least eigenvalue


def test_qn_spsa_asks_two_losses_and_four_overlaps_and_its_metric_is_the_metric():
    """Gacon 2021, eqs. 14 and 15: on average over directions the four fidelities give g, to second order in the step."""
    x = np.array(ROWS["circuit"].start)
    optimization, samples = start("qn_spsa:a=0,metric_step=0.05", x, seed=1), []
    asked = next(optimization)
    state = circuit_state(x)
    for _ in range(3000):
        assert isinstance(asked, Values) and asked.points.shape == (2, 4)
        asked = optimization.send(Losses(np.zeros(2), np.zeros(2)))
        assert isinstance(asked, Overlaps) and asked.pairs.shape == (4, 2, 4)
        fidelities = np.array([abs(state @ circuit_state(b)) ** 2 for _, b in asked.pairs])
        h1, h2 = (asked.pairs[1, 1] - x) / 0.05, (asked.pairs[0, 1] - asked.pairs[1, 1]) / 0.05
        sample = -(fidelities @ [1, -1, -1, 1]) / (4 * 0.05**2) * (np.outer(h1, h2) + np.outer(h2, h1)) / 2
        samples.append(sample)
        asked = optimization.send(Losses(fidelities, np.zeros(4)))
    deviation = np.abs(np.mean(samples, axis=0) - metric_by_hand(circuit_state, x))
    assert np.all(deviation < 4.5 * np.std(samples, axis=0) / np.sqrt(3000) + 2e-3)  # and h^2 of the differences


def test_positive_keeps_vectors_and_takes_absolute_values():
    values = np.diag([1.0, -2.0, 0.5, 3.0])
    assert positive(BASIS @ values @ BASIS.T) == pytest.approx(BASIS @ np.abs(values) @ BASIS.T)


@pytest.mark.parametrize("p", [1, 3, 40])
def test_nft_takes_two_evaluations_per_angle(p):
    """A product of cosines is solved in one sweep of 2 p + 1 evaluations, one more every 32 angles."""
    found = drive("nft", Row(lambda x: float(np.sum(np.cos(x))), tuple(np.linspace(0.3, 2.5, p))), iterations=1)
    assert found.evaluations == 2 * p + 1 + (p - 1) // 32
    assert np.sum(np.cos(found.x)) == pytest.approx(-p, abs=1e-12)


def test_cma_es_learns_the_shape():
    """A condition number of 1e6 takes steepest descent a million steps; here a few thousand evaluations. Population: eq. 48."""
    long = np.array([1.0, 1e2, 1e4, 1e6])
    found = drive("cma_es", Row(lambda x: float(long @ (BASIS @ x - 1) ** 2), (0.0,) * 4))
    assert found.converged
    assert found.evaluations < 6000
    assert len(found.copies[0][1]) == 4 + int(3 * np.log(4))
    assert len(drive("cma_es:population=30", ROWS["quadratic"], iterations=1).copies[0][1]) == 30


def test_trust_region_goes_down_the_linear_model():
    """On a plane the first trial is the steepest descent, as long as the radius; every step is taken."""
    plane = Row(lambda x: float(x @ [3.0, 4.0]), (0.0, 0.0))
    found = drive("trust_region:radius=0.5", plane, iterations=4)
    first, second = (q.points[0] for q in found.questions[1:3])
    edge = found.questions[1].x
    assert first - edge == pytest.approx([-0.3, -0.4])
    assert second - first == pytest.approx([-0.3, -0.4])


def test_random_search_measures_its_own_point_again_only_where_values_are_noisy():
    exact, noisy = (drive("random_search", ROWS[row], iterations=5) for row in ("quadratic", "noisy_quadratic"))
    assert {len(q.points) for q in exact.questions[1:]} == {2}
    assert {len(q.points) for q in noisy.questions[1:]} == {3}


# --- SciPy -------------------------------------------------------------------------------------------------------------


def scipy_threads() -> int:
    """Threads that an optimiser has left; other tests may leave others."""
    return sum(thread.name == "scipy" for thread in threading.enumerate())


@pytest.mark.parametrize("method", ["COBYQA", "Nelder-Mead", "Powell", "L-BFGS-B", "SLSQP", "TNC", "BFGS", "CG", "COBYLA"])
def test_scipy_walks_as_scipy_does(method):
    """The same points in the same order as when SciPy calls the loss itself, and no thread left behind."""
    seen: list[np.ndarray] = []

    def watched(x):
        seen.append(np.array(x))
        return quadratic(x)

    gradient = None
    if method in ("L-BFGS-B", "SLSQP", "TNC", "BFGS", "CG"):
        h = 1e-5

        def gradient(x):
            return np.array([(quadratic(x + h * e) - quadratic(x - h * e)) / (2 * h) for e in np.eye(4)])

    expected = optimize.minimize(watched, np.zeros(4), method=method, jac=gradient, tol=1e-6)
    found = drive(f"scipy:method={method}", ROWS["quadratic"], iterations=10_000)
    asked = np.array([q.points[0] for q in found.questions if isinstance(q, Values)])
    assert np.array_equal(asked, np.array(seen))
    assert found.converged
    assert quadratic(found.x) <= expected.fun
    assert scipy_threads() == 0


def test_scipy_leaves_no_thread_when_it_is_left_in_the_middle():
    optimization = start("scipy:method=COBYQA", [0.5, 0.5])
    next(optimization)
    assert scipy_threads() == 1
    optimization.close()
    assert scipy_threads() == 0


def test_scipy_errors_come_out_where_they_are_asked(monkeypatch):
    def broken(loss, x, **options):
        raise ValueError(f"no answer to {loss(x)}")

    monkeypatch.setattr(optimize, "minimize", broken)
    optimization = start("scipy", [0.5, 0.5])
    next(optimization)
    with pytest.raises(ValueError, match=r"no answer to 1\.5"):
        optimization.send(Losses(np.array([1.5]), np.zeros(1)))
    assert scipy_threads() == 0


def test_scipy_on_noise_starts_again_and_never_ends():
    found = drive("scipy:method=Nelder-Mead", ROWS["noisy_quadratic"], iterations=400)
    assert not found.converged
    assert len(found.questions) == 400
    assert scipy_threads() == 0


# --- Stops that understand error bars ----------------------------------------------------------------------------------


def test_plateau_compares_windows_in_standard_errors():
    """Means 1.0 and 0.9 over two values each: the error of the difference is sigma."""
    for sigma, reached in ((0.09, False), (0.11, True)):
        plateau = Plateau(2)
        assert [plateau.reached(loss, sigma) for loss in (1.1, 0.9, 0.95, 0.85)] == [False, False, False, reached]
    endless = Plateau(0)
    assert not any(endless.reached(1.0, 1.0) for _ in range(100))


@pytest.mark.parametrize("name", ["adam", "gradient_descent", "momentum", "spsa", "natural_gradient", "qn_spsa"])
def test_a_window_ends_a_noisy_run_near_the_minimum(name):
    """What is left is less than twice the noise of one value, when the loss no longer falls by what 30 of them resolve."""
    row = ROWS["noisy_circuit" if name in ("natural_gradient", "qn_spsa") else "noisy_quadratic"]
    found = drive(f"{name}:window=30", row)
    assert found.converged
    assert len(found.questions) < 3000
    assert row.loss(found.x) < 2 * row.sigma


# --- Resumed -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", catalog.names("optimizers"))
def test_resumable_at_every_answer(tmp_path, name):
    """Interrupted behind every answer in turn, the record ends as the untroubled one; and one seed repeats exactly."""
    spec = Spec(problem="h2", optimizer=name, backend="exact", shots=50, gradient="spsa", max_evals=14, seed=3)
    untroubled = run(spec, tmp_path / "untroubled")
    result, interrupted = interrupted_everywhere(spec, tmp_path / "again")
    assert interrupted > 0
    assert result.digest == untroubled.digest
    assert scipy_threads() == 0
