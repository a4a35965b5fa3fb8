"""Zero-noise extrapolation: published weights, folding that is really done, values nearer to the truth, honest errors."""

from dataclasses import replace

import numpy as np
import pytest
from hybrid.measure.mitigation.zero_noise import folded, richardson
from hypothesis import given
from hypothesis import strategies as st
from qiskit.circuit.library import real_amplitudes
from qiskit.quantum_info import Operator, SparsePauliOp

import hybrid
from hybrid.base.errors import UsageError
from hybrid.device.device import Device

ANSATZ, ZZ = real_amplitudes(2, reps=2), SparsePauliOp(["ZZ", "XX"], [1.0, 0.5])
POINTS = np.random.default_rng(1).uniform(-3, 3, (3, 6))


@pytest.mark.parametrize(
    ("factors", "weights", "source"),
    [
        ((1, 2, 3), (3, -3, 1), "REFERENCE: Richardson weights; Temme et al., PRL 119, 180509 (2017)"),
        ((1, 3), (1.5, -0.5), "a straight line through two points, at zero"),
    ],
)
def test_published_weights(factors, weights, source):
    assert richardson(factors) == pytest.approx(weights, abs=1e-14), source


@given(st.lists(st.integers(1, 9), min_size=2, max_size=4, unique=True), st.integers(0, 3))
def test_weights_keep_the_constant_and_cancel_the_powers(factors, power):
    """Rounding: terms up to 9^4."""
    if power < len(factors):
        assert richardson(factors) @ np.array(factors, dtype=float) ** power == pytest.approx(float(power == 0), abs=1e-9)


@pytest.mark.parametrize("factor", [1, 3, 5])
def test_a_folded_circuit_is_the_same_and_longer(factor):
    x = dict(zip(ANSATZ.parameters, POINTS[0], strict=True))
    assert Operator(folded(ANSATZ, factor).assign_parameters(x)).equiv(Operator(ANSATZ.assign_parameters(x)))
    gates = [hybrid.compile(folded(ANSATZ, f), ZZ, device="meluxina-q").resources.gates["cz"] for f in (1, factor)]
    assert gates[1] == factor * gates[0]


@pytest.mark.parametrize("factor", [1.5, 2, 2.4, 4.2])
def test_a_part_of_a_circuit_is_folded(factor):
    """As many gates as come nearest to the factor."""
    x = dict(zip(ANSATZ.parameters, POINTS[0], strict=True))
    circuit = folded(ANSATZ, factor)
    assert Operator(circuit.assign_parameters(x)).equiv(Operator(ANSATZ.assign_parameters(x)))
    lengths = [sum(item.operation.name != "barrier" for item in one.data) for one in (circuit, ANSATZ)]
    assert abs(lengths[0] - factor * lengths[1]) <= 1


def test_factors_need_not_be_odd():
    """To first order in the noise any two factors give the same limit; both are nearer to it than the circuit itself."""
    want = hybrid.compile(ANSATZ, ZZ, backend="exact").values(POINTS).values
    device = replace(Device.load("meluxina-q:dephasing=markov"), init_error=(0.0,) * 10)
    found = hybrid.zero_noise(ANSATZ, ZZ, POINTS, factors=(1.5, 3), device=device, backend="exact", mitigate="readout")
    assert np.linalg.norm(found.values - want) < 0.5 * np.linalg.norm(found.scaled[0] - want)


def test_without_noise_nothing_changes():
    want = hybrid.compile(ANSATZ, ZZ, backend="exact").values(POINTS).values
    assert hybrid.zero_noise(ANSATZ, ZZ, POINTS, backend="exact").values == pytest.approx(want, abs=1e-12)


def test_values_come_nearer_to_those_without_noise():
    """Three factors cancel first and second order of what the gates do; readout is inverted, preparation left out."""
    want = hybrid.compile(ANSATZ, ZZ, backend="exact").values(POINTS).values
    device = replace(Device.load("meluxina-q:dephasing=markov"), init_error=(0.0,) * 10)
    found = hybrid.zero_noise(ANSATZ, ZZ, POINTS, device=device, backend="exact", mitigate="readout")
    assert np.linalg.norm(found.values - want) < 0.1 * np.linalg.norm(found.scaled[0] - want)
    assert found.values == pytest.approx(found.weights @ found.scaled, abs=0)


@pytest.mark.statistics
def test_errors_are_those_of_independent_values():
    """Scatter of 300 repetitions against the printed error: 4.1 % is one sigma, 17 % four (6e-5)."""
    point = np.repeat(POINTS[:1], 300, axis=0)
    found = hybrid.zero_noise(ANSATZ, ZZ, point, shots=200, seed=5, device="meluxina-q:dephasing=markov", backend="exact")
    assert found.values.std() == pytest.approx(np.sqrt(np.mean(found.stderr**2)), rel=0.17)
    assert np.abs(np.corrcoef(found.scaled) - np.eye(3)).max() < 4 / np.sqrt(300)
    again = hybrid.zero_noise(ANSATZ, ZZ, point, shots=200, seed=5, device="meluxina-q:dephasing=markov", backend="exact")
    assert (again.values == found.values).all()


@pytest.mark.parametrize("factors", [(1,), (1, 1), (1, 1.001), (0, 1), (-1, 1), (1, float("inf"))])
def test_factors_that_make_no_sense(factors):
    with pytest.raises(UsageError, match="factors: "):
        hybrid.zero_noise(ANSATZ, ZZ, POINTS, factors=factors)
