"""Folding and extrapolation: circuits that are the same and longer, published weights, models exact where they hold."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.circuit.library import real_amplitudes
from qiskit.quantum_info import Operator, SparsePauliOp

import hybrid
from hybrid.base.errors import UsageError
from hybrid.compilation.folding import fold
from hybrid.compilation.transpile import to_isa
from hybrid.device.device import Device
from hybrid.measure.mitigation.zne import LARGEST_GAIN, decay, line, richardson, zne

ANSATZ, ZZ = real_amplitudes(2, reps=2), SparsePauliOp(["ZZ", "XX"], [1.0, 0.5])
POINTS = np.random.default_rng(1).uniform(-3, 3, (3, 6))


@pytest.mark.parametrize(
    ("weights", "factors", "want", "source"),
    [
        (richardson, (1, 2, 3), (3, -3, 1), "REFERENCE: Richardson weights; Temme et al., PRL 119, 180509 (2017)"),
        (richardson, (1, 3), (1.5, -0.5), "a straight line through two points, at zero"),
        (line, (1, 3), (1.5, -0.5), "the same"),
        (line, (1, 3, 5), (13 / 12, 1 / 3, -5 / 12), "NumPy's polyfit of degree 1"),
    ],
)
def test_published_weights(weights, factors, want, source):
    assert weights(factors) == pytest.approx(want, abs=1e-14), source


@given(st.lists(st.integers(1, 9), min_size=2, max_size=4, unique=True), st.integers(0, 3))
def test_weights_keep_the_constant_and_cancel_the_powers(factors, power):
    """Rounding: terms up to 9^4."""
    if power < len(factors):
        scale = np.array(factors, dtype=float)
        assert richardson(factors) @ scale**power == pytest.approx(float(power == 0), abs=1e-9)
        if power < 2:
            assert line(factors) @ scale**power == pytest.approx(float(power == 0), abs=1e-9)


@given(st.floats(0.05, 0.4), st.floats(0.1, 3).map(lambda size: -size), st.sampled_from([(1, 3), (1, 3, 5), (3, 5)]))
def test_a_decay_is_found_exactly(rate, value, factors):
    """Rates whose gain at the first factor stays below the largest: 0.4 x 3 < ln 4."""
    scale = np.array(factors, dtype=float)
    assert rate * scale[0] < np.log(LARGEST_GAIN)
    assert decay(scale, value * np.exp(-rate * scale)) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize("values", [(0.0, 0.3), (0.1, -0.1), (1e-9, 0.5), (0.1, 0.2)])
def test_what_is_no_decay_gains_at_most_the_largest(values):
    found = decay(np.array([1.0, 3.0]), np.array(values))
    assert abs(found) <= LARGEST_GAIN * abs(values[0]) + 1e-15 and found * values[0] >= 0


@pytest.mark.parametrize("by", ["circuit", "gate", "pair"])
@pytest.mark.parametrize("factor", [1, 3, 5])
@pytest.mark.parametrize("device", ["meluxina-q", "iqm-star-24", "aqt-20", "pioneer-p10"])
def test_a_folded_circuit_is_the_same_and_longer(device, factor, by):
    isa = to_isa(ANSATZ, Device.load(device))
    bound = isa.circuit.assign_parameters(dict(zip(ANSATZ.parameters, POINTS[0], strict=True)))
    longer = fold(bound, factor, by=by)
    assert Operator(longer).equiv(Operator(bound))
    pairs = [sum(len(item.qubits) == 2 for item in circuit.data) for circuit in (longer, bound)]
    assert pairs[0] == factor * pairs[1]
    native = set(Device.load(device).gates)
    assert {item.name for item in longer.data} <= native


def test_nothing_optimises_a_folded_circuit_again():
    resources = [
        hybrid.compile(ANSATZ, ZZ, device="meluxina-q", backend="exact", mitigate=mitigate).resources
        for mitigate in ("none", "zne:factors=1/3/5")
    ]
    assert resources[1].gates["cz"] == 5 * resources[0].gates["cz"] and resources[1].circuits == 3 * resources[0].circuits


def test_a_value_is_the_combination_of_its_variants():
    """By hand from circuits that are folded here, on the same detunings (none: Markovian)."""
    device = Device.load("meluxina-q:dephasing=markov")
    both = [
        hybrid.compile(ANSATZ, SparsePauliOp("ZZ"), device=device, backend="exact", mitigate=f"zne:factors={f},model=linear")
        for f in ("1/3", "1/5", "3/5")
    ]
    a, b, c = (program.values(POINTS).values for program in both)
    first = hybrid.compile(ANSATZ, SparsePauliOp("ZZ"), device=device, backend="exact").values(POINTS).values
    third, fifth = 3 * first - 2 * a, 5 * first - 4 * b  # a = (3 e1 - e3)/2, b = (5 e1 - e5)/4
    assert c == pytest.approx((5 * third - 3 * fifth) / 2, abs=1e-12)


@pytest.mark.parametrize("model", ["linear", "exponential", "richardson"])
def test_values_come_nearer_to_those_without_noise(model):
    want = hybrid.compile(ANSATZ, ZZ, backend="exact").values(POINTS).values
    how = {"device": "meluxina-q:dephasing=markov", "backend": "exact"}
    raw = hybrid.compile(ANSATZ, ZZ, mitigate="readout", **how).values(POINTS).values
    mitigated = hybrid.compile(ANSATZ, ZZ, mitigate=f"readout+zne:model={model},fold_by=circuit", **how).values(POINTS).values
    assert np.abs(mitigated - want).mean() < 0.5 * np.abs(raw - want).mean()


@pytest.mark.parametrize(
    ("factors", "word"),
    [("1", "different"), ("1/2", "nearest: 3"), ("3/1", "least first"), ("1/1", "different"), ("0/3", "odd"), ("1/a", "list")],
)
def test_factors_that_make_no_sense(factors, word):
    with pytest.raises(UsageError, match=word):
        zne(factors=factors)


def test_a_circuit_without_angles_is_folded_too():
    bell = QuantumCircuit(2)
    bell.h(0)
    bell.cx(0, 1)
    program = hybrid.compile(bell, ZZ, device="meluxina-q:dephasing=markov", backend="exact", mitigate="readout+zne")
    assert program.values(np.zeros((1, 0))).values[0] == pytest.approx(
        1.5, abs=0.05
    )  # preparation errors are divided out twice
