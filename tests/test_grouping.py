"""General commuting groups: the rotation against Pauli matrices, values against qubit-wise groups, gates on devices."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.circuit.library import efficient_su2
from qiskit.quantum_info import Operator, PauliList, SparsePauliOp, random_clifford

from hybrid import catalog, compile
from hybrid.base.errors import UsageError
from hybrid.base.types import Expectation
from hybrid.compilation.noise import PARTS
from hybrid.compilation.transpile import measured, rotated, to_isa
from hybrid.device.device import Device
from hybrid.measure.compile import Measuring, compile_query
from hybrid.measure.execution import Conditions
from hybrid.measure.grouping import diagonalizing, group_terms

ROUNDING = 1e-12
HEISENBERG = SparsePauliOp.from_sparse_list(
    [(p * 2, [i, i + 1], 1.0) for i in range(3) for p in "XYZ"] + [("ZZ", [0, 3], 0.5)], num_qubits=4
)


def commuting(n: int, count: int, seed: int) -> PauliList:
    """Random strings of Z, turned by a random Clifford."""
    rng = np.random.default_rng(seed)
    z = rng.random((count, n)) < 0.5
    z[~z.any(axis=1), 0] = True
    return PauliList.from_symplectic(z, np.zeros_like(z)).evolve(random_clifford(n, seed=seed), frame="s")


@settings(max_examples=60)
@given(n=st.integers(1, 5), count=st.integers(1, 12), seed=st.integers(0, 10**6))
def test_u_p_u_dagger_is_a_signed_string_of_z(n, count, seed):
    """Against matrices: U P U^dagger equals what is said, and that is diagonal."""
    paulis = commuting(n, count, seed)
    circuit, found = diagonalizing(paulis)
    assert not found.x.any()
    u = Operator(circuit).data
    for before, after in zip(paulis, found, strict=True):
        assert np.abs(u @ before.to_matrix() @ u.conj().T - after.to_matrix()).max() < ROUNDING
    assert sum(len(item.qubits) > 1 for item in circuit.data) <= n * (n - 1) // 2


def test_a_bell_measurement_takes_one_entangling_gate():
    circuit, found = diagonalizing(PauliList(["XX", "YY", "ZZ"]))
    assert sum(len(item.qubits) > 1 for item in circuit.data) == 1
    assert sorted(str(p) for p in found) == ["-ZZ", "IZ", "ZI"]


def test_what_agrees_is_turned_alone():
    """Qubits 2 and 3 are read in X and Y whatever happens on 0 and 1."""
    circuit, _ = diagonalizing(PauliList(["YXXX", "IXZZ", "YIYY"]))
    entangled = {circuit.find_bit(q).index for item in circuit.data if len(item.qubits) > 1 for q in item.qubits}
    assert entangled == {0, 1}


@settings(max_examples=40)
@given(n=st.integers(1, 4), terms=st.integers(1, 25), seed=st.integers(0, 10**6))
def test_groups_add_up_to_the_observable(n, terms, seed):
    """Every term is in one group; rotated back, the groups are the observable's own matrix."""
    rng = np.random.default_rng(seed)
    labels = ["".join(rng.choice(list("IXYZ"), n)) for _ in range(terms)]
    observable = SparsePauliOp(labels, rng.normal(size=terms))
    constant, groups = group_terms(observable, "general")
    total = constant * np.eye(2**n, dtype=complex)
    outcomes = np.arange(2**n, dtype=np.uint64)
    isa = to_isa(QuantumCircuit(n), Device.load("ideal"))
    for group in groups:
        plain = measured(isa, group.basis, Device.load("ideal"))
        u = Operator(plain if group.clifford is None else group.clifford).data
        total += u.conj().T @ np.diag(group.eigenvalues(outcomes, None)) @ u
    assert np.abs(total - observable.to_matrix()).max() < 1e-10 * max(1, terms)
    assert len(groups) <= len(group_terms(observable, "qwc")[1])


@pytest.mark.parametrize(
    ("observable", "qwc", "general"),
    [(SparsePauliOp(["XX", "YY", "ZZ"]), 3, 1), (HEISENBERG, 3, 2), (SparsePauliOp(["ZI", "IZ", "XX"]), 2, 2)],
)
def test_fewer_groups(observable, qwc, general):
    assert [len(group_terms(observable, word)[1]) for word in ("qwc", "general")] == [qwc, general]


@pytest.mark.parametrize("device", ["meluxina-q", "iqm-star-24", "spin-sige-6q", "aqt-20"])
@pytest.mark.parametrize("seed", range(4))
def test_in_native_gates_wherever_routing_leaves_the_qubits(device, seed):
    """The transpiled circuit reads the strings that it says, on the device's own couplings."""
    loaded = Device.load(device)
    state = efficient_su2(4, reps=1, entanglement="linear")
    isa = to_isa(state.assign_parameters(np.random.default_rng(seed).uniform(-3, 3, state.num_parameters)), loaded)
    n = isa.circuit.num_qubits
    paulis = commuting(4, 6, seed)
    observable = isa.observable(SparsePauliOp(paulis, np.random.default_rng(seed).normal(size=6)))
    _, groups = group_terms(observable, "general")
    outcomes, total = np.arange(2**n, dtype=np.uint64), 0.0
    for group in groups:
        assert group.clifford is not None
        circuit, ends = rotated(isa, group.clifford, loaded)
        assert {item.operation.name for item in circuit.data} <= set(loaded.gates)
        amplitudes = Operator(circuit).data[:, 0]
        total += float(np.abs(amplitudes) ** 2 @ group.moved(ends).eigenvalues(outcomes, None))
    psi = Operator(isa.circuit).data[:, 0]
    constant = observable.coeffs[~(observable.paulis.x | observable.paulis.z).any(axis=1)].real.sum()
    assert total + constant == pytest.approx(np.vdot(psi, observable.to_matrix() @ psi).real, abs=1e-10)


def test_values_agree_without_noise_and_the_gates_count_with_it():
    """Ideal: equal values. On the stand-in the rotation's CZ take time, and the resources name them."""
    circuit = efficient_su2(4, reps=1)
    points = np.random.default_rng(0).uniform(-1, 1, (2, circuit.num_parameters))
    ideal = compile(circuit, HEISENBERG).values(points).values
    sampled = compile(circuit, HEISENBERG, grouping="general", shots=20_000).values(points, seed=1)
    assert np.all(np.abs(sampled.values - ideal) < 4 * sampled.stderr)  # false alarm 1e-4
    noisy = {word: compile(circuit, HEISENBERG, grouping=word, device="meluxina-q") for word in ("qwc", "general")}
    gates = {word: program.resources.gates["cz"] for word, program in noisy.items()}
    assert gates["general"] > gates["qwc"]
    assert noisy["general"].resources.duration_s > noisy["qwc"].resources.duration_s


@pytest.mark.parametrize("backend", ["aer", "exact", "reference"])
def test_every_backend_answers_alike_with_noise(backend):
    """Exact values with Markovian noise, general groups; gradients by the engine see the same groups."""
    circuit = efficient_su2(2, reps=1)
    observable = SparsePauliOp(["XX", "YY", "ZZ", "XI"], [1.0, 0.7, -0.4, 0.3])
    x = np.random.default_rng(1).uniform(-1, 1, circuit.num_parameters)
    program = compile(circuit, observable, grouping="general", device="meluxina-q:dephasing=markov", backend=backend)
    known = compile(circuit, observable, grouping="general", device="meluxina-q:dephasing=markov", backend="exact")
    assert program.values(x[None]).values == pytest.approx(known.values(x[None]).values, abs=1e-9)
    step = 1e-5 * np.eye(len(x))
    values = known.values(np.concatenate([x + step, x - step])).values
    slopes = (values[: len(x)] - values[len(x) :]) / 2e-5
    assert program.gradient(x).gradient == pytest.approx(slopes, abs=1e-8)


def test_readout_mitigation_and_sensitivities_follow_the_routing():
    """Readout errors alone, mitigated without shots: the ideal value again. Every number of the device has its slope."""
    circuit = efficient_su2(3, reps=1)
    observable = SparsePauliOp(["XXI", "YYI", "ZZI", "IXX", "IZZ", "XIX", "ZIZ"], [1.0, 0.7, -0.4, 0.3, 0.2, 0.5, -0.6])
    x = np.random.default_rng(1).uniform(-1, 1, circuit.num_parameters)
    query, device = Expectation(circuit, observable), Device.load("meluxina-q")
    backend = catalog.load(catalog.parse("backends", "exact"))()
    conditions = Conditions(without=frozenset(PARTS) - {"readout"})
    for mitigate, off in (("none", False), ("readout", True)):
        measuring = Measuring(conditions, grouping="general", mitigate=mitigate)
        program = compile_query(query, tuple(circuit.parameters), device, backend, measuring)
        ideal = compile(circuit, observable).values(x[None]).values[0]
        assert (abs(program.values(x[None]).values[0] - ideal) < 1e-10) == off
    markov = compile(circuit, observable, grouping="general", device="meluxina-q:dephasing=markov", backend="exact")
    assert markov.sensitivities(x).numbers


def test_uncoupled_qubits_are_refused():
    """Two pairs that a chain would join only through a qubit that the circuit does not use."""
    device = Device.load("meluxina-q")
    isa = to_isa(QuantumCircuit(4), device)
    apart = isa._replace(physical=(0, 1, 3, 4))
    with pytest.raises(UsageError, match="take grouping=qwc"):
        rotated(apart, diagonalizing(PauliList(["XIIX", "ZIIZ"]))[0], device)
