"""Circuits from files: every example, every complaint with line and column, damaged files, what MQT Bench writes."""

import io
import itertools
import math
import re
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit, qasm2, qasm3, qpy
from qiskit.circuit import Gate, Parameter, ParameterVector
from qiskit.quantum_info import Operator, Statevector
from qiskit_aer import AerSimulator
from scipy.linalg import expm

from hybrid.base.errors import MissingPart, UsageError
from hybrid.catalog import qpy_trial
from hybrid.catalog.circuit_file import bind, read_circuit
from hybrid.compilation.transpile import to_isa
from hybrid.device.device import Device

EXAMPLES = Path(__file__).parent.parent / "examples" / "circuits"
QASM2 = 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[2];\ncreg c[2];\n'
QASM3 = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[2] q;\nbit[2] c;\n'


@pytest.fixture
def read(tmp_path):
    """Reads a text as if it stood in a file."""

    def reader(text: str) -> QuantumCircuit:
        path = tmp_path / "own.qasm"
        path.write_text(text)
        return read_circuit(path)

    return reader


def distribution(circuit: QuantumCircuit) -> dict[str, float]:
    """Ideal probability by outcome, as Qiskit writes it, of a circuit measured at its end."""
    source = {item.clbits[0]: item.qubits[0] for item in circuit.data if item.operation.name == "measure"}
    qubits = [circuit.find_bit(source[bit]).index for bit in circuit.clbits]
    found = Statevector(circuit.remove_final_measurements(inplace=False)).probabilities_dict(qubits)
    sizes = [register.size for register in reversed(circuit.cregs)] or [circuit.num_clbits]
    starts = [0, *itertools.accumulate(sizes)]
    return {
        " ".join(bits[start : start + size] for start, size in zip(starts, sizes, strict=False)): value
        for bits, value in found.items()
        if value > 1e-12
    }


# --- Examples --------------------------------------------------------------------------------------------------------


def quench() -> dict[str, float]:
    """First-order Trotter steps of the chain, from matrices."""
    x, z = np.array([[0, 1], [1, 0]]), np.diag([1, -1])

    def on(operator: np.ndarray, *where: int) -> np.ndarray:
        result = np.eye(1)
        for qubit in reversed(range(4)):
            result = np.kron(result, operator if qubit in where else np.eye(2))
        return result

    step = expm(0.2j * sum(on(x, i) for i in range(4))) @ expm(0.2j * sum(on(z, i, i + 1) for i in range(3)))
    return {f"{k:04b}": float(p) for k, p in enumerate(np.abs(np.linalg.matrix_power(step, 3)[:, 0]) ** 2)}


FOUND = math.sin(5 * math.asin(8**-0.5)) ** 2
IDEAL = {
    "adder_2_bits.qasm": {"100": 1},
    "bell.qasm": {"00": 0.5, "11": 0.5},
    "bernstein_vazirani_4.qasm": {"1011": 1},
    "ghz_4_x_basis.qasm": {f"{k:04b}": 1 / 8 for k in range(16) if k.bit_count() % 2 == 0},
    "ghz_5.qasm": {"00000": 0.5, "11111": 0.5},
    "grover_3.qasm": {f"{k:03b}": FOUND if k == 6 else (1 - FOUND) / 7 for k in range(8)},
    "ising_quench.qasm": quench(),
    "qft_4_wave.qasm": {"0101": 1},
    "ramsey.qasm": {"1": math.cos(0.4) ** 2, "0": math.sin(0.4) ** 2},
    "register_order.qasm": {"001 01": 1},
    "teleportation.qasm": {
        f"{received} {sent}": (math.sin(0.5) ** 2 if received == "1" else math.cos(0.5) ** 2) / 4
        for received, sent in itertools.product("01", ("00", "01", "10", "11"))
    },
    "w_state_3.qasm": {"001": 1 / 3, "010": 1 / 3, "100": 1 / 3},
}
BOUND = {"ramsey.qasm": {"phi": 0.8}}
FEED_FORWARD = EXAMPLES.parent.parent / "seeds" / "teleportation_feed_forward.qasm"


def test_every_example_is_tested_and_described():
    files = {path.name for path in EXAMPLES.iterdir()} - {"README.md"}
    assert files == set(IDEAL)
    rows = re.findall(r"^\| `(\S+)` \| (OpenQASM \d)", (EXAMPLES / "README.md").read_text(), re.MULTILINE)
    assert {name for name, _ in rows} == files
    assert all(f"{language.upper()}.0;" in (EXAMPLES / name).read_text() for name, language in rows)


@pytest.mark.parametrize("name", sorted(IDEAL))
def test_example(name):
    """The ideal distribution is what the file's comment says, and the circuit fits on the stand-in."""
    circuit = bind(read_circuit(EXAMPLES / name), BOUND.get(name, {}))
    assert distribution(circuit) == pytest.approx(IDEAL[name], abs=1e-9)
    unitary = circuit.remove_final_measurements(inplace=False)
    assert to_isa(unitary, Device.load("meluxina-q")).circuit.size()


def test_numbers_in_the_comments():
    """0.345 and 0.945 are what the files and the README promise."""
    assert quench()["0000"] == pytest.approx(0.345, abs=5e-4)
    assert pytest.approx(0.945, abs=5e-4) == FOUND
    assert math.cos(0.4) ** 2 == pytest.approx(0.848, abs=5e-4)
    assert math.sin(0.5) ** 2 == pytest.approx(0.230, abs=5e-4)


def test_feed_forward():
    """What was measured steers what follows: the received bit does not depend on the sent ones."""
    circuit = read_circuit(FEED_FORWARD)
    assert circuit.count_ops()["if_else"] == 2
    shots = 20_000
    counts = AerSimulator(seed_simulator=3, max_parallel_threads=1).run(circuit, shots=shots).result().get_counts()
    for received, sent in itertools.product("01", ("00", "01", "10", "11")):
        p = (math.sin(0.5) ** 2 if received == "1" else math.cos(0.5) ** 2) / 4
        assert abs(counts[f"{received} {sent}"] - shots * p) < 5 * math.sqrt(shots * p * (1 - p))


def test_ansatz_of_the_seeds():
    assert read_circuit(EXAMPLES.parent.parent / "seeds" / "ry_ansatz.qasm").num_parameters == 4


# --- What is understood ----------------------------------------------------------------------------------------------

SAME = [
    ("u1(0.1) q[0]; u2(0.2, 0.3) q[0]; u3(0.4, 0.5, 0.6) q[1]; cx q[1], q[0];", None),
    ("gate mine(a) x, y { rx(a) x; cx x, y; rz(-a / 3) y; } mine(0.7) q[1], q[0];", None),
    ("u(0.4, 0.5, 0.6) q[1]; rzz(0.3) q[0], q[1]; sxdg q[0]; cu1(0.2) q[1], q[0];", "U(0.4, 0.5, 0.6) q[1]; gate rzz(a) x, y "
     "{ cx x, y; rz(a) y; cx x, y; } rzz(0.3) q[0], q[1]; inv @ sx q[0]; cp(0.2) q[1], q[0];"),
    ("h q[0]; h q[1]; rx(0.1) q[1]; rx(0.2) q[1];", "for int i in [0:1] { h q[i]; } for int k in {1, 2} { rx(k * 0.1) q[1]; }"),
    ("x q[1]; h q[0];", "for uint i in [1:-1:0] { for int k in [1:i] { x q[i]; } } const int last = 1; h q[last - 1];"),
    ("rx(1.5) q[0]; rx(0.25) q[0]; ry(2) q[1];", "const float a = 1; const int a2 = 2; rx(1.5) q[0]; rx(a / 4) q[0]; "
     "gate g(a) x { ry(a) x; } g(a2) q[1];"),
]  # fmt: skip


@pytest.mark.parametrize(("two", "three"), SAME)
def test_both_languages_mean_the_same(read, two, three):
    assert Operator(read(QASM2 + two)).equiv(read(QASM3 + (three or two)))


def test_single_bits_are_part_of_the_outcome(read):
    """Each is a register of its own, in the order of the declarations."""
    circuit = read('OPENQASM 3.0; include "stdgates.inc"; bit first; qubit[4] q; bit[2] c; x q[0]; x q[1]; bit last;'
                   "first = measure q[0]; c[0] = measure q[1]; last = measure q[2]; c[1] = measure q[3];")  # fmt: skip
    assert [(register.name, register.size) for register in circuit.cregs] == [("first", 1), ("c", 2), ("last", 1)]
    assert distribution(circuit) == pytest.approx({"0 01 1": 1})


@pytest.mark.parametrize("condition", ["c[1] == 1", "c[1]", "c[1] == true", "c[1] != 0", "1 == c[1]", "c == 2", "m == 1", "m"])
def test_conditions(read, condition):
    """The branch is taken exactly when the bit is 1."""
    text = QASM3 + "x q[1]; c[1] = measure q[1]; bit m; m = measure q[1];"
    circuit = read(text + f"if ({condition}) {{ x q[0]; }} else {{ z q[0]; }} c[0] = measure q[0];")
    assert AerSimulator(max_parallel_threads=1).run(circuit, shots=20).result().get_counts() == {"1 11": 20}


def test_while(read):
    """Until a 1 is seen."""
    circuit = read(QASM3 + "c[0] = measure q[0]; while (c[0] == 0) { h q[0]; c[0] = measure q[0]; }")
    assert AerSimulator(max_parallel_threads=1).run(circuit, shots=20).result().get_counts() == {"01": 20}


def test_without_a_version(read):
    """OpenQASM 3, unless the include says otherwise; comments do not count."""
    assert read('include "qelib1.inc";\nqreg q[1];\nu2(0, pi) q[0];').count_ops() == {"u2": 1}
    assert read('// OPENQASM 2.0; "qelib1.inc"\n/*\nOPENQASM 2.0;\n*/ include "stdgates.inc";\nqubit q;\nh q;').num_qubits == 1
    assert read("\ufeffOPENQASM 2.0;\n// qreg a[5000];\nqreg q[1];\nU(0, 0, pi) q[0];").num_qubits == 1


def test_qpy(tmp_path):
    """Everything Qiskit writes comes back: parameters, own gates, branches, measurements; in every version it writes."""
    inner = QuantumCircuit(2, name="mine")
    inner.h(0)
    inner.cx(0, 1)
    circuit = QuantumCircuit(3, 2)
    circuit.append(inner.to_gate(), [0, 2])
    circuit.rx(2 * Parameter("t"), 1)
    circuit.unitary(np.eye(2), [1])
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], True)):
        circuit.x(1)
    for version in range(qpy.QPY_COMPATIBILITY_VERSION, qpy.QPY_VERSION + 1):
        path = tmp_path / f"{version}.qpy"
        with path.open("wb") as file:
            qpy.dump(circuit, file, version=version)
        assert read_circuit(path) == circuit


# --- What is not -----------------------------------------------------------------------------------------------------

BAD = [
    (QASM2 + "foo q[0];", ":5:1: not a circuit: 'foo' is not defined"),
    (QASM2 + "  h q[0]\nx q[1];", ":6:1: not a circuit: needed ';'"),
    (QASM2 + "h r[0];", ":5:3: not a circuit: 'r' is not defined"),
    (QASM2 + "h q[2];", ":5:5: not a circuit: index 2 is out-of-range"),
    (QASM2 + "cx q[0], q[0];", ":5:1: not a circuit: duplicate"),
    (QASM2 + "rx(theta) q[0];", ":5:4: not a circuit: 'theta' is not"),
    (QASM2 + "defcal x q[0] {}", ":5:1: not a circuit: 'defcal' is not defined"),
    (QASM2 + "opaque magic a;\nmagic q[0];", ": gate 'magic' has no definition"),
    (QASM2 + "opaque magic a;\ngate trick a { magic a; }\ntrick q[0];", ": gate 'magic' has no definition"),
    (QASM2 + "rx(1e999) q[0];", ": 'rx' has an angle or duration that is not a finite number"),
    (QASM2 + "qreg  big[1001];", ":5:1: a size of 1001; at most 1000"),
    (QASM2 + "/* not a comment here */", ":5:1: not a circuit"),
    ("OPENQASM 2.0;\nqreg a[999];\nqreg b[999];", ": has 1998 qubits; at most 1000"),
    ("OPENQASM 2.0;\ncreg c[2];", ": declares no qubit"),
    ('OPENQASM 2.0;\ninclude "/etc/hostname";', ":2:9: not a circuit: unable to find"),
    (QASM3 + "foo q[0];", ":5:1: not a circuit: gate 'foo' is not defined."),
    (QASM3 + "h q[0]\nx q[1];", ":6:1: not a circuit: syntax error at 'x' (is a ';' missing before it?)."),
    (QASM3 + "h q[0]", ":5:7: not a circuit: syntax error at the end of the file"),
    (QASM3 + "h r[0];", ":5:3: not a circuit: Undefined symbol 'r'"),
    (QASM3 + "x q[0];\n\n  h q[2];", ":7:3: not a circuit: index out of range"),
    (QASM3 + "cx q[0], q[0];", ":5:1: not a circuit: duplicate"),
    (QASM3 + "rx(1 / 0) q[0];", ":5:1: not a circuit: "),
    (QASM3 + "rzz(0.1) q[0], q[1];", "gate 'rzz' is not defined: it is not in stdgates.inc"),
    ("OPENQASM 3.0;\nqubit q;\nh q;", ":3:1: not a circuit: gate 'h' is not defined; 'include \"stdgates.inc\";'"),
    (QASM3 + "qubit[2] q;", ":5:1: not a circuit: register name \"q\" already exists"),
    (QASM3 + "bit s;", ":5:1: not a circuit: 's' is already defined"),
    (QASM3 + "defcal x $0 { }", ":5:1: not supported: pulse calibrations ('defcal')"),
    (QASM3 + 'defcalgrammar "openpulse";', ":5:1: not supported: pulse calibrations ('defcalgrammar')"),
    (QASM3 + "cal { }", ":5:1: not supported: pulse calibrations ('cal')"),
    (QASM3 + "play(drive(q), w);", ":5:"),
    (QASM3 + "pulse.play(d, w);", ":5:6: not a circuit: syntax error at '.'"),
    (QASM3 + "def f(qubit a) { h a; }", ":5:1: not supported: subroutines ('def')"),
    (QASM3 + "extern f(int) -> int;", ":5:1: not supported: 'extern' functions"),
    (QASM3 + "h q[0];\nswitch (c) { case 1 { x q[0]; } }", ":6:1: not supported: 'switch'"),
    (QASM3 + "rx(sin(1.0)) q[0];", ":5:4: not supported: functions in expressions"),
    (QASM3 + "int k = 2;", ":5:1: not a circuit: declarations of type 'int' are not supported"),
    (QASM3 + "const bit k = 1;", ":5:1: not supported: constants other than numbers"),
    (QASM3 + "for int i in [0:1] { break; }", ":5:22: not supported: 'break' in a 'for' loop"),
    (QASM3 + "for int i in [0:2000000000] { h q; }", ":5:1: not a circuit: 'for' unrolls to more than"),
    (QASM3 + "for int i in [0:1] { for int k in [0:2000000000] { } }", ":5:22: not a circuit: 'for' unrolls to more than"),
    (QASM3 + "for int i in [0:0:1] { h q; }", ":5:1: not a circuit: a loop's step may not be 0"),
    (QASM3 + "for float i in [0:1] { h q; }", ":5:1: not supported: loops over anything but whole numbers"),
    (QASM3 + "for int i in c { h q; }", ":5:1: not supported: loops over anything but constant"),
    (QASM3 + "qubit[2_000_000_000] r;", ":5:1: not a circuit: a size of 2000000000; at least 1, at most 1000"),
    (QASM3 + "bit[1000 * 1000] r;", ":5:1: not a circuit: a size of 1000000"),
    (QASM3 + "qreg r[0xffffffff];", ":5:1: not a circuit: a size of 4294967295"),
    (QASM3 + "qubit[pi] r;", ": a register's size must be a whole number"),
    ('OPENQASM 3.0;\ninclude "stdgates.inc";\nh $2000000000;', ":3:3: not a circuit: qubit '$2000000000'; at most 1000"),
    (QASM3 + f"rx({'(' * 5000}1{')' * 5000}) q[0];", ":5:103: not a circuit: more than 100 nested brackets"),
    (QASM3 + "rx(" + "1 + " * 5000 + "1) q[0];", "nested too deeply"),
    (QASM3 + 'include "/etc/hostname";', ":5:1: not a circuit: only \"stdgates.inc\" can be included"),
    ("OPENQASM 4.0;\nqubit q;", ": OpenQASM 4.0; 2.0 and 3 are read"),
    ("OPENQASM 3.0;\nbit c;", ": declares no qubit"),
    ("hello", ":1:6: not a circuit: syntax error"),
    (" \n", ": the file is empty"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), BAD, ids=range(len(BAD)))
def test_wrong_files(read, text, message, capfd):
    """The complaint names the file, where the parser tells the line and column, and the thing; nothing else is printed."""
    with pytest.raises(UsageError) as error:
        read(text)
    assert re.search(r"own\.qasm(?=:)", str(error.value))
    assert message in str(error.value)
    assert capfd.readouterr() == ("", "")


def as_qpy(*circuits: QuantumCircuit) -> bytes:
    """The circuits as the content of a QPY file."""
    file = io.BytesIO()
    qpy.dump(list(circuits), file)
    return file.getvalue()


def damaged(offset: int) -> bytes:
    """A circuit with a branch, its file claiming 2^31 (qu)bits more in the header at or after `offset`."""
    circuit = QuantumCircuit(2, 1)
    with circuit.if_test((circuit.clbits[0], True)):
        circuit.x(0)
    content = bytearray(as_qpy(circuit))
    header = content.index(b"f\x00\x08", offset)
    content[header + 3] |= 0x80
    return bytes(content)


def greedy() -> bytes:
    """A file of some 500 bytes that claims 2^31 definitions of gates: the reader allocates them at once, and aborts."""
    circuit, both = QuantumCircuit(2), QuantumCircuit(2, name="both")
    both.cx(0, 1)
    circuit.append(both.to_gate(), [0, 1])
    content = as_qpy(circuit)
    place = content.index(b"\x01\x01q") + 8
    return content[:place] + b"\x7f\xff\xff\xff" + content[place + 4 :]


ONE, OPAQUE = QuantumCircuit(1), QuantumCircuit(1)
ONE.x(0)
OPAQUE.append(Gate("mystery", 1, []), [0])
BAD_BYTES = [
    ("a.qasm", b"\x7fELF\x02\x01\x00", ":1: not a text file"),
    ("b.qasm", b"OPENQASM 3.0;\nqubit q;\xff\xfe\x00", ":2: not a text file"),
    ("c.qasm", as_qpy(ONE), "not a text file"),
    ("d.qpy", b"OPENQASM 3.0;", "this is no QPY file"),
    ("e.qpy", as_qpy(ONE)[:50], "not a circuit"),
    ("f.qpy", as_qpy(ONE, ONE), "holds 2 circuits"),
    ("g.qpy", as_qpy(OPAQUE), "gate 'mystery' has no definition"),
    ("h.qpy", damaged(0), "claims 2147483650 bits; at most 1000"),
    ("i.qpy", damaged(100), "claims 2147483649 bits; at most 1000"),
    ("j.qpy", as_qpy(ONE)[:6] + b"\xff" + as_qpy(ONE)[7:], "QPY version 255; 5 to"),
    ("k.qpy", as_qpy(ONE)[:10] + b"\xff" * 8 + as_qpy(ONE)[18:], "holds 18446744073709551615 circuits"),
    ("l.qpy", greedy(), "takes more than 512 MiB of memory"),
    ("m.json", b"{}", "circuits are read from files ending in .qasm"),
]


@pytest.mark.parametrize(("name", "content", "message"), BAD_BYTES, ids=[name for name, _, _ in BAD_BYTES])
def test_wrong_bytes(tmp_path, name, content, message):
    """Binary where text is due, and QPY that would have the process killed for memory."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError) as error:
        read_circuit(tmp_path / name)
    assert message in str(error.value)
    assert name in str(error.value)


def test_a_missing_importer_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "hybrid.catalog.qasm3", None)
    (tmp_path / "own.qasm").write_text(QASM3)
    with pytest.raises(MissingPart, match="pip install qiskit-qasm3-import"):
        read_circuit(tmp_path / "own.qasm")


VALID = [
    *[("x.qasm", path.read_bytes()) for path in sorted(EXAMPLES.glob("*.qasm"))],
    ("x.qpy", as_qpy(read_circuit(FEED_FORWARD))),
    ("x.qpy", as_qpy(read_circuit(EXAMPLES / "adder_2_bits.qasm"))),
]


@settings(max_examples=300)
@given(st.data())
def test_damaged_files(data):
    """A cut or a changed byte gives a circuit or a complaint, nothing else. One byte claims no huge size: no trial."""
    name, content = data.draw(st.sampled_from(VALID))
    where = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        content = content[:where]
    else:
        content = content[:where] + bytes([data.draw(st.integers(0, 255))]) + content[where + 1 :]
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(qpy_trial, "complaint", lambda content: "")
        path = Path(folder) / name
        path.write_bytes(content)
        try:
            found = read_circuit(path)
        except UsageError as error:
            assert str(path) in str(error)
        else:
            assert 0 < found.num_qubits <= 1000


# --- Parameters ------------------------------------------------------------------------------------------------------


def test_bind():
    a, b = Parameter("a"), ParameterVector("b", 2)
    circuit = QuantumCircuit(1, 1)
    circuit.rx(a / b[0], 0)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], True)):
        circuit.rz(b[1], 0)
    values = {"a": 1.0, "b[0]": 2, "b[1]": 0.25}
    bound = bind(circuit, values)
    assert (bound.num_parameters, circuit.num_parameters) == (0, 3)
    assert float(bound.data[0].operation.params[0]) == 0.5
    assert float(bound.data[2].operation.blocks[0].data[0].operation.params[0]) == 0.25
    for wrong, message in (
        ({"a": 1.0, "b[2]": 2.0}, "unknown parameter of the circuit: 'b[2]'. Did you mean"),
        ({"a": 1.0, "c": 2.0}, "Allowed: a, b[0], b[1]"),
        ({"b[0]": 1.0}, "need values: a, b[1]"),
        (values | {"a": math.nan}, "'a' must be a finite number, not nan"),
        (values | {"a": math.inf}, "'a' must be a finite number, not inf"),
        (values | {"b[0]": 0.0}, "no circuit with a=1.0, b[0]=0.0"),
    ):
        with pytest.raises(UsageError) as error:
            bind(circuit, wrong)
        assert message in str(error.value)
    with pytest.raises(UsageError, match="the circuit has no free parameter; 'a' was given"):
        bind(ONE, {"a": 1.0})
    assert bind(ONE, {}) == ONE


def test_an_unused_input_is_a_parameter(read):
    """It is asked for, and changes nothing."""
    circuit = read(QASM3 + "input angle[32] unused;\nx q[0];")
    assert Operator(bind(circuit, {"unused": 0.3})) == Operator(read(QASM3 + "x q[0];"))


# --- MQT Bench -------------------------------------------------------------------------------------------------------

BENCH = [("ghz", 3), ("ghz", 10), ("qft", 4), ("qft", 10), ("qpeexact", 4), ("qpeexact", 10), ("grover", 4), ("grover", 6),
         ("dj", 4), ("wstate", 4), ("graphstate", 4), ("ae", 4), ("randomcircuit", 5), ("iqpe", 4)]  # fmt: skip


WRITTEN = [(name, n, language) for name, n in BENCH for language in (qasm2, qasm3) if (name, language) != ("iqpe", qasm2)]
"""All but bits as conditions, which OpenQASM 2 does not have."""


@pytest.mark.parametrize(("name", "n", "language"), WRITTEN, ids=lambda x: getattr(x, "__name__", str(x)))
def test_mqt_bench(read, name, n, language):
    """Target-independent circuits (Quetschlich et al., arXiv:2204.13719) are what they were before they were written."""
    bench = pytest.importorskip("mqt.bench")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        circuit = bench.get_benchmark(name, bench.BenchmarkLevel.INDEP, n)
        if name == "ae":  # Qiskit cannot write a controlled matrix
            circuit = circuit.decompose("c-unitary")
    found = read(language.dumps(circuit))
    assert (found.num_qubits, found.num_clbits) == (circuit.num_qubits, circuit.num_clbits)
    if name == "iqpe":
        run = AerSimulator(seed_simulator=1, max_parallel_threads=1).run
        first, second = (run(c, shots=2000).result().get_counts() for c in (circuit, found))
        assert first.keys() == second.keys()
        return
    measured = [
        [(c.find_bit(i.qubits[0]).index, c.find_bit(i.clbits[0]).index) for i in c.data if i.operation.name == "measure"]
        for c in (circuit, found)
    ]
    assert measured[0] == measured[1]
    before, after = (c.remove_final_measurements(inplace=False) for c in (circuit, found))
    if n <= 6:
        assert Operator(after).equiv(Operator(before))
    else:
        assert abs(Statevector(after).inner(Statevector(before))) == pytest.approx(1, abs=1e-9)
