"""Circuits: OpenQASM 2 read by hand and OpenQASM 3 from the project's own syntax tree, both followed step by step.

What is compared is the state, and the classical bits, behind every sequence of measured bits. QPY has no other definition than
Qiskit's reader: what the package made of a file equals it.
"""

import cmath
import io
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from qiskit import QuantumCircuit, qpy
from qiskit.circuit.classical import expr
from qiskit.quantum_info import Operator

from readers import NotCompared
from readers.graphs import text_of

MOST_QUBITS, MOST_MEASURED = 9, 9


def turn(theta: float, phi: float, lam: float) -> np.ndarray:
    """U(theta, phi, lambda), without a phase on its first entry."""
    c, s = np.cos(theta / 2), np.sin(theta / 2)
    return np.array([[c, -cmath.exp(1j * lam) * s], [cmath.exp(1j * phi) * s, cmath.exp(1j * (phi + lam)) * c]])


def controlled(matrix: np.ndarray) -> np.ndarray:
    """With one more control, before its qubits."""
    size = len(matrix)
    return np.block([[np.eye(size), np.zeros((size, size))], [np.zeros((size, size)), matrix]])


PI = np.pi
X, Z = turn(PI, 0, PI), turn(0, 0, PI)
SWAP = np.eye(4)[[0, 2, 1, 3]]
GATES: dict[str, tuple[int, Callable[..., np.ndarray]]] = {
    "id": (0, lambda: np.eye(2)),
    "x": (0, lambda: X),
    "y": (0, lambda: turn(PI, PI / 2, PI / 2)),
    "z": (0, lambda: Z),
    "h": (0, lambda: turn(PI / 2, 0, PI)),
    "s": (0, lambda: turn(0, 0, PI / 2)),
    "sdg": (0, lambda: turn(0, 0, -PI / 2)),
    "t": (0, lambda: turn(0, 0, PI / 4)),
    "tdg": (0, lambda: turn(0, 0, -PI / 4)),
    "sx": (0, lambda: cmath.exp(1j * PI / 4) * turn(PI / 2, -PI / 2, PI / 2)),
    "p": (1, lambda lam: turn(0, 0, lam)),
    "u1": (1, lambda lam: turn(0, 0, lam)),
    "rx": (1, lambda theta: turn(theta, -PI / 2, PI / 2)),
    "ry": (1, lambda theta: turn(theta, 0, 0)),
    "rz": (1, lambda phi: cmath.exp(-0.5j * phi) * turn(0, 0, phi)),
    "u2": (2, lambda phi, lam: turn(PI / 2, phi, lam)),
    "u3": (3, turn),
    "u": (3, turn),
    "U": (3, turn),
    "cx": (0, lambda: controlled(X)),
    "CX": (0, lambda: controlled(X)),
    "cy": (0, lambda: controlled(turn(PI, PI / 2, PI / 2))),
    "cz": (0, lambda: controlled(Z)),
    "ch": (0, lambda: controlled(turn(PI / 2, 0, PI))),
    "swap": (0, lambda: SWAP),
    "ccx": (0, lambda: controlled(controlled(X))),
    "cswap": (0, lambda: controlled(SWAP)),
    "cp": (1, lambda lam: controlled(turn(0, 0, lam))),
    "cu1": (1, lambda lam: controlled(turn(0, 0, lam))),
    "crx": (1, lambda theta: controlled(turn(theta, -PI / 2, PI / 2))),
    "cry": (1, lambda theta: controlled(turn(theta, 0, 0))),
    "crz": (1, lambda phi: controlled(cmath.exp(-0.5j * phi) * turn(0, 0, phi))),
    "cu3": (3, lambda theta, phi, lam: controlled(turn(theta, phi, lam))),
}
"""Name -> its number of angles and its matrix, first qubit first. OpenQASM 3.0, stdgates.inc; OpenQASM 2, qelib1.inc."""


class Branch(NamedTuple):
    """What was measured so far, one after the other, the classical bits, and the state, which is not normalised."""

    measured: tuple[int, ...]
    bits: tuple[int, ...]
    state: np.ndarray


class Machine:
    """Follows a circuit through all that its measurements may give."""

    def __init__(self, n_qubits: int, n_bits: int) -> None:
        if n_qubits > MOST_QUBITS:
            raise NotCompared(f"{n_qubits} qubits")
        state = np.zeros((2,) * n_qubits, dtype=complex)
        state[(0,) * n_qubits] = 1
        self.branches = [Branch((), (0,) * n_bits, state)]

    def gate(self, matrix: np.ndarray, qubits: Sequence[int]) -> None:
        """The matrix on these qubits, the first one its most significant."""
        assert len(set(qubits)) == len(qubits)
        k = len(qubits)
        tensor = matrix.reshape((2,) * 2 * k)
        self.branches = [
            one._replace(state=np.moveaxis(np.tensordot(tensor, one.state, (range(k, 2 * k), qubits)), range(k), qubits))
            for one in self.branches
        ]

    def measure(self, qubit: int, bit: int | None) -> None:
        """Both outcomes; None: the outcome is dropped and the qubit reset."""
        after = []
        for one in self.branches:
            for value in (0, 1):
                state = np.zeros_like(one.state)
                place = (slice(None),) * qubit
                state[(*place, 0 if bit is None else value)] = one.state[(*place, value)]
                bits = [*one.bits]
                if bit is not None:
                    bits[bit] = value
                after.append(Branch((*one.measured, value), tuple(bits), state))
        self.branches = [one for one in after if np.vdot(one.state, one.state).real > 1e-20]
        if any(len(one.measured) > MOST_MEASURED for one in self.branches):
            raise NotCompared("many measurements")

    def where(self, holds: Callable[[tuple[int, ...]], bool], then: Callable[[], None], other: Callable[[], None]) -> None:
        """Each branch goes on by what its bits say."""
        parted = [[one for one in self.branches if holds(one.bits) is truth] for truth in (True, False)]
        done: list[Branch] = []
        for self.branches, act in zip(parted, (then, other), strict=True):
            if self.branches:
                act()
            done += self.branches
        self.branches = done


def same(left: Machine, right: Machine) -> None:
    """The same branches with the same bits and states, but for a phase."""
    mine, theirs = ({one.measured: one for one in machine.branches} for machine in (left, right))
    assert mine.keys() == theirs.keys(), "other outcomes"
    for key, one in mine.items():
        other = theirs[key]
        assert one.bits == other.bits, "other bits"
        assert one.state.shape == other.state.shape, "other qubits"
        norms = [np.vdot(state, state).real for state in (one.state, other.state)]
        overlap = abs(np.vdot(one.state, other.state))
        assert np.allclose(norms, overlap, atol=1e-9), "another state"  # some hundred products of doubles


def followed(circuit: QuantumCircuit) -> Machine:
    """What Qiskit's circuit does; matrices of gates from Qiskit."""
    machine = Machine(circuit.num_qubits, circuit.num_clbits)
    _follow(machine, circuit, range(circuit.num_qubits), range(circuit.num_clbits))
    return machine


def _follow(machine: Machine, circuit: QuantumCircuit, qubits: Sequence[int], bits: Sequence[int]) -> None:
    place = {bit: bits[i] for i, bit in enumerate(circuit.clbits)}
    for instruction in circuit.data:
        operation: Any = instruction.operation
        on = [qubits[circuit.find_bit(q).index] for q in instruction.qubits]
        into = [place[c] for c in instruction.clbits]
        if operation.name == "measure":
            machine.measure(on[0], into[0])
        elif operation.name == "reset":
            machine.measure(on[0], None)
        elif operation.name == "if_else":
            blocks = [*operation.blocks, QuantumCircuit()][:2]
            acts = [partial(_follow, machine, block, on, into) for block in blocks]
            machine.where(_condition(operation.condition, place), acts[0], acts[1])
        elif operation.name not in ("barrier", "delay"):
            if into:
                raise NotCompared(operation.name)
            machine.gate(Operator(operation).data, on[::-1])


def _condition(condition: Any, place: dict[Any, int]) -> Callable[[tuple[int, ...]], bool]:
    """Of a bit or a register that equals a number; or a bit alone, or its opposite."""
    if isinstance(condition, expr.Var):
        return lambda bits: bits[place[condition.var]] == 1
    if isinstance(condition, expr.Unary) and isinstance(condition.operand, expr.Var):
        return lambda bits: bits[place[condition.operand.var]] == 0  # pyright: ignore[reportAttributeAccessIssue]
    if not isinstance(condition, tuple):
        raise NotCompared("a condition")
    what, value = condition
    members = [place[what]] if what in place else [place[bit] for bit in what]
    return lambda bits: sum(bits[c] << i for i, c in enumerate(members)) == int(value)


def bound(circuit: QuantumCircuit) -> QuantumCircuit:
    """Every parameter at a value that its name chooses."""
    return circuit.assign_parameters({p: chosen(p.name) for p in circuit.parameters}) if circuit.parameters else circuit


def chosen(name: str) -> float:
    """An angle for the parameter of this name."""
    return 0.1 + sum(map(ord, name)) % 97 / 31


def qasm(path: Path, found: QuantumCircuit) -> None:
    """Both languages, told apart by the first statement."""
    from readers.qasm2 import read as read_2
    from readers.qasm3 import read as read_3

    text = text_of(path)
    bare = re.sub(r"//[^\n]*|/\*.*?\*/", " ", text, flags=re.DOTALL)
    second = re.match(r"\s*OPENQASM\s+2", bare) or ("OPENQASM" not in bare and "qelib1.inc" in bare)
    same(read_2(bare) if second else read_3(text), followed(bound(found)))


def qpy_file(path: Path, found: tuple[str, QuantumCircuit]) -> None:
    """Qiskit's own reader."""
    complaint, circuit = found
    assert not complaint and qpy.load(io.BytesIO(path.read_bytes())) == [circuit]


def broadcast(registers: list[list[int]]) -> Iterator[list[int]]:
    """Qubits of every application: registers of one length together, single qubits with each."""
    lengths = {len(register) for register in registers} - {1}
    assert len(lengths) < 2, "registers of two lengths"
    for i in range(lengths.pop() if lengths else 1):
        yield [register[i if len(register) > 1 else 0] for register in registers]
