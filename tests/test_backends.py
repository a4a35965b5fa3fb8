"""Every installed backend against Qiskit's state vector: bit order, signs, batches, seeds, shots, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter, ParameterVector
from qiskit.circuit.library import PauliEvolutionGate, UnitaryGate
from qiskit.quantum_info import SparsePauliOp, Statevector, random_unitary
from qiskit_aer import AerSimulator
from scipy.stats import chi2

from hybrid import catalog
from hybrid.base.errors import MissingPart, UsageError
from hybrid.base.types import Overlap
from hybrid.device.device import Device
from hybrid.measure.compile import Measuring, compile, compile_query
from hybrid.measure.execution import Conditions

METHODS = ("statevector", "density_matrix", "matrix_product_state")
OURS = [name for name in catalog.names("backends") if name != "qiskit"]  # that one brings its own physics
BACKENDS = [*OURS, *(f"aer:method={method}" for method in METHODS)]
NONE = np.zeros((1, 0))


def tolerance(backend: str) -> float:
    """Some fifty gates rounding at 2e-16 and observables of norm below 5: 1e-12. A matrix product state drops singular
    values whose squares add up to 1e-16, at every gate: 1e-10, as amplitudes of 1e-8 enter values squared, or times others.
    """
    return 1e-10 if "matrix_product" in backend else 1e-12


def random_circuit(n: int, gates: int, seed: int, *, free: bool = True) -> QuantumCircuit:
    """From a product state without symmetry; gates of one to three qubits in both directions, fixed and free angles."""
    rng = np.random.default_rng(seed)
    theta = iter(ParameterVector("t", gates))
    circuit = QuantumCircuit(n)
    for q in range(n):
        circuit.ry(0.3 + 0.6 * q, q)
        circuit.rz(0.8 - 0.5 * q, q)

    def angle():
        return next(theta) if free and rng.random() < 0.5 else rng.uniform(-3, 3)

    for _ in range(gates):
        qubits = [int(q) for q in rng.permutation(n)]
        width = int(rng.integers(1, min(n, 3) + 1))
        if width == 1:
            name = rng.choice(["h", "s", "t", "sx", "y", "rx", "ry", "rz", "p", "u"])
            count = {"rx": 1, "ry": 1, "rz": 1, "p": 1, "u": 3}.get(name, 0)
        elif width == 2:
            name = rng.choice(
                ["cx", "cy", "ch", "swap", "iswap", "ecr", "dcx", "crx", "cp", "rzx", "rxx", "ryy", "csx", "unitary"]
            )
            count = {"crx": 1, "cp": 1, "rzx": 1, "rxx": 1, "ryy": 1}.get(name, 0)
        else:
            name, count = rng.choice(["ccx", "cswap", "ccz"]), 0
        if name == "unitary":
            circuit.append(UnitaryGate(random_unitary(4, seed=int(rng.integers(2**31)))), qubits[:2])
        elif name == "u":
            circuit.u(angle(), rng.uniform(-3, 3), rng.uniform(-3, 3), qubits[0])
        else:
            getattr(circuit, name)(*(angle() for _ in range(count)), *qubits[:width])
    return circuit


def random_observable(n: int, seed: int) -> SparsePauliOp:
    """Six strings, the first with a Y on the lowest and a Z on the highest qubit, and a constant."""
    rng = np.random.default_rng(seed)
    labels = ["Z" + "X" * (n - 2) + "Y", *("".join(rng.choice(list("IXYZ"), n)) for _ in range(5)), "I" * n]
    return SparsePauliOp(labels, rng.uniform(-1, 1, 7))


def expected(circuit: QuantumCircuit, observable: SparsePauliOp, points: np.ndarray) -> np.ndarray:
    return np.array([Statevector(circuit.assign_parameters(x)).expectation_value(observable).real for x in points])


# --- Exact values ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_exact_values_of_random_circuits(backend, n):
    for seed in range(3):
        circuit, observable = random_circuit(n, 12, 10 * n + seed), random_observable(n, seed)
        points = np.random.default_rng(seed).uniform(-np.pi, np.pi, (3, circuit.num_parameters))
        answer = compile(circuit, observable, backend=backend).values(points)
        np.testing.assert_allclose(answer.values, expected(circuit, observable, points), rtol=0, atol=tolerance(backend))
        assert answer.stderr.tolist() == [0, 0, 0]


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(2, 5), gates=st.integers(0, 15))
@settings(max_examples=30)
def test_exact_values_of_more_random_circuits(seed, n, gates):
    circuit, observable = random_circuit(n, gates, seed), random_observable(n, seed)
    points = np.random.default_rng(seed).uniform(-np.pi, np.pi, (2, circuit.num_parameters))
    values = compile(circuit, observable).values(points).values
    np.testing.assert_allclose(values, expected(circuit, observable, points), rtol=0, atol=1e-12)


@pytest.mark.parametrize("shots", [0, 100])
@pytest.mark.parametrize("backend", BACKENDS)
def test_bit_order(backend, shots):
    """Qubit 0 is the lowest bit and the rightmost letter; |001> is an eigenstate, so shots are as sharp as exact values."""
    circuit = QuantumCircuit(3)
    circuit.x(0)
    for label, value in (("IIZ", -1), ("IZI", 1), ("ZII", 1), ("ZIZ", -1), ("ZZI", 1)):
        answer = compile(circuit, SparsePauliOp(label), backend=backend, shots=shots).values(NONE, seed=1)
        assert answer.values[0] == pytest.approx(value, abs=tolerance(backend))


@pytest.mark.parametrize("shots", [0, 100])
@pytest.mark.parametrize("backend", BACKENDS)
def test_signs_of_x_and_y(backend, shots):
    """|+>, |+i>, |-i> on qubits 0, 1, 2: eigenstates again, measured through the basis changes."""
    circuit = QuantumCircuit(3)
    circuit.h(range(3))
    circuit.s(1)
    circuit.sdg(2)
    for label, value in (("IIX", 1), ("IYI", 1), ("YII", -1), ("YYX", -1), ("YIX", -1)):
        answer = compile(circuit, SparsePauliOp(label), backend=backend, shots=shots).values(NONE, seed=1)
        assert answer.values[0] == pytest.approx(value, abs=tolerance(backend))


@pytest.mark.parametrize("backend", BACKENDS)
def test_no_shots_give_the_same_through_outcome_probabilities(backend):
    """An overlap is read from probabilities where an expectation value is not: both must see the same state."""
    left, right = random_circuit(4, 10, 1, free=False), random_circuit(4, 10, 2, free=False)
    want = abs(Statevector(left).inner(Statevector(right))) ** 2
    assert overlap(left, right, backend=backend).values(NONE).values[0] == pytest.approx(want, abs=tolerance(backend))


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_batch_is_its_points(backend):
    circuit, observable = random_circuit(3, 12, 5), random_observable(3, 5)
    points = np.random.default_rng(5).uniform(-np.pi, np.pi, (6, circuit.num_parameters))
    program = compile(circuit, observable, backend=backend)
    whole = program.values(points).values
    singles = [program.values(x[None]).values[0] for x in points]
    np.testing.assert_allclose(whole, singles, rtol=0, atol=1e-14)  # the same sums; only vector instructions may differ
    np.testing.assert_allclose(program.values(points[::-1]).values[::-1], whole, rtol=0, atol=1e-14)


@pytest.mark.parametrize("shots", [0, 100])
@pytest.mark.parametrize("backend", BACKENDS)
def test_no_points_give_no_values(backend, shots):
    circuit = random_circuit(2, 4, 5)
    answer = compile(circuit, SparsePauliOp("ZY"), backend=backend, shots=shots).values(np.zeros((0, circuit.num_parameters)))
    assert answer.values.shape == answer.stderr.shape == (0,)


@pytest.mark.parametrize("shots", [0, 100])
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_constant_needs_no_measurement(backend, shots):
    circuit = random_circuit(2, 4, 5)
    points = np.ones((3, circuit.num_parameters))
    for observable in (SparsePauliOp("II", 2.5), SparsePauliOp(["II", "XY"], [2.5, 0.0])):
        answer = compile(circuit, observable, backend=backend, shots=shots).values(points, seed=1)
        assert answer.values.tolist() == [2.5, 2.5, 2.5]
        assert answer.stderr.tolist() == [0, 0, 0]


def test_single_precision_is_what_it_says():
    circuit, observable = random_circuit(3, 12, 6), random_observable(3, 6)
    points = np.random.default_rng(6).uniform(-np.pi, np.pi, (2, circuit.num_parameters))
    program = compile(circuit, observable, backend="aer:precision=single")
    # Some thirty gates rounding at 6e-8.
    np.testing.assert_allclose(program.values(points).values, expected(circuit, observable, points), rtol=0, atol=2e-5)
    assert (program.values(points).values != compile(circuit, observable).values(points).values).any()


def test_a_bond_limit_is_obeyed():
    """Bond dimension 1 holds no entanglement: <ZZ> of a Bell pair survives, <XX> does not; 2 holds it all."""
    bell = QuantumCircuit(2)
    bell.h(0)
    bell.cx(0, 1)
    for bond, value in ((1, 0.0), (2, 1.0)):
        backend = f"aer:method=matrix_product_state,max_bond_dimension={bond}"
        assert compile(bell, SparsePauliOp("XX"), backend=backend).values(NONE).values[0] == pytest.approx(value, abs=1e-10)


@pytest.mark.parametrize("device", ["ideal", "meluxina-q:dephasing=markov", "meluxina-q"])
def test_aer_and_reference_give_one_meaning_to_every_gate(device):
    """A Pauli evolution is a product formula on a circuit; what it is must not depend on who computes it."""
    hamiltonian = SparsePauliOp(["XY", "ZI"], [0.6, 0.7])
    time = Parameter("time")
    observable = SparsePauliOp(["ZX", "IZ"], [1.0, 0.5])
    values = []
    for argument, point in ((0.9, NONE), (time, np.array([[0.9]]))):
        circuit = QuantumCircuit(2)
        circuit.ry(0.4, [0, 1])
        circuit.append(PauliEvolutionGate(hamiltonian, time=argument), [0, 1])
        for backend in ("aer", "reference"):
            realizations = 8 if device == "meluxina-q" else None
            program = compile(circuit, observable, device=device, backend=backend, realizations=realizations)
            values.append(program.values(point, seed=1).values[0])
    # Two answers to one question, each to 1e-12 from rounding; with noise a free angle takes more pulses than a number.
    assert values[0] == pytest.approx(values[1], abs=1e-11)
    assert values[2] == pytest.approx(values[3], abs=1e-11)
    if device == "ideal":
        assert values[0] == pytest.approx(values[2], abs=1e-11)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("device", ["ideal", "meluxina-q"])
def test_a_subcircuit_named_like_a_gate_is_not_taken_for_it(backend, device):
    """`QuantumCircuit(1, name="sx").to_gate()` is what it holds, not what it is called. Noise moves 0.78 by less than 0.1."""
    inner = QuantumCircuit(1, name="sx")
    inner.ry(0.9, 0)
    circuit = QuantumCircuit(1)
    circuit.append(inner.to_gate(), [0])
    if device == "meluxina-q" and backend.startswith("aer:method="):
        pytest.skip("the transpiler has decided before the backend is asked; exact noise has one method")
    value = compile(circuit, SparsePauliOp("X"), backend=backend, device=device).values(NONE).values[0]
    assert value == pytest.approx(np.sin(0.9), abs=0.1 if device == "meluxina-q" else tolerance(backend))


# --- Shots -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.statistics
def test_shots_are_unbiased_and_their_errors_honest(backend):
    """300 draws (100 of the slower ones) at each of 2 points: |z| of the mean < 4.5 (7e-6 each); the sum of squared scores
    is chi-squared but for 1e-6 on either side, and up to 15 % less for the two imagined shots in each group's variance.
    """
    circuit, observable = random_circuit(3, 8, 8), random_observable(3, 8)
    points = np.random.default_rng(8).uniform(-np.pi, np.pi, (2, circuit.num_parameters))
    program = compile(circuit, observable, backend=backend, shots=200)
    seeds, rows = 5, 20 if backend in ("reference", "aer:method=matrix_product_state") else 60
    batch = np.repeat(points, rows, axis=0)
    answers = [program.values(batch, seed=seed) for seed in range(seeds)]
    values = np.array([answer.values for answer in answers]).reshape(seeds, 2, rows)
    stderr = np.array([answer.stderr for answer in answers]).reshape(seeds, 2, rows)
    z = (values - expected(circuit, observable, points)[:, None]) / stderr
    assert (np.abs(z.mean(axis=(0, 2))) * np.sqrt(rows * seeds) < 4.5).all()
    assert 0.85 * chi2.ppf(1e-6, z.size) < np.sum(z**2) < chi2.isf(1e-6, z.size)
    assert len(np.unique(values)) > 60


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_seed_repeats_and_rows_do_not_depend_on_their_batch(backend):
    circuit, observable = random_circuit(3, 8, 9), random_observable(3, 9)
    points = np.random.default_rng(9).uniform(-np.pi, np.pi, (4, circuit.num_parameters))
    program = compile(circuit, observable, backend=backend, shots=60)
    first = program.values(points, seed=3)
    for again in (
        program.values(points, seed=3),
        compile(circuit, observable, backend=backend, shots=60, threads=2).values(points, seed=3),
    ):
        np.testing.assert_array_equal(again.values, first.values)
        np.testing.assert_array_equal(again.stderr, first.stderr)
    np.testing.assert_array_equal(program.values(points[:2], seed=3).values, first.values[:2])
    assert (program.values(points, seed=4).values != first.values).any()
    same = program.values(np.repeat(points[:1], 8, axis=0), seed=3).values
    assert len(np.unique(same)) > 2


@pytest.mark.parametrize("shots", [7, 100])
def test_every_shot_is_measured(shots):
    """The program's shots are divided over its groups, the first ones getting the rest."""
    observable = SparsePauliOp(["ZZ", "XX", "YY"])
    program = compile(random_circuit(2, 3, 1, free=False), observable, shots=shots)
    (per_group,) = program.execution.shots.tolist()
    assert sum(per_group) == shots
    assert len(per_group) == 3
    assert max(per_group) - min(per_group) <= 1


# --- Overlaps --------------------------------------------------------------------------------------------------------


def overlap(left, right, *, parameters=(), device="ideal", backend="aer", shots=0):
    loaded = device if isinstance(device, Device) else Device.load(device)
    member = catalog.load(catalog.parse("backends", backend))()
    return compile_query(Overlap(left, right), parameters, loaded, member, Measuring(Conditions(shots=shots)))


@pytest.mark.parametrize("n", [2, 3, 5])
@pytest.mark.parametrize("shots", [0, 400])
def test_overlaps(n, shots):
    left, right = random_circuit(n, 8, n), random_circuit(n, 8, n + 1, free=False)
    parameters = tuple(left.parameters)
    points = np.random.default_rng(n).uniform(-np.pi, np.pi, (5, len(parameters)))
    want = [abs(Statevector(left.assign_parameters(x)).inner(Statevector(right))) ** 2 for x in points]
    answer = overlap(left, right, parameters=parameters, shots=shots).values(points, seed=2)
    if shots:
        assert (answer.stderr > 0).all()
        assert (np.abs(answer.values - want) < 4.5 * answer.stderr).all()  # smoothed errors; 5 answers: 3e-5
    else:
        np.testing.assert_allclose(answer.values, want, rtol=0, atol=1e-12)


def test_the_overlap_of_a_state_with_itself():
    """1 exactly, and 1 from every shot; with noise less; on a device without errors 1 again, through routing."""
    noisy = Device.load("meluxina-q")
    n = noisy.n_qubits
    gates = {name: replace(gate, error=dict.fromkeys(gate.error, 0.0)) for name, gate in noisy.gates.items()}
    endless, none = (float("inf"),) * n, (0.0,) * n
    quiet = replace(
        noisy,
        gates=gates,
        t1_s=endless,
        t2_star_s=endless,
        t2_echo_s=endless,
        readout_p01=none,
        readout_p10=none,
        init_error=none,
        residual_exchange_hz=0.0,
    )
    circuit = random_circuit(4, 6, 3)
    x = np.random.default_rng(3).uniform(-3, 3, circuit.num_parameters)
    state = circuit.assign_parameters(x)
    for device in ("ideal", quiet):
        assert overlap(circuit, state, parameters=tuple(circuit.parameters), device=device).values(x[None]).values[
            0
        ] == pytest.approx(1, abs=1e-12)
        sampled = overlap(circuit, state, parameters=tuple(circuit.parameters), device=device, shots=300).values(
            x[None], seed=1
        )
        assert sampled.values[0] == 1
        assert 0 < sampled.stderr[0] < 0.01
    # 1.5 % readout and 1 % initialisation error on each of four qubits alone leave 0.90.
    assert 0.2 < overlap(circuit, state, parameters=tuple(circuit.parameters), device=noisy).values(x[None]).values[0] < 0.9


def test_the_overlap_looks_at_all_qubits():
    """Orthogonal on one qubit only, each in turn: 0."""
    for q in range(3):
        flipped = QuantumCircuit(3)
        flipped.x(q)
        assert overlap(flipped, QuantumCircuit(3)).values(NONE).values[0] == pytest.approx(0, abs=1e-15)


@pytest.mark.parametrize(("left", "right"), [(1, 2), (2, 1)])
def test_an_overlap_of_different_widths_is_refused(left, right):
    with pytest.raises(UsageError, match=r"qubits"):
        overlap(QuantumCircuit(left), QuantumCircuit(right))


def test_an_overlap_of_two_parameters_of_one_name_is_refused_in_words():
    left, right = QuantumCircuit(1), QuantumCircuit(1)
    one, other = Parameter("t"), Parameter("t")
    left.rx(one, 0)
    right.rx(other, 0)
    with pytest.raises(UsageError, match="'t'"):
        overlap(left, right, parameters=(one, other))


# --- What is refused -------------------------------------------------------------------------------------------------

PLAIN = random_circuit(2, 4, 1)
Z2 = SparsePauliOp("ZZ")


@pytest.mark.parametrize(
    ("backend", "message"),
    [
        ("aer:max_bond_dimension=4", "max_bond_dimension.*matrix_product_state"),
        ("aer:method=statevector,max_bond_dimension=4", "max_bond_dimension.*matrix_product_state"),
        ("aer:method=matrix_product_state,max_bond_dimension=0", "max_bond_dimension takes 1 or more"),
        ("aer:method=matrix_product_state,precision=single", "precision=single"),
        ("aer:method=stabilizer", "stabilizer.*Allowed.*statevector"),
        ("aer:methods=statevector", "methods.*Did you mean 'method'"),
        ("arer", "arer.*Did you mean 'aer'"),
        ("reference:precision=single", "no options"),
    ],
)
def test_a_backend_refuses_what_it_would_ignore(backend, message):
    with pytest.raises(UsageError, match=message):
        compile(PLAIN, Z2, backend=backend)


@pytest.mark.parametrize("method", ["statevector", "matrix_product_state"])
def test_exact_values_with_noise_need_a_density_matrix(method):
    with pytest.raises(UsageError, match=f"density_matrix.*{method}.*--shots"):
        compile(PLAIN, Z2, device="meluxina-q", backend=f"aer:method={method}")


@pytest.mark.parametrize(
    ("backend", "size"), [("aer", "16.0 TiB"), ("aer:method=statevector,precision=single", "8.0 TiB"), ("reference", "TiB")]
)
def test_forty_qubits_are_refused_with_the_memory_they_need(backend, size):
    """2^40 amplitudes of 16 (or 8) bytes, before anything is allocated."""
    circuit = QuantumCircuit(40)
    circuit.h(range(40))
    with pytest.raises(UsageError, match=rf"40 qubits need .*{size}"):
        compile(circuit, SparsePauliOp("Z" * 40), backend=backend)


def test_forty_qubits_are_few_for_a_matrix_product_state():
    circuit = QuantumCircuit(40)
    circuit.h(0)
    for q in range(39):
        circuit.cx(q, q + 1)
    backend = "aer:method=matrix_product_state"
    observable = SparsePauliOp(["Z" + "I" * 38 + "Z", "Z" + "I" * 39])
    assert compile(circuit, observable, backend=backend).values(NONE).values[0] == pytest.approx(1, abs=1e-10)
    sampled = compile(circuit, SparsePauliOp("X" * 40), backend=backend, shots=50).values(NONE, seed=1)
    assert sampled.values[0] == 1  # an eigenstate


@pytest.mark.skipif("GPU" in AerSimulator().available_devices(), reason="this Aer has GPU support")
def test_a_gpu_that_is_not_there_is_a_missing_part():
    with pytest.raises(MissingPart, match=r"GPU.*pip install"):
        compile(PLAIN, Z2, backend="aer:device=GPU")


@pytest.mark.parametrize("device", ["ideal", "meluxina-q"])
@pytest.mark.parametrize("instruction", ["measure", "reset", "initialize", "if_else"])
def test_instructions_that_are_no_gates_are_refused_by_name(instruction, device):
    circuit = QuantumCircuit(2, 1)
    circuit.h(0)
    if instruction == "measure":
        circuit.measure(0, 0)
    elif instruction == "reset":
        circuit.reset(0)
    elif instruction == "initialize":
        circuit.initialize([1, 0], 0)
    else:
        with circuit.if_test((circuit.clbits[0], 1)):
            circuit.x(0)
    with pytest.raises(UsageError, match=f"'{instruction}'"):
        compile(circuit, Z2, device=device)


def test_an_observable_must_be_hermitian_and_fit():
    with pytest.raises(UsageError, match="not Hermitian"):
        compile(PLAIN, SparsePauliOp(["ZZ", "XY"], [1.0, 0.5j]))
    with pytest.raises(UsageError, match="3 qubits, the circuit has 2"):
        compile(PLAIN, SparsePauliOp("ZZZ"))


@pytest.mark.parametrize("shots", [0, 100])
def test_an_observable_must_be_finite(shots):
    with pytest.raises(UsageError, match="finite"):
        compile(PLAIN, SparsePauliOp(["ZZ", "XY"], [1.0, np.nan]), shots=shots)


def test_points_must_be_finite_and_of_the_right_shape():
    program = compile(PLAIN, Z2)
    p = program.n_parameters
    assert p > 0
    for wrong in (np.nan, np.inf):
        with pytest.raises(UsageError, match="finite"):
            program.values(np.full((2, p), wrong))
        with pytest.raises(UsageError, match="finite"):
            program.gradient(np.full(p, wrong))
    for shape in ((2, p + 1), (1, 0)):
        with pytest.raises(UsageError, match=rf"\(k, {p}\)"):
            program.values(np.zeros(shape))
    with pytest.raises(UsageError, match=rf"\(k, {p}\)"):
        program.gradient(np.zeros(p + 1))


def test_fewer_shots_than_groups_are_refused():
    observable = SparsePauliOp(["ZZ", "XX", "YY"])
    with pytest.raises(UsageError, match=r"2 .*3 measured groups.*3 or more"):
        compile(PLAIN, observable, shots=2)
    with pytest.raises(UsageError, match="-1 "):
        compile(PLAIN, observable, shots=-1)


def test_reports_name_who_computes_and_how():
    assert "state vector" in compile(PLAIN, Z2, backend="reference").resources.simulator
    assert "density matrix" in compile(PLAIN, Z2, device="meluxina-q").resources.simulator
    assert (
        "trajectories" in compile(PLAIN, Z2, device="meluxina-q", backend="aer:method=statevector", shots=9).resources.simulator
    )
    assert "single" in compile(PLAIN, Z2, backend="aer:precision=single").resources.simulator
