"""OpenQASM 3 as the specification has it where Qiskit's importer differs: order of inputs and of arguments, phases of gates."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit, qasm3
from qiskit.circuit import ParameterVector
from qiskit.circuit.library import real_amplitudes
from qiskit.quantum_info import Operator, Statevector

from hybrid.catalog.circuit_file import inputs_in_order, read_circuit

HEAD = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'
NAMES = st.lists(st.from_regex(r"[a-z]{1,2}_[0-9]{1,2}", fullmatch=True), min_size=2, max_size=12, unique=True)


def u(theta: float, phi: float, lam: float) -> np.ndarray:
    """U of the specification (OpenQASM 3.0, "Built-in gates")."""
    turn = np.exp(1j * theta)
    return (
        np.array(
            [
                [1 + turn, -1j * np.exp(1j * lam) * (1 - turn)],
                [1j * np.exp(1j * phi) * (1 - turn), np.exp(1j * (phi + lam)) * (1 + turn)],
            ]
        )
        / 2
    )


def phased(angle: float, gate: np.ndarray) -> np.ndarray:
    return np.exp(1j * angle) * gate


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    path = tmp_path_factory.mktemp("qasm") / "own.qasm"

    def reader(text: str) -> QuantumCircuit:
        path.write_text(HEAD + text)
        return read_circuit(path)

    return reader


# From stdgates.inc: u2(phi, lambda) = gphase(-(phi + lambda + pi/2)/2) U(pi/2, phi, lambda), u3 = gphase(-(sum)/2) U.
@pytest.mark.parametrize(
    ("gate", "expected"),
    [
        ("U(0.3, 0.2, 0.1)", u(0.3, 0.2, 0.1)),
        ("u3(0.3, 0.2, 0.1)", phased(-0.3, u(0.3, 0.2, 0.1))),
        ("u2(0.2, 0.1)", phased(-(0.3 + np.pi / 2) / 2, u(np.pi / 2, 0.2, 0.1))),
        ("rx(0.3)", phased(-0.15, u(0.3, -np.pi / 2, np.pi / 2))),
        ("pow(2) @ U(0.3, 0.2, 0.1)", u(0.3, 0.2, 0.1) @ u(0.3, 0.2, 0.1)),
        ("inv @ U(0.3, 0.2, 0.1)", u(0.3, 0.2, 0.1).conj().T),
        ("own(0.2, 0.3)", u(0.3, 0.2, 0.1)),
    ],
)
def test_controlled_gates_have_the_phase_of_the_specification(read, gate, expected):
    own = "gate own(b, a) q { U(a, b, 0.1) q; }\n"
    found = Operator(read(f"{own}qubit[2] q;\nctrl @ {gate} q[1], q[0];")).data
    assert np.allclose(found, np.block([[np.eye(2), np.zeros((2, 2))], [np.zeros((2, 2)), expected]]), atol=1e-12)  # rounding


@given(names=NAMES, data=st.data())
@settings(max_examples=30)
def test_arguments_of_a_gate_follow_its_declaration(read, names, data):
    """By name, as Qiskit sorts parameters, p_10 would come before p_2."""
    angles = [round(0.1 * i, 2) for i in data.draw(st.permutations(range(1, len(names) + 1)))]
    body = "".join(f"r{axis}({name}) q; " for name, axis in zip(names, "xyz" * 4, strict=False))
    found = read(f"gate own({', '.join(names)}) q {{ {body}}}\nqubit[1] r;\nown({', '.join(map(str, angles))}) r[0];")
    expected = QuantumCircuit(1)
    for angle, axis in zip(angles, "xyz" * 4, strict=False):
        getattr(expected, f"r{axis}")(angle, 0)
    assert np.allclose(Operator(found).data, Operator(expected).data, atol=1e-12)


@given(names=NAMES)
@settings(max_examples=30)
def test_inputs_follow_their_declaration(read, names):
    inputs = "".join(f"input float[64] {name};\n" for name in names)
    gates = "".join(f"r{axis}({name}) q[0];\n" for name, axis in zip(names, "xyz" * 4, strict=False))
    circuit = inputs_in_order(read(f"{inputs}qubit[1] q;\n{gates}"))
    angles = np.arange(1, len(names) + 1) / 10
    expected = QuantumCircuit(1)
    for angle, axis in zip(angles, "xyz" * 4, strict=False):
        getattr(expected, f"r{axis}")(angle, 0)
    assert np.allclose(Operator(circuit.assign_parameters(angles)).data, Operator(expected).data, atol=1e-12)


@pytest.mark.parametrize("reps", [1, 3, 5])
def test_a_vector_that_qiskit_writes_keeps_its_order(read, reps):
    """Of 3 (reps + 1) elements, which Qiskit declares as _theta_0_, _theta_1_, ..."""
    ansatz = real_amplitudes(3, reps=reps)
    x = np.arange(1, ansatz.num_parameters + 1) / 10
    text = qasm3.dumps(ansatz).removeprefix(HEAD)
    circuit = inputs_in_order(read(text))
    assert np.allclose(Statevector(circuit.assign_parameters(x)), Statevector(ansatz.assign_parameters(x)), atol=1e-12)
    assert {p.name for p in read(text).parameters} == {f"_θ_{i}_" for i in range(len(x))}  # --bind takes the file's names


def test_the_initial_point_follows_the_declaration(command, tmp_path):
    """The least to tell the order: <Z Z> = cos b cos a of two rotations, times the sign of one at pi."""
    vector = ParameterVector("v", 12)
    circuit = QuantumCircuit(2)
    for i, element in enumerate(vector):
        circuit.ry(element, i % 2)
    (tmp_path / "v.qasm").write_text(qasm3.dumps(circuit))
    (tmp_path / "zi.pauli").write_text("1 IZ\n")
    x = np.arange(1, 13) / 10
    words = ",".join(f"{value:g}" for value in x)
    code, out, _ = command(
        *f"run vqe {tmp_path}/zi.pauli --ansatz {tmp_path}/v.qasm --initial-point {words} --max-evals 0 --json".split(),
        *("--results", str(tmp_path)),
    )
    assert code == 0 and f'"value": {np.cos(x[::2].sum()):.9f}'[:-1] in out
