"""Readout mitigation: corrected values are those of a perfect readout, and say how uncertain their calibration leaves them."""

from dataclasses import replace
from functools import reduce

import numpy as np
import pytest
from by_hand import batched
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.quantum_info import SparsePauliOp

from hybrid.base.errors import HybridError, UsageError
from hybrid.base.types import Overlap
from hybrid.device.device import Device
from hybrid.device.readout import Correction, Readout
from hybrid.measure.assignment import mitigated
from hybrid.measure.compile import Measuring, compile, compile_query, engine
from hybrid.measure.execution import Conditions
from hybrid.measure.grouping import group_terms
from hybrid.measure.observables import AllZeros
from hybrid.measure.sampling import sample
from hybrid.simulators.aer import aer

SILICON = Device.load("meluxina-q:dephasing=markov")
N = SILICON.n_qubits
NONE = np.zeros((1, 0))
INF = float("inf")


def readout_only(scale: float = 1.0, **changes) -> Device:
    """Assignment errors, all different, and nothing else."""
    gates = {name: replace(gate, error=dict.fromkeys(gate.error, 0.0)) for name, gate in SILICON.gates.items()}
    new = {"gates": gates, "residual_exchange_hz": 0.0, "init_error": (0.0,) * N} | dict.fromkeys(
        ("t1_s", "t2_echo_s"), (INF,) * N
    )
    p01 = tuple(scale * (0.02 + 0.013 * q) for q in range(N))
    p10 = tuple(scale * (0.15 - 0.011 * q) for q in range(N))
    return replace(SILICON, **(new | {"t2_star_s": (INF,) * N, "readout_p01": p01, "readout_p10": p10} | changes))


def circuit_of(n: int) -> QuantumCircuit:
    circuit = QuantumCircuit(n)
    for q in range(n):
        circuit.ry(0.5 + 0.7 * q, q)
    for q in range(n - 1):
        circuit.cx(q, q + 1)
        circuit.rz(0.4, q)
    circuit.rx(0.9, 0)
    return circuit


OBSERVABLE = SparsePauliOp(["ZZI", "IXX", "YYZ", "IIZ", "ZIZ", "III"], [1.0, -0.6, -0.8, -0.5, 0.9, 0.25])
"""Signs such that the errors of the readout add up."""


@pytest.mark.parametrize("backend", ["aer", "reference"])
def test_without_shots_mitigation_gives_the_perfect_readout(backend):
    """Three qubits, all six rates different, products of up to three signs: to 1e-12."""
    device = readout_only()
    perfect = compile(circuit_of(3), OBSERVABLE).values(NONE).values[0]
    raw = compile(circuit_of(3), OBSERVABLE, device=device, backend=backend).values(NONE).values[0]
    assert abs(raw - perfect) > 0.05
    for grouping in ("qwc", "none"):
        program = compile(circuit_of(3), OBSERVABLE, device=device, backend=backend, mitigate="readout", grouping=grouping)
        assert program.values(NONE).values[0] == pytest.approx(perfect, abs=1e-12)


def test_without_shots_overlaps_are_mitigated_too():
    left, right = circuit_of(3), QuantumCircuit(3)
    right.ry(0.9, 1)
    right.cx(1, 2)
    values = []
    for device, mitigate in ((Device.load("ideal"), "none"), (readout_only(), "readout"), (readout_only(), "none")):
        program = compile_query(Overlap(left, right), (), device, aer(), Measuring(Conditions(), mitigate=mitigate))
        values.append(program.values(NONE).values[0])
    assert values[1] == pytest.approx(values[0], abs=1e-12)
    assert abs(values[2] - values[0]) > 0.02


def test_mitigation_undoes_readout_through_routing():
    """Five qubits on a chain, all pairs: the calibration's qubits are the very ones that are read."""
    circuit = circuit_of(5)
    for i in range(5):
        for j in range(i):
            circuit.cx(i, j)
            circuit.ry(0.2 * i + 0.1, j)
    observable = SparsePauliOp(["ZIIIY", "IXIZI", "YIXII", "ZZZZZ"], [1.0, 0.5, -0.8, 0.4])
    program = compile(circuit, observable, device=readout_only(), mitigate="readout")
    assert program.resources.layout != tuple(range(5))
    assert program.values(NONE).values[0] == pytest.approx(compile(circuit, observable).values(NONE).values[0], abs=1e-12)


@pytest.mark.parametrize("error", [0.01, 0.001])
def test_preparation_is_taken_for_readout(error):
    """A Bell pair whose only faults are preparation and readout: of the two flips that the calibration takes for readout, that
    of the control before its H does not touch ZZ, so <ZZ> = (1 - 2 e)/(1 - 2 e)^2."""
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    device = replace(readout_only(), init_error=(error,) * N)
    found = compile(circuit, SparsePauliOp("ZZ"), device=device, mitigate="readout").values(NONE).values[0]
    assert found == pytest.approx(1 / (1 - 2 * error), abs=1e-12)


def test_the_mitigated_value_of_the_whole_device_is_nearer():
    device = replace(readout_only(), init_error=(0.01,) * N)
    perfect, raw, better = (
        compile(circuit_of(3), OBSERVABLE, device=d, mitigate=m).values(NONE).values[0]
        for d, m in (("ideal", "none"), (device, "none"), (device, "readout"))
    )
    assert abs(better - perfect) < 0.15 * abs(raw - perfect)


# --- Shots -----------------------------------------------------------------------------------------------------------


def covered(program, exact: float, answers: int, rows: int = 1, seed: int = 100) -> tuple[float, float]:
    """Share of 95 % intervals that hold the value, and by how many standard errors the answers' mean is off."""
    found = [program.values(np.zeros((rows, 0)), seed=seed + i) for i in range(answers)]
    values, stderr = (np.concatenate(columns) for columns in zip(*found, strict=True))
    z = (values - exact) / stderr
    return float((np.abs(z) < 1.959964).mean()), float((values.mean() - exact) / (values.std(ddof=1) / np.sqrt(len(values))))


@pytest.mark.parametrize("what", ["pauli", "overlap"])
@pytest.mark.usefixtures("repeats")
@pytest.mark.statistics
def test_mitigated_intervals_cover(what):
    """400 answers, each with a calibration of its own: 95 % within 90.5 and 98.5 (4 sigma), unbiased to 4.5 sigma of the mean
    (a ratio of two estimates is biased by 1/shots, half a sigma here).

    Readout errors are tripled (up to 45 %), so that the calibration makes up a good part of the error.
    """
    device, circuit = readout_only(2.5), circuit_of(2)
    if what == "pauli":
        observable = SparsePauliOp(["ZZ", "IZ", "XX"], [1.0, 0.7, -0.5])
        exact = compile(circuit, observable).values(NONE).values[0]
        program = compile(circuit, observable, device=device, backend="exact", shots=600, mitigate="readout")
    else:
        other = QuantumCircuit(2)
        other.ry(0.6, 0)
        query = Overlap(circuit, other)
        ideal = compile_query(query, (), Device.load("ideal"), engine(), Measuring(Conditions()))
        exact = ideal.values(NONE).values[0]
        program = compile_query(query, (), device, engine(), Measuring(Conditions(shots=600), mitigate="readout"))
    coverage, bias = covered(program, exact, 400)
    print(f"{what}: coverage {coverage:.3f}, bias {bias:.2f} sigma")
    assert 0.905 <= coverage <= 0.985
    assert abs(bias) < 5


def test_the_calibration_is_a_part_of_the_error():
    """Large readout errors: without the calibration's share intervals would be clearly too short."""
    program = batched(circuit_of(1), SparsePauliOp("Z"), readout_only(2.5), shots=400, mitigate="readout")
    correction = program.calibrate(np.random.SeedSequence(1))
    assert (correction.f0_stderr > 0).all()
    assert (correction.f1_stderr > 0).all()
    plain = replace(program, calibrate=lambda seed: correction._replace(f0_stderr=np.zeros(1), f1_stderr=np.zeros(1)))
    with_it, without = (p.values(NONE, seed=3).stderr[0] for p in (replace(program, calibrate=lambda seed: correction), plain))
    assert with_it > 1.03 * without


@pytest.mark.slow
def test_a_gradient_knows_that_its_rows_share_a_calibration():
    """d<Z>/da of 12 rotations by one parameter, all 25 rows corrected by one calibration: 95 % intervals cover.

    120 answers, 4 sigma: at least 87 %. Errors of the calibration add up over the rows, those of shots do not.
    """
    a = Parameter("a")
    circuit = QuantumCircuit(1)
    for _ in range(12):
        circuit.ry(a, 0)
    device, observable, x = readout_only(2.5), SparsePauliOp("Z"), np.array([0.1])
    exact = compile(circuit, observable).gradient(x).gradient[0]
    program = compile(circuit, observable, device=device, backend="exact", shots=600, mitigate="readout")
    answers = [program.gradient(x, seed=i) for i in range(120)]
    z = np.array([(answer.gradient[0] - exact) / answer.gradient_stderr[0] for answer in answers])
    coverage = (np.abs(z) < 1.959964).mean()
    print(f"gradient: coverage {coverage:.3f}, standard deviation of scores {z.std():.2f}")
    assert coverage >= 0.87


def test_every_answer_calibrates_afresh_and_repeats_with_its_seed():
    program = compile(circuit_of(2), SparsePauliOp("ZZ"), device=readout_only(), shots=200, mitigate="readout")
    first, again, other = (program.values(NONE, seed=s).values[0] for s in (1, 1, 2))
    assert first == again != other
    rates = [program.calibrate(np.random.SeedSequence(s)).f1[0] for s in range(5)]
    assert len(set(rates)) > 2


# --- What corrections do to outcomes ---------------------------------------------------------------------------------

RATES = Correction(np.array([0.02, 0.2, 0.1]), np.array([0.1, 0.05, 0.3]), *np.zeros((2, 3)))


def confusion() -> np.ndarray:
    single = [np.array([[1 - a, b], [a, 1 - b]]) for a, b in zip(RATES.f0, RATES.f1, strict=True)]
    return reduce(np.kron, single[::-1])


def test_corrected_eigenvalues_are_the_inverse_confusion_matrix():
    """v^T C^-1: what every outcome counts, for random groups and the projector, within the stated bounds."""
    outcomes = np.arange(8, dtype=np.uint64)
    rng = np.random.default_rng(4)
    observable = SparsePauliOp(["ZZI", "IZZ", "IIZ", "ZZZ"], rng.normal(size=4))
    for group in [*group_terms(observable, "qwc")[1], AllZeros("ZZZ"), AllZeros("ZIZ"), AllZeros("IZI")]:
        plain = group.eigenvalues(outcomes, None)
        want = plain @ np.linalg.inv(confusion())
        found = group.eigenvalues(outcomes, RATES)
        np.testing.assert_allclose(found, want, rtol=0, atol=1e-12)
        low, high = group.extremes(RATES)
        assert low - 1e-12 <= found.min()
        assert found.max() <= high + 1e-12


def test_mitigated_shares_undo_the_confusion_and_are_probabilities():
    truth = np.random.default_rng(5).dirichlet(np.ones(8))
    found = mitigated(confusion() @ truth, RATES)
    np.testing.assert_allclose(found, truth, rtol=0, atol=1e-12)
    for seed in range(20):
        rng = np.random.default_rng(seed)
        shares = rng.multinomial(30, confusion() @ rng.dirichlet(0.2 * np.ones(8))) / 30
        found = mitigated(shares, RATES)
        assert found.min() >= 0
        assert found.sum() == pytest.approx(1, abs=1e-12)
        # The nearest one: no other probabilities are nearer (Smolin, Gambetta & Smith).
        raw = np.linalg.inv(confusion()) @ shares
        others = rng.dirichlet(np.ones(8), 200)
        assert np.linalg.norm(found - raw) <= np.linalg.norm(others - raw, axis=1).min() + 1e-12
        nudged = found + 1e-4 * (rng.dirichlet(np.ones(8), 50) - found)
        assert (np.linalg.norm(nudged - raw, axis=1) >= np.linalg.norm(found - raw) - 1e-9).all()


def test_a_sample_is_mitigated():
    """GHZ on three qubits, written in another order: shares near 1/2 and 1/2, and they add up to 1."""
    circuit = QuantumCircuit(3, 3)
    circuit.x(2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure([0, 1, 2], [2, 0, 1])
    found = sample(circuit, device=readout_only(), shots=20_000, mitigate="readout", seed=3)
    assert sum(found.mitigated.values()) == pytest.approx(1, abs=1e-3)  # shares below a tenth of a shot are not listed
    raw = {bits: count / 20_000 for bits, count in found.counts.items()}
    for bits in ("010", "111"):
        # Binomial sigma 0.0035, stretched by 1/g^3 < 2: 4.5 of them.
        assert found.mitigated[bits] == pytest.approx(0.5, abs=0.032)
        assert abs(raw[bits] - 0.5) > 0.05
    assert found.mitigated_fidelity > found.fidelity + 0.1
    assert abs(1 - found.mitigated_fidelity) < 4.5 * found.mitigated_fidelity_stderr + 0.01
    plain = sample(circuit, device=readout_only(), shots=20_000, seed=3)
    assert plain.mitigated is None
    assert plain.counts == found.counts  # mitigation changes no shot


# --- What is refused -------------------------------------------------------------------------------------------------


def test_a_perfect_readout_is_refused():
    with pytest.raises(UsageError, match="mitigate: device 'ideal' has no errors"):
        compile(circuit_of(2), SparsePauliOp("ZZ"), mitigate="readout")
    with pytest.raises(UsageError, match=r"mitigation .readot..*readout"):
        compile(circuit_of(2), SparsePauliOp("ZZ"), device="meluxina-q", mitigate="readot")


def test_a_readout_that_says_nothing_is_an_error():
    device = readout_only(readout_p01=(0.5,) * N, readout_p10=(0.5,) * N)
    with pytest.raises(HybridError, match="qubit 0 reads the same in both states"):
        compile(circuit_of(1), SparsePauliOp("Z"), device=device, mitigate="readout").values(NONE)


def test_readout_and_correction_are_inverse():
    """<Z> as read, (1 - f0 - f1) <Z> + f1 - f0, corrected gives <Z>: the same convention in both."""
    readout = Readout(RATES.f0, RATES.f1)
    truth = np.random.default_rng(6).dirichlet(np.ones(8))
    outcomes = np.arange(8, dtype=np.uint64)
    for q in range(3):
        signs = 1.0 - 2.0 * (np.arange(8) >> q & 1)
        assert readout.mix(truth) @ RATES.sign(q, outcomes) == pytest.approx(truth @ signs, abs=1e-14)
