"""Detunings: the angles they make, and the joint distribution they are drawn from."""

from dataclasses import replace

import numpy as np
import pytest
from qiskit.quantum_info import Operator
from scipy.linalg import expm
from scipy.stats import chi2, kstest, qmc

from hybrid.base.errors import UsageError
from hybrid.base.sobol import sobol
from hybrid.device.detuning import SCRAMBLES, DetunedAngles, Draws, sigma
from hybrid.device.device import Device

SILICON = Device.load("meluxina-q")
X, Z = np.array([[0, 1], [1, 0]]), np.diag([1.0, -1.0])
ALL = tuple(range(10))


def seed(*key: int) -> np.random.SeedSequence:
    return np.random.SeedSequence(77, spawn_key=key)


def white(device: Device, physical: tuple[int, ...], rows: np.ndarray, *, context: bool = False) -> np.ndarray:
    """Rows over their standard deviations, which are checked on the way: sqrt(2)/(factor T2*)."""
    factor = device.context_t2star_factor if context else 1.0
    return rows * factor * np.array([device.t2_star_s[q] for q in physical]) / np.sqrt(2)


# --- Angles ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("duration_s", [50e-9, 380e-9])
@pytest.mark.parametrize("turns", [0.0, 1e-6, -0.3, 1.0, -4.0, 25.0])
def test_a_detuned_pulse_is_the_exponential(turns, duration_s):
    """exp(-i (Omega X + delta Z) t/2) for detunings from none to 25 times the drive, entry by entry, to 1e-12."""
    drive = np.pi / 2 / duration_s
    delta = turns * drive
    angles = DetunedAngles()
    gate = angles.x90(0, duration_s)
    row = angles(np.array([[delta]]))[0]
    bound = Operator(gate_with(gate, angles, row)).data
    want = expm(-0.5j * duration_s * (drive * X + delta * Z))
    phase = np.vdot(bound.ravel(), want.ravel()) / 2  # only up to a global phase
    assert abs(phase) == pytest.approx(1, abs=1e-12)
    np.testing.assert_allclose(phase * bound, want, rtol=0, atol=1e-12)


def gate_with(gate, angles: DetunedAngles, row: np.ndarray):
    value = dict(zip(angles.parameters, row.tolist(), strict=True))
    gate = gate.to_mutable()
    gate.params = [value[p] for p in gate.params]
    return gate


def test_two_detuned_pulses_are_the_exponential_of_twice_the_time():
    """PHYSICS.md: the rotated-frame unitary, not RZ split about a perfect pulse, which would echo itself in a pi pulse."""
    duration_s, delta = 51e-9, 5e5
    angles = DetunedAngles()
    gate = angles.x90(0, duration_s)
    pulse = Operator(gate_with(gate, angles, angles(np.array([[delta]]))[0])).data
    want = expm(-0.5j * 2 * duration_s * (np.pi / 2 / duration_s * X + delta * Z))
    assert abs(np.trace(want.conj().T @ pulse @ pulse)) / 2 == pytest.approx(1, abs=1e-13)


def test_a_pi_pulse_loses_what_physics_says():
    """(2/3) <delta^2>/Omega^2 = (4/3) (t/(pi T2*))^2 = 1.56e-4 for T2* 3 us and 102 ns, by Gauss-Hermite quadrature; a pulse
    between two halves of the free evolution would be its own echo and lose nothing.
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    t, angles = 51e-9, DetunedAngles()
    gate = angles.x90(0, t)
    loss = 0.0
    for node, weight in zip(nodes, weights / weights.sum(), strict=True):
        pulse = Operator(gate_with(gate, angles, angles(np.array([[node * np.sqrt(2) / 3e-6]]))[0])).data
        process = abs(np.trace(X @ pulse @ pulse) / 2) ** 2
        loss += weight * (1 - (2 * process + 1) / 3)
    assert loss == pytest.approx(4 / 3 * (0.102 / (3 * np.pi)) ** 2, rel=2e-3)  # the next order is (sigma/Omega)^2 = 2e-4


def test_waiting_turns_by_delta_t_and_columns_are_shared():
    angles = DetunedAngles()
    first, again, other = angles.wait(0, 1e-6), angles.wait(0, 1e-6), angles.wait(1, 1e-6)
    assert first.params == again.params
    assert first.params != other.params
    angles.x90(1, 65e-9)
    assert len(angles.parameters) == 2 + 3
    rows = angles(np.array([[2e6, -1e6], [0.0, 3e6]]))
    assert rows.shape == (2, 5)
    np.testing.assert_allclose(rows[:, :2], [[2.0, -1.0], [0.0, 3.0]], rtol=1e-15)
    assert DetunedAngles()(np.zeros((3, 2))).shape == (3, 0)


# --- Independent draws -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("context", [False, True])
@pytest.mark.statistics
def test_independent_draws_are_normal_and_independent(context):
    """4000 rows of 10 qubits: Kolmogorov-Smirnov per qubit, and all 55 entries of the covariance: 1e-6 each."""
    factor = SILICON.context_t2star_factor if context else 1.0
    np.testing.assert_allclose(
        sigma(SILICON, ALL, context=context) * factor, np.sqrt(2) / np.array(SILICON.t2_star_s), rtol=1e-14
    )
    rows, inflation = Draws(SILICON, ALL, context=context).independent(4000, 4000, seed(1))
    assert inflation == 1
    standard = white(SILICON, ALL, rows, context=context)
    assert min(kstest(column, "norm").pvalue for column in standard.T) > 1e-6
    covariance = standard.T @ standard / len(standard)
    assert np.abs(covariance - np.eye(10)).max() < 4.9 * np.sqrt(2 / 4000)  # the largest sigma is that of a variance


@pytest.mark.parametrize("correlation", [0.5, -0.6])
def test_correlation_falls_with_the_distance_on_the_chain(correlation):
    """correlation**|i - j|; entries of 20,000 rows have sigmas up to sqrt(2/20000) = 0.01: 4.9 of them (1e-6)."""
    device = replace(SILICON, correlation=correlation)
    physical = (0, 1, 2, 5, 9)
    rows, _ = Draws(device, physical, context=False).independent(20_000, 20_000, seed(2))
    standard = white(device, physical, rows)
    distance = np.abs(np.subtract.outer(physical, physical))
    np.testing.assert_allclose(standard.T @ standard / len(rows), correlation ** distance.astype(float), rtol=0, atol=0.049)
    sobol = white(device, physical, Draws(device, physical, context=False).quadrature(512, seed(3)))
    # 8 Sobol sets of 512 points integrate products of two Gaussians to a few 1e-3.
    np.testing.assert_allclose(sobol.T @ sobol / len(sobol), correlation ** distance.astype(float), rtol=0, atol=0.02)


def test_correlation_where_everybody_is_coupled():
    """All at distance 1: a positive one is possible, one below -1/(n-1) is not, and is refused by its number."""
    device = replace(SILICON, edges=None, correlation=0.3)
    rows, _ = Draws(device, (0, 4, 7), context=False).independent(20_000, 20_000, seed(4))
    standard = white(device, (0, 4, 7), rows)
    np.testing.assert_allclose((standard.T @ standard / 20_000)[np.triu_indices(3, 1)], 0.3, rtol=0, atol=0.049)
    Draws(replace(device, correlation=-0.45), (0, 4, 7), context=False)
    with pytest.raises(UsageError, match=r"correlation=-0\.55.*nearer to 0"):
        Draws(replace(device, correlation=-0.55), (0, 4, 7), context=False)


def test_qubits_that_no_coupling_joins_are_uncorrelated():
    device = replace(SILICON, edges=((0, 1), (2, 3)), correlation=0.8)
    rows, _ = Draws(device, (0, 1, 2, 3), context=False).independent(20_000, 20_000, seed(5))
    standard = white(device, (0, 1, 2, 3), rows)
    want = np.kron(np.eye(2), [[1, 0.8], [0.8, 1]])
    np.testing.assert_allclose(standard.T @ standard / 20_000, want, rtol=0, atol=0.049)  # as above


def test_a_draw_depends_on_its_seed_and_row_alone():
    for device, shots in ((SILICON, 1), (replace(SILICON, drift="ou", drift_time_s=6e-3), 10)):
        draws = Draws(device, (2, 3), context=False)
        long, _ = draws.independent(200, 200 * shots, seed(6))
        short, _ = draws.independent(50, 50 * shots, seed(6))
        np.testing.assert_array_equal(long[:50], short)
        assert (draws.independent(50, 50 * shots, seed(7))[0] != short).all()
    sobol = Draws(SILICON, (2, 3), context=False)
    np.testing.assert_array_equal(sobol.quadrature(8, seed(6)), sobol.quadrature(8, seed(6)))
    assert (sobol.quadrature(8, seed(6)) != sobol.quadrature(8, seed(7))).all()


@pytest.mark.statistics
def test_scrambles_are_independent_unbiased_and_finite():
    """200 seeds of 8 sets of 4 points: means of delta and delta^2 over all within 4.9 standard errors (1e-6), the set means
    uncorrelated; and nearer to 0 than means of as many independent draws.
    """
    draws = Draws(SILICON, (0, 1), context=False)
    rows = np.array([draws.quadrature(4, seed(8, i)) for i in range(200)])
    assert rows.shape == (200, SCRAMBLES * 4, 2)
    assert np.isfinite(rows).all()
    standard = white(SILICON, (0, 1), rows)
    sets = standard.reshape(200, SCRAMBLES, 4, 2)
    for moment, want in ((1, 0.0), (2, 1.0)):
        means = (sets**moment).mean(axis=2)
        error = means.std(axis=(0, 1)) / np.sqrt(200 * SCRAMBLES)
        assert (np.abs(means.mean(axis=(0, 1)) - want) < 4.9 * error).all()
    means = sets.mean(axis=2)[:, :, 0]
    correlations = np.corrcoef(means.T)[np.triu_indices(SCRAMBLES, 1)]
    assert np.abs(correlations).max() < 4.9 / np.sqrt(200)  # 28 pairs
    assert means.var() < 0.25 / 2  # of four independent draws: 1/4


# --- Drift -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("drift_time_s", [0.003, 0.03])
@pytest.mark.statistics
def test_ou_autocorrelation(drift_time_s):
    """exp(-t/tau): 400 independent series of 64 steps of 10 shots of 600 us; sigmas up to 1/20: 4.9 of them."""
    device = replace(SILICON, drift="ou", drift_time_s=drift_time_s)
    draws = Draws(device, (0, 5), context=True)
    series = np.array([draws.independent(64, 640, seed(9, i))[0] for i in range(400)])
    standard = white(device, (0, 5), series, context=True)
    assert standard.var() == pytest.approx(1, abs=4.9 * np.sqrt(2 / 800))  # at least one independent value per series and qubit
    for lag in (1, 2, 5, 20):
        rho = (standard[:, :-lag] * standard[:, lag:]).mean()
        assert rho == pytest.approx(np.exp(-lag * 6e-3 / drift_time_s), abs=4.9 / np.sqrt(800))
    across = (standard[:, :, 0] * standard[:, :, 1]).mean()
    assert abs(across) < 4.9 / 20
    assert draws.independent(64, 640, seed(9))[1] == pytest.approx(inflation_of(np.exp(-6e-3 / drift_time_s), 64), rel=1e-12)


def inflation_of(memory: float, count: int) -> float:
    """Variance of the mean of a stationary series over that of independent ones, from the whole correlation matrix."""
    lags = np.abs(np.subtract.outer(np.arange(count), np.arange(count)))
    return (memory**lags).sum() / count


@pytest.mark.statistics
def test_the_inflation_is_that_of_the_mean():
    """400 series of 40: the variance of their means, chi-squared with 400 degrees of freedom (1e-6 on either side)."""
    for drift in ("ou", "pink"):
        device = replace(SILICON, drift=drift, drift_time_s=0.04)
        draws = Draws(device, (0,), context=False)
        found = [draws.independent(40, 400, seed(10, i)) for i in range(400)]
        means = white(device, (0,), np.array([rows.mean() for rows, _ in found])[:, None])[:, 0]
        ratio = np.sum(means**2) * 40 / found[0][1]
        print(drift, found[0][1], ratio / 400)
        assert chi2.ppf(1e-6, 400) < ratio < chi2.isf(1e-6, 400)


@pytest.mark.statistics
def test_pink_noise_falls_as_one_over_f():
    """Slope of the periodogram, between the longest time and a tenth of the shot rate, -1 within 0.15.

    The sum of two Lorentzians per decade ripples by 5 % about 1/f; 60 series leave 0.03 of the slope to chance.
    """
    device = replace(SILICON, drift="pink", drift_time_s=6.0)  # 10^4 shots of 600 us
    draws = Draws(device, (0,), context=False)
    steps = 1024
    power = np.zeros(steps // 2)
    for i in range(60):
        rows = white(device, (0,), draws.independent(steps, steps * 8, seed(11, i))[0])[:, 0]
        power += np.abs(np.fft.rfft(rows)[1 : steps // 2 + 1]) ** 2
    frequency = np.arange(1, steps // 2 + 1) / (steps * 8 * 600e-6)
    low, high = 1 / 6.0, 0.1 / (8 * 600e-6)
    band = (frequency > low) & (frequency < high)
    edges = np.geomspace(low, high, 9)
    place = np.digitize(frequency[band], edges)
    binned = [(np.log(frequency[band][place == b]).mean(), np.log(power[band][place == b].mean())) for b in np.unique(place)]
    slope = np.polyfit(*np.array(binned).T, 1)[0]
    print(f"slope {slope:.3f}")
    assert slope == pytest.approx(-1, abs=0.15)


@pytest.mark.statistics
def test_pink_variance_is_that_of_t2_star():
    """The same standard deviation whatever the spectrum: the first step of 600 series."""
    device = replace(SILICON, drift="pink", drift_time_s=0.05)
    first = [Draws(device, (3,), context=False).independent(4, 4000, seed(12, i))[0][0, 0] for i in range(600)]
    assert white(device, (3,), np.array(first)[:, None]).var() == pytest.approx(1, abs=4.9 * np.sqrt(2 / 600))


def test_drift_and_correlation_go_together():
    device = replace(SILICON, drift="ou", drift_time_s=0.01, correlation=0.7)
    draws = Draws(device, (4, 5), context=False)
    standard = white(device, (4, 5), np.concatenate([draws.independent(50, 5000, seed(13, i))[0] for i in range(100)]))
    assert (standard[:, 0] * standard[:, 1]).mean() == pytest.approx(0.7, abs=4.9 * np.sqrt(1.49 / 5000) * 1.2)


def test_a_drift_that_the_shots_outrun_is_refused_in_words():
    device = replace(SILICON, drift="ou", drift_time_s=10.0)
    with pytest.raises(UsageError, match=r"drift=ou,drift_time=10s: 1000 shots last 0\.6 s.*more shots or a faster drift"):
        Draws(device, (0,), context=False).independent(100, 1000, seed(14))


# --- Sobol points ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("d", [1, 2, 10, 120])
@pytest.mark.parametrize("points", [1, 2, 8, 256])
def test_sobol_points_are_scipys_bit_for_bit(d, points):
    """Earlier records were drawn with scipy.stats.qmc: 120 dimensions are more than a ten-qubit profile has numbers."""
    for seed in (0, 7):
        expected = qmc.Sobol(d, rng=np.random.default_rng(seed)).random(points)
        np.testing.assert_array_equal(sobol(d, points, np.random.default_rng(seed)), expected)
