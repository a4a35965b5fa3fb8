"""Ansaetze: what every one must keep, published QAOA ratios, start states, and circuits from files."""

import io
import itertools
from pathlib import Path

import numpy as np
import pytest
from qiskit import QuantumCircuit, qpy
from qiskit.circuit import Gate, Parameter
from qiskit.quantum_info import Operator, SparsePauliOp, Statevector
from scipy.linalg import expm
from scipy.optimize import minimize

from hybrid import catalog
from hybrid.base.errors import UsageError
from hybrid.base.types import Ansatz, Problem
from hybrid.catalog.ansatze._shared import Term, rotate
from hybrid.measure.compile import compile

SEEDS = Path(__file__).parent.parent / "seeds"


def problem(text: str) -> Problem:
    """The problem that `text` names on the command line."""
    return catalog.load(catalog.parse("problems", text))()


def ansatz(of: Problem, text: str | None = None) -> Ansatz:
    """The ansatz that `text` names, or the problem's own."""
    return catalog.load(catalog.parse("ansatze", text or of.ansatz))(of)


def own(*terms: tuple[str, float], reference_bits: int | None = None) -> Problem:
    """A problem made of the given Pauli strings."""
    return Problem(
        hamiltonian=SparsePauliOp.from_list(list(terms)), unit="", ansatz="efficient_su2", reference_bits=reference_bits
    )


def value(of: Problem, circuit: QuantumCircuit, x: np.ndarray) -> float:
    """The reported value after the circuit at angles x."""
    state = Statevector(circuit.assign_parameters(x))
    return of.sign * float(state.expectation_value(of.hamiltonian).real)


def reached(of: Problem, text: str | None = None, seed: int = 0) -> float:
    """The least value that L-BFGS finds from the ansatz's own start."""
    circuit, initial = ansatz(of, text)
    start = initial(np.random.default_rng(seed))
    program = compile(circuit, of.hamiltonian, backend="exact")

    def loss(x: np.ndarray) -> tuple[float, np.ndarray]:
        answer = program.gradient(x)
        return answer.loss, answer.gradient

    found = minimize(loss, start, method="L-BFGS-B", jac=True, options={"ftol": 1e-15, "gtol": 1e-9})
    return of.sign * float(found.fun)


# --- What every ansatz keeps -----------------------------------------------------------------------------------------

ROWS = [
    ("h2", "efficient_su2", 16),
    ("h2", "real_amplitudes:reps=0", 2),
    ("heisenberg:n=3", "efficient_su2:reps=2,entanglement=full", 18),
    ("heisenberg:n=4", "real_amplitudes:reps=2,entanglement=circular", 12),
    ("tfim:n=4", "real_amplitudes:entanglement=reverse_linear", 16),
    ("tfim:n=4", "hamiltonian_variational", 6),
    ("tfim:n=5", "hamiltonian_variational:reps=2,parameters=term", 18),
    ("heisenberg:n=5", "hamiltonian_variational:reps=12", 24),
    ("h2", "hamiltonian_variational:reps=2,parameters=term", 8),
    ("maxcut", "qaoa_layers:p=12", 24),
    ("h2", str(SEEDS / "ry_ansatz.qasm"), 4),
    ("lih", "uccsd", 24),
    ("heisenberg:n=4", "givens:reps=2", 12),
    ("tfim:n=5", "brick:reps=1", 26),
    ("tfim:n=3", "zz_feature_map", 3),
]


@pytest.mark.parametrize(("of", "text", "parameters"), ROWS, ids=lambda x: Path(x).name if isinstance(x, str) else str(x))
def test_every_ansatz(of: str, text: str, parameters: int) -> None:
    """As wide as the problem; the generator alone decides the start, which nobody can spoil and which is not stationary."""
    target = problem(of)
    circuit, initial = ansatz(target, text)
    assert circuit.num_qubits == target.hamiltonian.num_qubits
    assert circuit.num_parameters == parameters
    assert circuit.num_clbits == 0
    assert "barrier" not in circuit.decompose().count_ops()  # it would only make pulses wait
    first, again = initial(np.random.default_rng(5)), initial(np.random.default_rng(5))
    assert first.shape == (parameters,)
    assert first.dtype == float
    np.testing.assert_array_equal(first, again)
    first += 1
    np.testing.assert_array_equal(initial(np.random.default_rng(5)), again)
    here = value(target, circuit, again)
    assert any(abs(value(target, circuit, again + step) - here) > 1e-7 for step in 1e-4 * np.eye(parameters))


def test_every_member_is_in_the_table() -> None:
    """A new ansatz needs a row above."""
    assert {catalog.parse("ansatze", text).name for _, text, _ in ROWS} == set(catalog.names("ansatze"))


@pytest.mark.parametrize(("of", "text"), [("tfim:n=3", "hamiltonian_variational:reps=12"), ("maxcut", "qaoa_layers:p=12")])
def test_parameters_are_in_order(of: str, text: str) -> None:
    """Ten and more layers do not sort as words would."""
    names = [p.name for p in ansatz(problem(of), text).circuit.parameters]
    half = ["theta"] * 24 if of != "maxcut" else ["cost_gamma"] * 12 + ["mixer_beta"] * 12
    assert names == [f"{name}[{i if name == 'theta' else i % 12}]" for i, name in enumerate(half)]


BAD_OPTIONS = [
    ("h2", "efficient_su2:reps=-1", "reps must lie between 0 and 1000, not -1"),
    ("h2", "real_amplitudes:entanglement=ful", "Did you mean 'full'?"),
    ("tfim", "hamiltonian_variational:reps=0", "reps must lie between 1 and 1000"),
    ("tfim", "qaoa_layers", "must consist of Z terms"),
    ("maxcut", "qaoa_layers:p=0", "p must lie between 1 and 1000"),
    ("maxcut", "hamiltonian_variational", "all terms of the Hamiltonian commute"),
    ("maxcut:graph=ring", "qaoa_layers:start=fixed", "unweighted 3-regular graphs"),
    ("maxcut", "qaoa_layers:p=4,start=fixed", "p = 1, 2 or 3"),
    ("maxcut", "qaoa_layers:warm_start=0.6", "warm_start must lie above 0"),
    ("tfim", "givens", "needs a reference state"),
    ("tfim", "brick:reps=0", "reps must lie between 1 and 1000"),
]


@pytest.mark.parametrize(("of", "text", "message"), BAD_OPTIONS)
def test_bad_options(of: str, text: str, message: str) -> None:
    """What cannot work is refused with what is allowed."""
    with pytest.raises(UsageError) as error:
        ansatz(problem(of), text)
    assert message in str(error.value)


@pytest.mark.parametrize("letters", ["".join(s) for k in (1, 2, 3) for s in itertools.product("XYZ", repeat=k)])
def test_rotations(letters: str) -> None:
    """Every string turns by exp(-i angle/2 P), whatever the qubits."""
    qubits, angle = (0, 2, 3)[: len(letters)], Parameter("a")
    circuit = QuantumCircuit(4)
    rotate(circuit, Term(letters, qubits, 1.0), angle)
    string = SparsePauliOp.from_sparse_list([(letters, qubits, 1.0)], num_qubits=4).to_matrix()
    found = Operator(circuit.assign_parameters([0.7])).data
    np.testing.assert_allclose(found, expm(-0.35j * string), atol=1e-12)


# --- Hardware-efficient ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["efficient_su2:reps=1", "real_amplitudes:reps=1", "hamiltonian_variational:reps=1"])
def test_h2_is_reached(text: str) -> None:
    """The ground state of H2 is in reach of its default ansatz and of the others, to 1e-9 hartree, from their own start."""
    target = problem("h2")
    for seed in range(2):
        assert reached(target, text, seed) == pytest.approx(target.exact, abs=1e-9)


@pytest.mark.parametrize("text", ["efficient_su2:reps=2", "real_amplitudes:reps=3,entanglement=full"])
def test_start_is_near_the_reference_state(text: str) -> None:
    """Hartree-Fock or Neel, give or take a tenth of a radian; |0...0> where the problem has no reference."""
    for of in (problem("h2"), problem("heisenberg:n=4"), own(("XZI", 1.0), ("ZZZ", -0.3))):
        circuit, initial = ansatz(of, text)
        center = np.round(initial(np.random.default_rng(0)) / np.pi) * np.pi
        assert Statevector(circuit.assign_parameters(center)).probabilities()[of.reference_bits or 0] > 1 - 1e-12


# --- Hamiltonian-variational -----------------------------------------------------------------------------------------

STARTS = [
    ("tfim:n=5", -5.0, "|+...+> in the field"),
    ("tfim:n=5,h=-2", -10.0, "|-...-> in the field"),
    ("tfim:n=2", -2.0, "the bond has two ground states, the field one"),
    ("heisenberg:n=4,j=2", -12.0, "singlets on two bonds"),
    ("heisenberg:n=5", -6.0, "singlets on two bonds, one spin left over"),
    ("heisenberg:n=4,j=-1", -3.0, "triplets are many, so the reference state: all up"),
    ("h2", -1.116998997, "Hartree-Fock is the ground state of the Z terms"),
]


@pytest.mark.parametrize(("text", "energy", "state"), STARTS)
def test_start_state(text: str, energy: float, state: str) -> None:
    """At zero angles the energy is that of the easy part's ground state."""
    of = problem(text)
    circuit, _ = ansatz(of, "hamiltonian_variational:reps=1")
    assert value(of, circuit, np.zeros(circuit.num_parameters)) == pytest.approx(energy, abs=1e-9), state


@pytest.mark.parametrize("signs", list(itertools.product([1.0, -1.0], repeat=2)))
def test_start_state_of_any_unique_pair(signs: tuple[float, float]) -> None:
    """Each of the four Bell states is prepared as the ground state of its bond."""
    of = own(("XX", signs[0]), ("ZZ", signs[1]), ("YY", 0.1), ("IX", 0.2))
    circuit, _ = ansatz(of, "hamiltonian_variational")
    expected = -2 + 0.1 * signs[0] * signs[1] * -1
    assert value(of, circuit, np.zeros(circuit.num_parameters)) == pytest.approx(expected, abs=1e-12)


def test_fallback_start_states() -> None:
    """Without an easy part: the reference state, else |+...+>."""
    strings = (("XXX", 1.0), ("ZZI", -0.5), ("IYY", 0.4), ("IIZ", 0.1), ("ZIZ", 0.3))
    for bits, state in ((None, "+++"), (5, "101")):
        circuit, _ = ansatz(own(*strings, reference_bits=bits), "hamiltonian_variational")
        start = Statevector(circuit.assign_parameters(np.zeros(circuit.num_parameters)))
        assert abs(start.inner(Statevector.from_label(state))) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("parameters", ["layer", "term"])
def test_layers_are_evolutions_under_parts_of_the_hamiltonian(parameters: str) -> None:
    """exp(-i theta/2 X part) exp(-i theta/2 ZZ part), coefficients relative to the largest, or signs for `term`."""
    of = problem("tfim:n=3,j=-0.8,h=0.3")
    circuit, _ = ansatz(of, f"hamiltonian_variational:reps=2,parameters={parameters}")
    bonds = SparsePauliOp(["IZZ", "ZZI"]).to_matrix()
    field = -SparsePauliOp(["IIX", "IXI", "XII"]).to_matrix()
    x = np.array([0.3, 0.5, 0.7, 1.1])
    state = Statevector.from_label("+++").data
    for theta_bonds, theta_field in x.reshape(2, 2):
        state = expm(-0.5j * theta_field * field) @ expm(-0.5j * theta_bonds * bonds) @ state
    angles = x if parameters == "layer" else np.repeat(x, [2, 3, 2, 3])
    assert abs(Statevector(circuit.assign_parameters(angles)).inner(Statevector(state))) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize(
    ("of", "text"),
    [
        ("tfim:n=10", "hamiltonian_variational:reps=10"),
        ("tfim:n=10", "hamiltonian_variational:reps=10,parameters=term"),
        ("heisenberg:n=8", "hamiltonian_variational:reps=4"),
    ],
)
def test_the_ramp_starts_below_mean_field(of: str, text: str) -> None:
    """The slow passage alone beats the best product state, and no angle of it is zero."""
    target = problem(of)
    circuit, initial = ansatz(target, text)
    x = initial(np.random.default_rng(0))
    assert np.abs(x).min() > 1e-5
    assert target.baseline is not None
    assert value(target, circuit, x) < target.baseline - 0.1


@pytest.mark.parametrize(("of", "reps", "error"), [("tfim:n=4", 3, 1e-4), ("heisenberg:n=4", 3, 1e-9)])
def test_chains_are_reached(of: str, reps: int, error: float) -> None:
    """The default ansatz comes within `error`, relative, of the exact energy."""
    target = problem(of)
    assert reached(target, f"hamiltonian_variational:reps={reps}") == pytest.approx(target.exact, rel=error)


# --- Brick walls, features ---------------------------------------------------------------------------------------------


def test_bricks_touch_neighbours_only() -> None:
    """Pairs (0, 1), (2, 3), then (1, 2), (3, 4), twice."""
    circuit, _ = ansatz(problem("tfim:n=5"), "brick:reps=2")
    pairs = [tuple(circuit.find_bit(q).index for q in gate.qubits) for gate in circuit.data if gate.operation.name == "cz"]
    assert pairs == [(0, 1), (2, 3), (1, 2), (3, 4)] * 2


def test_feature_map_is_the_published_one() -> None:
    """exp(i sum x_q Z_q + i (pi - x_0)(pi - x_1) Z Z) H, twice (Havlicek et al., eq. 3)."""
    circuit, _ = ansatz(problem("h2"), "zz_feature_map")
    x = np.array([0.7, 2.1])
    z0, z1, both = (SparsePauliOp(word).to_matrix() for word in ("IZ", "ZI", "ZZ"))
    layer = expm(1j * (x[0] * z0 + x[1] * z1 + np.prod(np.pi - x) * both)) @ Operator.from_label("HH").data
    state = layer @ layer @ np.eye(4)[0]
    assert abs(np.vdot(state, Statevector(circuit.assign_parameters(x)).data)) == pytest.approx(1, abs=1e-12)


# --- QAOA ------------------------------------------------------------------------------------------------------------

FIXED_ANGLES = [  # arXiv:2107.00677, whose gamma is twice ours
    ("petersen", [1.2310672582], [0.3926720292], 0.865563),
    ("petersen", [0.9754194654, 1.7959753912], [0.5550603401, 0.2925078148], 0.915840),
    ("petersen", [0.8441681638, 1.5968255081, 1.8741775931], [0.60875726, 0.459275309, 0.2353956226], 0.919021),
    ("heawood", [0.9754194654, 1.7959753912], [0.5550603401, 0.2925078148], 0.755906),
]


@pytest.mark.parametrize(("graph", "gamma", "beta", "ratio"), FIXED_ANGLES)
def test_published_ratios(graph: str, gamma: list[float], beta: list[float], ratio: float) -> None:
    """<C> over the maximum cut at the published angles."""
    of = problem(f"maxcut:graph={graph}")
    circuit, _ = ansatz(of, f"qaoa_layers:p={len(gamma)}")
    assert of.exact is not None
    assert value(of, circuit, np.array([g / 2 for g in gamma] + beta)) / of.exact == pytest.approx(ratio, abs=1e-6)


@pytest.mark.parametrize(("graph", "edges", "degree"), [("ring,n=7", 7, 2), ("petersen", 15, 3), ("heawood", 21, 3)])
def test_one_layer_on_triangle_free_regular_graphs(graph: str, edges: int, degree: int) -> None:
    """Fraction cut 1/2 + (1 - 1/d)^((d-1)/2) / (2 sqrt d) (Wang et al., Phys. Rev. A 97, 022304): 0.75, 0.6924500897."""
    of = problem(f"maxcut:graph={graph}")
    circuit, _ = ansatz(of)
    fraction = 0.5 + (1 - 1 / degree) ** ((degree - 1) / 2) / (2 * np.sqrt(degree))
    best = np.array([np.arctan(1 / np.sqrt(degree - 1)), np.pi / 8])
    assert value(of, circuit, best) / edges == pytest.approx(fraction, abs=1e-12)
    if degree == 2:
        assert reached(of) / edges == pytest.approx(fraction, abs=1e-9)


@pytest.mark.parametrize("p", [1, 2, pytest.param(3, marks=pytest.mark.slow)])
def test_rings(p: int) -> None:
    """(2p + 1) / (2p + 2) of the edges on even rings of at least 2p + 2 vertices, found from the ramp."""
    assert reached(problem("maxcut:graph=ring,n=8"), f"qaoa_layers:p={p}") / 8 == pytest.approx(
        (2 * p + 1) / (2 * p + 2), abs=1e-7
    )


def test_phase_and_mixer() -> None:
    """exp(-i beta sum X) exp(-i gamma C) |+...+> with C = -H, for a diagonal Hamiltonian of any kind."""
    of = own(("III", 0.4), ("ZII", 0.3), ("IZZ", -0.7), ("ZZZ", 0.5))
    circuit, _ = ansatz(of, "qaoa_layers:p=1")
    cost, mixer = -of.hamiltonian.to_matrix(), SparsePauliOp(["IIX", "IXI", "XII"]).to_matrix()
    expected = expm(-0.6j * mixer) @ expm(-0.9j * cost) @ Statevector.from_label("+++").data
    found = Statevector(circuit.assign_parameters([0.9, 0.6]))
    assert abs(found.inner(Statevector(expected))) == pytest.approx(1, abs=1e-12)


def test_start_scales_with_the_weights(tmp_path: Path) -> None:
    """Ten times the weights, a tenth of gamma: the same state to start from."""
    starts = []
    for scale in (1.0, 10.0):
        path = tmp_path / "scaled.edges"
        path.write_text("".join(f"{u} {v} {scale * w}\n" for u, v, w in [(0, 1, 1.5), (1, 2, -0.5), (2, 3, 1), (3, 0, 2)]))
        of = problem(str(path))
        circuit, initial = ansatz(of, "qaoa_layers:p=2")
        starts.append(Statevector(circuit.assign_parameters(initial(np.random.default_rng(0)))))
    assert abs(starts[0].inner(starts[1])) == pytest.approx(1, abs=1e-12)


# --- Circuits from files ---------------------------------------------------------------------------------------------

QASM3 = 'OPENQASM 3.0;\ninclude "stdgates.inc";\ninput float[64] b;\ninput float[64] a;\nqubit[2] q;\n'


def test_circuit_from_openqasm_3(tmp_path: Path) -> None:
    """Parameters in the order of declaration, b before a; measurements at the end are dropped; angles may be expressions."""
    path = tmp_path / "own.qasm"
    path.write_text(QASM3 + "bit[2] c;\nry(2 * a) q[0];\ncx q[0], q[1];\nbarrier q;\nrz(b) q[1];\nc = measure q;\n")
    of = problem("h2")
    circuit, _ = ansatz(of, str(path))
    assert [p.name for p in circuit.parameters] == ["input[0]", "input[1]"]
    same = QuantumCircuit(2)
    same.ry(0.6, 0)
    same.cx(0, 1)
    same.rz(0.5, 1)
    expected = Statevector(same).expectation_value(of.hamiltonian).real
    assert value(of, circuit, np.array([0.5, 0.3])) == pytest.approx(expected, abs=1e-12)


def test_circuit_from_qpy(tmp_path: Path) -> None:
    """What Qiskit wrote is read back."""
    circuit = QuantumCircuit(2)
    circuit.ry(Parameter("t") + 1, 0)
    with (tmp_path / "own.qpy").open("wb") as file:
        qpy.dump(circuit, file)
    assert ansatz(problem("h2"), str(tmp_path / "own.qpy")).circuit == circuit


def test_a_circuit_appended_to_another_is_an_ansatz_too(tmp_path: Path) -> None:
    """`append` makes an instruction of it; with a measurement inside it is refused."""
    inner, circuit = QuantumCircuit(2), QuantumCircuit(2)
    inner.ry(Parameter("t"), 0)
    circuit.append(inner, [0, 1])
    path = tmp_path / "own.qpy"
    path.write_bytes(as_qpy(circuit))
    of = problem("h2")
    expected = Statevector(inner.assign_parameters([0.3])).expectation_value(of.hamiltonian).real
    assert value(of, ansatz(of, str(path)).circuit, np.array([0.3])) == pytest.approx(expected, abs=1e-12)
    inner = QuantumCircuit(2, 1)
    inner.measure(0, 0)
    circuit = QuantumCircuit(2, 1)
    circuit.append(inner, [0, 1], [0])
    circuit.rx(Parameter("t"), 1)
    path.write_bytes(as_qpy(circuit))
    with pytest.raises(UsageError, match="own.qpy: holds 'circuit-"):
        ansatz(of, str(path))


def as_qpy(*circuits: QuantumCircuit) -> bytes:
    """The circuits as the content of a QPY file."""
    file = io.BytesIO()
    qpy.dump(list(circuits), file)
    return file.getvalue()


ONE = QuantumCircuit(2)
ONE.ry(Parameter("t"), 0)
OPAQUE = QuantumCircuit(2)
OPAQUE.append(Gate("mystery", 1, [Parameter("t")]), [0])
QASM2 = 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[2];\n'

BAD_FILES = [
    ("a.qasm", QASM3 + "ry(a) q[0]\nrz(b) q[1];\n", ":7:1: not a circuit: syntax error at 'rz'"),
    ("b.qasm", QASM3 + "foo(a) q[0];\n", ":6:1: not a circuit: gate 'foo' is not defined"),
    ("c.qasm3", "hello\n", "not a circuit: syntax error"),
    ("d.qasm", QASM2 + "ry(0.1) q[0];\n", ": has no free parameter; in OpenQASM 3 write one as"),
    ("e.qasm", QASM2 + "ry(0.1 q[0];\n", ":4:8: not a circuit: needed ')'"),
    ("f.qasm", QASM2.replace("qelib1.inc", "/etc/hostname"), ":2:9: not a circuit: unable to find"),
    ("g.qasm", QASM3.replace("[2]", "[3]") + "ry(a) q[0];\n", ": has 3 qubits, the problem has 2"),
    ("h.qasm", QASM3 + "bit c;\nry(a) q[0];\nc = measure q[0];\nry(b) q[0];\n", ": holds 'measure' on qubit 0"),
    ("i.qasm", QASM3 + "ry(a) q[0];\nreset q[1];\n", ": holds 'reset' on qubit 1"),
    ("j.qasm", "OPENQASM 3.0;\nqubit[2000000000] q;\n", ":2:1: not a circuit: a size of 2000000000; at least 1, at most 1000"),
    ("k.qpy", b"not a circuit at all", ": not a circuit: "),
    ("l.qpy", as_qpy(ONE)[:60], ": not a circuit: "),
    ("m.qpy", as_qpy(ONE, ONE), ": holds 2 circuits"),
    ("n.qpy", as_qpy(OPAQUE), ": gate 'mystery' has no definition"),
    ("o.qasm", " \n", ": the file is empty"),
    ("p.qasm", b"\xff\xfe\x00", ":1: not a text file"),
]


@pytest.mark.parametrize(("name", "content", "message"), BAD_FILES, ids=[name for name, _, _ in BAD_FILES])
def test_bad_files(tmp_path: Path, name: str, content: str | bytes, message: str) -> None:
    """Every complaint names the file, and the line where the parser tells."""
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(UsageError) as error:
        ansatz(problem("h2"), str(path))
    assert f"{path}" in str(error.value)
    assert message in str(error.value)


def test_missing_and_unknown_files() -> None:
    """A path that is not there, and a suffix nobody reads."""
    with pytest.raises(UsageError, match="no such file"):
        ansatz(problem("h2"), "./missing.qasm")
    with pytest.raises(UsageError, match=r"Allowed: \.qasm, \.qasm3, \.qpy"):
        ansatz(problem("h2"), "./circuit.json")
