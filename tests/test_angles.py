"""Gradients: every parametrised gate becomes rotations that obey the two-term shift rule, and the chain rule joins them."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit, QuantumRegister
from qiskit.circuit import Parameter, ParameterVector, Qubit
from qiskit.circuit.library import (
    CU1Gate,
    CU3Gate,
    PauliEvolutionGate,
    RVGate,
    RXGate,
    RZZGate,
    U1Gate,
    U2Gate,
    U3Gate,
    UGate,
    XXMinusYYGate,
    XXPlusYYGate,
)
from qiskit.quantum_info import SparsePauliOp, Statevector

from hybrid import catalog
from hybrid.base.errors import UsageError
from hybrid.base.gates import ROTATIONS
from hybrid.base.types import Overlap
from hybrid.device.device import Device
from hybrid.measure.angles import split
from hybrid.measure.compile import Measuring, compile, compile_query

a, b, c = Parameter("a"), Parameter("b"), Parameter("c")
X = np.array([0.37, -0.81, 1.23])
"""A point off every symmetry."""
EXACT = 1e-12
"""Circuits of at most a hundred gates, each rounding at 2e-16, and observables of norm below ten."""
STEP = 1e-3
DIFFERENCE = 1e-9
"""Five-point differences with h = 1e-3 err by h^4/30 |f'''''| + 1.5 eps |f|/h: with angles scaled by at most about 3 and
norms below ten |f'''''| stays below some 1e4, so 3e-10 and 1e-12."""


def slope(f, x):
    """df/dx_i by five points, (p,)."""
    steps = STEP * np.eye(len(x))
    return np.array([(8 * (f(x + h) - f(x - h)) - (f(x + 2 * h) - f(x - 2 * h))) / (12 * STEP) for h in steps])


def bound(circuit: QuantumCircuit, parameters, x) -> QuantumCircuit:
    return circuit.assign_parameters({p: v for p, v in zip(parameters, x, strict=True) if p in set(circuit.parameters)})


def superposed(n: int) -> QuantumCircuit:
    """A product state without symmetry, so that wrong qubits, signs and relative phases show."""
    circuit = QuantumCircuit(n)
    for q in range(n):
        circuit.ry(0.3 + 0.5 * q, q)
        circuit.rz(0.7 - 0.4 * q, q)
    return circuit


def case(n: int, *gates) -> QuantumCircuit:
    circuit = superposed(n)
    for gate, qubits in gates:
        circuit.append(gate, qubits)
    return circuit


def with_methods(n: int, *calls) -> QuantumCircuit:
    circuit = superposed(n)
    for name, *arguments in calls:
        getattr(circuit, name)(*arguments)
    return circuit


def nested() -> QuantumCircuit:
    """A gate within a gate, its parameters in expressions at both levels, its qubits in another order."""
    inner = QuantumCircuit(2, name="inner")
    inner.crx(2 * a, 0, 1)
    inner.p(a * b, 1)
    outer = QuantumCircuit(3, name="outer")
    outer.append(inner.to_gate(), [2, 0])
    outer.ry(a - b, 1)
    circuit = superposed(3)
    circuit.append(outer.to_gate(), [1, 2, 0])
    circuit.append(outer.to_gate(), [0, 1, 2])
    return circuit


def controlled_phase_of_a_subcircuit() -> QuantumCircuit:
    """A global phase that becomes a relative one under control."""
    inner = QuantumCircuit(1, global_phase=a)
    inner.rx(b, 0)
    return case(2, (inner.to_gate().control(1, annotated=False), [1, 0]))


CIRCUITS = {
    "rotations": with_methods(2, ("rx", a, 0), ("ry", b, 1), ("rz", c, 0), ("p", a, 1)),
    "two-qubit": with_methods(3, ("rxx", a, 0, 2), ("ryy", b, 2, 1), ("rzz", c, 0, 1), ("rzx", a, 2, 0), ("rzx", b, 0, 1)),
    "several times": with_methods(2, ("rx", a, 0), ("cx", 0, 1), ("rx", a, 1), ("rz", a, 0), ("ry", b, 1), ("ry", b, 0)),
    "affine": with_methods(2, ("rx", 2 * a - b + 0.3, 0), ("cx", 0, 1), ("ry", -a / 3, 1), ("rz", 1 - c - a, 0)),
    "curved": with_methods(
        2, ("rx", a * b, 0), ("cx", 0, 1), ("ry", a**2 + b.sin(), 1), ("rz", (a * c).exp(), 0), ("ry", c.cos() / (2 + b), 0)
    ),
    "both": with_methods(2, ("rx", a * b, 0), ("ry", a + b, 1), ("cx", 1, 0), ("rz", a * a - 2 * c, 0), ("rx", c, 1)),
    "crx": with_methods(2, ("crx", a, 0, 1), ("crx", b, 1, 0)),
    "cry": with_methods(2, ("cry", a, 0, 1), ("cry", b, 1, 0)),
    "crz": with_methods(2, ("crz", a, 0, 1), ("h", 1), ("crz", b, 1, 0)),
    "cp": with_methods(2, ("cp", a, 0, 1), ("h", 0), ("cp", b, 1, 0)),
    "u": with_methods(2, ("u", a, b, c, 0), ("u", 0.3, a, 0.1, 1), ("u", a, 0.2, 0.5, 1), ("u", b, c, a + b, 0)),
    "cu": with_methods(2, ("cu", a, b, c, a - c, 0, 1), ("h", 0), ("cu", 0.3, 0.2, a, 0.4, 1, 0)),
    "old u": case(
        2, (U1Gate(a), [0]), (U2Gate(a, b), [1]), (U3Gate(c, a, b), [0]), (CU1Gate(b), [1, 0]), (CU3Gate(a, b, c), [0, 1])
    ),
    "r": with_methods(2, ("r", a, b, 0), ("r", 0.4, c, 1), ("cx", 0, 1)),
    "xx_plus_yy": case(2, (XXPlusYYGate(a, b), [0, 1]), (XXPlusYYGate(c, 0.3), [1, 0])),
    "xx_minus_yy": case(2, (XXMinusYYGate(a, b), [1, 0]), (XXMinusYYGate(c, 0.3), [0, 1])),
    "mcp": with_methods(3, ("mcp", a, [0, 1], 2), ("h", 0), ("mcp", b, [2, 1], 0)),
    "controlled": case(
        3,
        (RXGate(a).control(2, ctrl_state=1, annotated=False), [0, 1, 2]),
        (UGate(a, b, 0.3).control(1, ctrl_state=0, annotated=False), [2, 0]),
        (RZZGate(c).control(1, annotated=False), [1, 0, 2]),
    ),
    "evolution": case(2, (PauliEvolutionGate(SparsePauliOp(["XY", "ZI"], [0.3, 0.7]), time=a).definition.to_gate(), [1, 0])),
    "inverse": nested().inverse(),
    "nested": nested(),
    "controlled phase": controlled_phase_of_a_subcircuit(),
    "barriers": with_methods(2, ("rx", a, 0), ("barrier",), ("cry", a, 0, 1)),
    "no parameters": with_methods(2, ("cx", 0, 1), ("cp", 0.4, 1, 0)),
}


@pytest.mark.parametrize("name", CIRCUITS)
def test_split_keeps_the_state(name):
    circuit = CIRCUITS[name]
    parameters = tuple(circuit.parameters)
    flat, angle_map = split(circuit, parameters)
    carrying = [item.operation for item in flat.data if any(getattr(v, "parameters", ()) for v in item.operation.params)]
    assert all(gate.base_class in ROTATIONS and len(gate.params) == 1 for gate in carrying)
    assert len(carrying) == len(angle_map.offset) == flat.num_parameters  # one angle per rotation, none shared
    for seed in range(3):
        x = np.random.default_rng(seed).uniform(-np.pi, np.pi, len(parameters)) if seed else X[: len(parameters)]
        theta = angle_map(x[None])[0]
        got = Statevector(bound(flat, flat.parameters, theta)).data
        want = Statevector(bound(circuit, parameters, x)).data
        assert abs(np.vdot(got, want)) == pytest.approx(1, abs=EXACT)


@pytest.mark.parametrize("name", [name for name in CIRCUITS if name != "no parameters"])
def test_the_jacobian_is_the_slope_of_the_angles(name):
    circuit = CIRCUITS[name]
    parameters = tuple(circuit.parameters)
    _, angle_map = split(circuit, parameters)
    x = X[: len(parameters)]
    np.testing.assert_allclose(angle_map.jacobian(x), slope(lambda v: angle_map(v[None])[0], x).T, rtol=0, atol=DIFFERENCE)


def test_the_angle_map_takes_points_in_any_order_of_parameters_and_unused_ones():
    circuit = QuantumCircuit(1)
    circuit.rx(a + 2 * b, 0)
    circuit.ry(a * b, 0)
    unused = Parameter("unused")
    _, angle_map = split(circuit, (b, unused, a))
    np.testing.assert_allclose(
        angle_map(np.array([[0.5, 9.0, 0.25], [1.0, -9.0, 2.0]])), [[1.25, 0.125], [4.0, 2.0]], rtol=1e-15
    )
    np.testing.assert_allclose(angle_map.jacobian(np.array([0.5, 9.0, 0.25])), [[2, 0, 1], [0.25, 0, 0.5]], rtol=1e-15)


def test_split_keeps_many_angles_in_order():
    """Eleven and more: angle[10] must not sort before angle[2]."""
    theta = ParameterVector("t", 14)
    circuit = QuantumCircuit(2)
    for i, t in enumerate(theta):
        circuit.ry(t, i % 2)
        circuit.cx(i % 2, 1 - i % 2)
    x = np.linspace(-1, 2, 14)
    observable = SparsePauliOp(["ZX", "IY", "XZ"], [1.0, 0.5, -0.3])
    want = Statevector(bound(circuit, theta, x)).expectation_value(observable).real
    assert compile(circuit, observable).values(x[None]).values[0] == pytest.approx(want, abs=EXACT)


def test_split_keeps_the_order_of_qubits():
    """Registers may list a circuit's qubits in another order than the circuit itself, or leave some out."""
    first, second = Qubit(), Qubit()
    circuit = QuantumCircuit([second, first])
    circuit.add_register(QuantumRegister(bits=[first, second], name="r"))
    circuit.x(0)
    assert Statevector(circuit).expectation_value(SparsePauliOp("IZ")).real == -1
    assert compile(circuit, SparsePauliOp("IZ")).values(np.zeros((1, 0))).values[0] == pytest.approx(-1, abs=EXACT)


def test_split_keeps_qubits_outside_registers():
    circuit = QuantumCircuit(QuantumRegister(1, "r"))
    circuit.add_bits([Qubit()])
    circuit.x(1)
    assert compile(circuit, SparsePauliOp("ZI")).values(np.zeros((1, 0))).values[0] == pytest.approx(-1, abs=EXACT)


def test_a_gate_that_cannot_be_split_is_named():
    circuit = QuantumCircuit(1)
    circuit.append(RVGate(a, b, 0.1), [0])
    with pytest.raises(UsageError, match="rv"):
        split(circuit, (a, b))


def test_a_subcircuit_named_like_a_rotation_is_not_taken_for_one():
    """`QuantumCircuit(1, name="rx").to_gate()` is a gate of its own, whatever it is called."""
    inner = QuantumCircuit(1, name="rx")
    inner.ry(a, 0)
    circuit = QuantumCircuit(1)
    circuit.append(inner.to_gate(), [0])
    got = compile(circuit, SparsePauliOp("X")).values(np.array([[0.4]])).values[0]
    assert got == pytest.approx(np.sin(0.4), abs=EXACT)


def test_an_expression_without_a_derivative_is_refused_by_name():
    circuit = QuantumCircuit(1)
    circuit.ry(a.sign(), 0)
    with pytest.raises(UsageError, match="sign"):
        compile(circuit, SparsePauliOp("Z"))


@pytest.mark.parametrize("x", [0.0, -0.3])
def test_an_angle_that_is_no_number_is_refused(x):
    """log(0) and log(-0.3): a message for people, not a traceback from the expression library."""
    circuit = QuantumCircuit(1)
    circuit.ry(a.log(), 0)
    program = compile(circuit, SparsePauliOp("Z"))
    with pytest.raises(UsageError, match="log"):
        program.values(np.array([[x]]))


# --- Gradients -------------------------------------------------------------------------------------------------------


def observable_for(n: int) -> SparsePauliOp:
    rng = np.random.default_rng(n)
    return SparsePauliOp(["".join(rng.choice(list("IXYZ"), n)) for _ in range(6)], rng.normal(size=6))


@pytest.mark.parametrize("name", CIRCUITS)
def test_the_gradient_is_the_slope_of_the_state_vectors_energy(name):
    """Against differences of Qiskit's own state vector, not of our values."""
    circuit = CIRCUITS[name]
    parameters = tuple(circuit.parameters)
    observable = observable_for(circuit.num_qubits)
    program = compile(circuit, observable)
    x = X[: len(parameters)]

    def energy(v):
        return Statevector(bound(circuit, parameters, v)).expectation_value(observable).real

    answer = program.gradient(x)
    assert answer.loss == pytest.approx(energy(x), abs=EXACT)
    want = slope(energy, x) if len(x) else np.zeros(0)
    np.testing.assert_allclose(answer.gradient, want, rtol=0, atol=DIFFERENCE)
    assert answer.gradient.shape == answer.gradient_stderr.shape == x.shape
    assert answer.loss_stderr == 0
    assert not answer.gradient_stderr.any()


@pytest.mark.parametrize("backend", ["aer", "reference", "aer:method=matrix_product_state"])
@pytest.mark.parametrize("t", [0.0, 0.3, np.pi / 2, 2.0, -3.0])
def test_ry_closed_form(backend, t):
    """REFERENCE.md: RY|0>: <Z> = cos t, derivative -sin t, to 1e-12."""
    circuit = QuantumCircuit(1)
    circuit.ry(a, 0)
    for pauli, value, derivative in (("Z", np.cos(t), -np.sin(t)), ("X", np.sin(t), np.cos(t)), ("Y", 0.0, 0.0)):
        answer = compile(circuit, SparsePauliOp(pauli), backend=backend).gradient(np.array([t]))
        assert answer.loss == pytest.approx(value, abs=1e-12)
        assert answer.gradient[0] == pytest.approx(derivative, abs=1e-12)


def test_signs_of_all_rotations():
    """exp(-i t G/2): RX takes Z to -Y, RY takes Z to X, RZ takes X to Y (Bloch vectors turn right-handed)."""
    for prepare, gate, pauli, value in (
        ([], "rx", "Y", -np.sin(0.4)),
        ([], "ry", "X", np.sin(0.4)),
        (["h"], "rz", "Y", np.sin(0.4)),
        (["h"], "p", "Y", np.sin(0.4)),
    ):
        circuit = QuantumCircuit(1)
        for name in prepare:
            getattr(circuit, name)(0)
        getattr(circuit, gate)(a, 0)
        for device in ("ideal", quiet()):
            program = compile(circuit, SparsePauliOp(pauli), device=device)
            assert program.values(np.array([[0.4]])).values[0] == pytest.approx(value, abs=EXACT)


def quiet() -> Device:
    """The silicon profile's gates and chain without any error or exchange between gates."""
    device = Device.load("meluxina-q")
    n = device.n_qubits
    gates = {k: replace(gate, error=dict.fromkeys(gate.error, 0.0)) for k, gate in device.gates.items()}
    endless, none = (float("inf"),) * n, (0.0,) * n
    return replace(
        device,
        gates=gates,
        t1_s=endless,
        t2_star_s=endless,
        t2_echo_s=endless,
        readout_p01=none,
        readout_p10=none,
        init_error=none,
        residual_exchange_hz=0.0,
    )


@pytest.mark.parametrize("angles", [(0.6, 0.4), (-1.1, 2.3)])
def test_qaoa_gradient_closed_form(angles):
    """MaxCut of a ring at p = 1 (triangle-free, d = 2): <C_edge> = 1/2 + sin(4 beta) sin(2 gamma)/4.

    Wang et al., PRA 97, 022304 (2018), eq. 14 with d = e = 1. Every parameter occurs n times, with factors 1 and 2.
    """
    n = 6
    gamma, beta = Parameter("gamma"), Parameter("beta")
    circuit = QuantumCircuit(n)
    circuit.h(range(n))
    for i in range(n):
        circuit.rzz(-gamma, i, (i + 1) % n)  # exp(-i gamma (1 - ZZ)/2) up to a phase
    circuit.rx(2 * beta, range(n))
    terms = [("ZZ", [i, (i + 1) % n], -0.5) for i in range(n)] + [("", [], n / 2)]
    program = compile(circuit, SparsePauliOp.from_sparse_list(terms, num_qubits=n))
    g, m = angles
    answer = program.gradient(np.array([m, g]))  # Qiskit sorts parameters by name: beta, gamma
    assert answer.loss == pytest.approx(n * (0.5 + 0.25 * np.sin(4 * m) * np.sin(2 * g)), abs=EXACT)
    want = [n * np.cos(4 * m) * np.sin(2 * g), n * 0.5 * np.sin(4 * m) * np.cos(2 * g)]
    np.testing.assert_allclose(answer.gradient, want, rtol=0, atol=EXACT)
    assert len(program.angle_map.offset) == 2 * n  # rotations: an angle each, two shifts per angle


def test_gradient_of_an_overlap():
    """|<0|RY(a)|0>|^2 = cos^2(a/2), over both states' parameters: |<RY(b)|RY(a)>|^2 = cos^2((a - b)/2)."""
    left, right = QuantumCircuit(2), QuantumCircuit(2)
    left.ry(a, 0)
    right.ry(b, 0)
    member = catalog.load(catalog.parse("backends", "aer"))()
    program = compile_query(Overlap(left, right), (b, a), Device.load("ideal"), member, Measuring())
    answer = program.gradient(np.array([0.3, 1.0]))
    assert answer.loss == pytest.approx(np.cos(0.35) ** 2, abs=EXACT)
    np.testing.assert_allclose(answer.gradient, np.array([0.5, -0.5]) * np.sin(0.7), rtol=0, atol=EXACT)


@pytest.mark.parametrize("dephasing", ["markov", "quasistatic"])
@pytest.mark.parametrize("name", ["several times", "curved", "cu"])
def test_the_gradient_on_a_noisy_device_is_the_slope_of_its_values(name, dephasing):
    """With detunings: of the values under the same ones, which one seed gives."""
    circuit = CIRCUITS[name]
    observable = observable_for(circuit.num_qubits)
    realizations = 8 if dephasing == "quasistatic" else None
    program = compile(circuit, observable, device="meluxina-q", dephasing=dephasing, realizations=realizations)
    x = X[: program.n_parameters]
    want = slope(lambda v: program.values(v[None], seed=3).values[0], x)
    np.testing.assert_allclose(program.gradient(x, seed=3).gradient, want, rtol=0, atol=DIFFERENCE)


ONE = ["rx", "ry", "rz", "p"]
TWO = ["crx", "cry", "crz", "cp", "rxx", "ryy", "rzz", "rzx"]
FIXED = ["cx", "cz", "swap", "ecr", "iswap"]


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(2, 4), gates=st.integers(1, 12))
@settings(max_examples=40)
def test_random_circuits(seed, n, gates):
    """State, value and gradient of random circuits whose three parameters occur anywhere, in any expression."""
    rng = np.random.default_rng(seed)
    expressions = [a, b, c, 2 * a, a + b, a - 3 * c + 0.1, a * b, b * b, c.sin(), 1 - c, 0.7]
    circuit = superposed(n)
    for _ in range(gates):
        i, j = (int(q) for q in rng.choice(n, 2, replace=False))
        angle = expressions[rng.integers(len(expressions))]
        kind = rng.integers(3)
        if kind == 0:
            getattr(circuit, ONE[rng.integers(len(ONE))])(angle, i)
        elif kind == 1:
            getattr(circuit, TWO[rng.integers(len(TWO))])(angle, i, j)
        else:
            getattr(circuit, FIXED[rng.integers(len(FIXED))])(i, j)
    parameters = tuple(circuit.parameters)
    x = rng.uniform(-2, 2, len(parameters))
    flat, angle_map = split(circuit, parameters)
    got = Statevector(bound(flat, flat.parameters, angle_map(x[None])[0])).data
    assert abs(np.vdot(got, Statevector(bound(circuit, parameters, x)).data)) == pytest.approx(1, abs=EXACT)
    observable = observable_for(n)

    def energy(v):
        return Statevector(bound(circuit, parameters, v)).expectation_value(observable).real

    answer = compile(circuit, observable, backend="exact").gradient(x)
    assert answer.loss == pytest.approx(energy(x), abs=EXACT)
    if len(x):
        # |x| up to 2 in a * b and three parameters at each of 12 gates: |f'''''| reaches 1e6, the error 3e-8.
        np.testing.assert_allclose(answer.gradient, slope(energy, x), rtol=0, atol=1e-7)


# --- Statistics of gradients -----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("repeats")
@pytest.mark.statistics
def test_gradient_standard_errors_are_honest():
    """150 seeds x 3 components at two points: 95 % intervals cover 92 to 98 % pooled (900 trials, sigma 0.73 %), unbiased."""
    circuit = with_methods(2, ("rx", a, 0), ("cry", b, 0, 1), ("ry", 2 * a - c, 1), ("rx", b * c, 0))
    observable = SparsePauliOp(["ZZ", "XI", "IY", "II"], [1.0, 0.5, -0.7, 3.0])
    exact, sampled = compile(circuit, observable), compile(circuit, observable, shots=300, backend="exact")
    scores = []
    for x in (X, np.array([1.1, 0.4, -0.9])):
        want = exact.gradient(x)
        for seed in range(150):
            answer = sampled.gradient(x, seed=seed)
            assert (answer.gradient_stderr > 0).all()
            assert answer.loss_stderr > 0
            scores.append((answer.gradient - want.gradient) / answer.gradient_stderr)
    z = np.array(scores)
    coverage = (np.abs(z) <= 1.959963984540054).mean()
    print(f"gradient coverage {coverage:.4f}")
    assert 0.92 <= coverage <= 0.98
    # The three components share draws; each mean of 300 scores has sigma 0.058; 4.5 sigma, 1 in 1.5e5 each.
    assert np.abs(z.mean(axis=0)).max() < 4.5 / np.sqrt(len(z))


def test_gradient_draws_repeat_with_the_seed_only():
    circuit = with_methods(1, ("rx", a, 0), ("ry", b, 0))
    program = compile(circuit, SparsePauliOp(["Z", "X"]), shots=100)
    first, again, other = (program.gradient(X[:2], seed=s) for s in (1, 1, 2))
    assert first.loss == again.loss
    np.testing.assert_array_equal(first.gradient, again.gradient)
    assert (first.gradient != other.gradient).all()


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.statistics
def test_barren_plateau_of_the_global_cost(n):
    """REFERENCE.md (Cerezo 2021, product RX): Var of dC/dt_1 over uniform angles is (1/8)(3/8)^(n-1), without any chance.

    C = 1 - |<0...0|RX...RX|0...0>|^2; (dC/dt)^2 is a trigonometric polynomial of degree 2 in every angle, so the mean over
    three equidistant values of each is the integral.
    """
    theta = ParameterVector("t", n)
    circuit = QuantumCircuit(n)
    for q in range(n):
        circuit.rx(theta[q], q)
    member = catalog.load(catalog.parse("backends", "aer"))()
    query = Overlap(circuit, QuantumCircuit(n))
    program = compile_query(query, tuple(theta), Device.load("ideal"), member, Measuring())
    grid = np.array(list(product(0.123 + 2 * np.pi / 3 * np.arange(3), repeat=n)))
    slopes = np.array([program.gradient(x).gradient for x in grid])
    np.testing.assert_allclose(slopes.mean(axis=0), 0, atol=1e-13)
    np.testing.assert_allclose((slopes**2).mean(axis=0), (1 / 8) * (3 / 8) ** (n - 1), rtol=1e-12)  # sums of 27 terms


@pytest.mark.statistics
def test_barren_plateau_at_random_angles():
    """The same by chance, n = 4, with the derivative at 4000 random points from shifted values.

    The fourth moment of this product, (3/128)(35/128)^3, makes the relative sigma of the variance 3.9 %: 5 sigma.
    """
    n, k = 4, 4000
    theta = ParameterVector("t", n)
    circuit = QuantumCircuit(n)
    for q in range(n):
        circuit.rx(theta[q], q)
    terms = ["".join(letters) for letters in product("IZ", repeat=n)]
    program = compile(circuit, SparsePauliOp(terms, np.full(2**n, 2.0**-n)), backend="exact")  # the projector on all zeros
    points = np.random.default_rng(81).uniform(-np.pi, np.pi, (k, n))
    shift = np.pi / 2 * np.eye(n)[0]
    slopes = (program.values(points + shift).values - program.values(points - shift).values) / 2
    variance = (1 / 8) * (3 / 8) ** (n - 1)
    fourth = (3 / 128) * (35 / 128) ** (n - 1)
    assert np.mean(slopes**2) == pytest.approx(variance, abs=5 * np.sqrt((fourth - variance**2) / k))
