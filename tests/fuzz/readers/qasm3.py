"""OpenQASM 3.0 from the syntax tree of its reference parser, followed statement by statement."""

import math
from typing import Any

import numpy as np
import openqasm3
from openqasm3 import ast

from readers import NotCompared, need
from readers.circuits import GATES, Machine, broadcast, chosen, controlled

FOLDED = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "**": lambda a, b: a**b,
}


def read(text: str) -> Machine:
    """The circuit of a text."""
    program = openqasm3.parse(text)
    reader = _Reader()
    for statement in program.statements:
        reader.declare(statement)
    reader.machine = Machine(sum(map(len, reader.qubits.values())), sum(map(len, reader.bits.values())))
    reader.block(program.statements, {})
    return reader.machine


class _Reader:
    machine: Machine

    def __init__(self) -> None:
        self.qubits: dict[str, list[int]] = {}
        self.bits: dict[str, list[int]] = {}
        self.gates: dict[str, ast.QuantumGateDefinition] = {}
        self.values: dict[str, float] = {"pi": math.pi, "π": math.pi, "tau": math.tau, "euler": math.e}

    def declare(self, node: Any) -> None:
        """Registers, constants, inputs and gates."""
        match node:
            case ast.QubitDeclaration():
                self.register(self.qubits, node.qubit.name, node.size)
            case ast.ClassicalDeclaration() if isinstance(node.type, ast.BitType):
                self.register(self.bits, node.identifier.name, node.type.size)
            case ast.ConstantDeclaration():
                self.values[node.identifier.name] = self.number(node.init_expression, {})
            case ast.IODeclaration():
                self.values[node.identifier.name] = chosen(node.identifier.name)
            case ast.QuantumGateDefinition():
                self.gates[node.name.name] = node

    def register(self, into: dict[str, list[int]], name: str, size: Any) -> None:
        need(name not in self.qubits and name not in self.bits, f"{name} twice")
        first = sum(map(len, into.values()))
        into[name] = [*range(first, first + (1 if size is None else int(self.number(size, {}))))]

    def number(self, node: Any, own: dict[str, float]) -> float:
        match node:
            case ast.IntegerLiteral() | ast.FloatLiteral():
                return node.value
            case ast.Identifier():
                return own[node.name] if node.name in own else self.values[node.name]
            case ast.UnaryExpression() if node.op.name == "-":
                return -self.number(node.expression, own)
            case ast.BinaryExpression() if node.op.name in FOLDED:
                left, right = (self.number(side, own) for side in (node.lhs, node.rhs))
                if node.op.name == "/" and isinstance(left, int) and isinstance(right, int) and left % right:
                    raise NotCompared("a quotient of whole numbers")
                return FOLDED[node.op.name](left, right)
        raise NotCompared(type(node).__name__)

    def members(self, node: Any, known: dict[str, list[int]], own: dict[str, float]) -> list[int]:
        match node:
            case ast.Identifier():
                return known[node.name]
            case ast.IndexedIdentifier():
                ((index,),) = node.indices  # pyright: ignore[reportGeneralTypeIssues]
                return self.indexed(known[node.name.name], index, own)
            case ast.IndexExpression():
                (index,) = node.index  # pyright: ignore[reportGeneralTypeIssues]
                return self.indexed(self.members(node.collection, known, own), index, own)
        raise NotCompared(type(node).__name__)

    def indexed(self, register: list[int], index: Any, own: dict[str, float]) -> list[int]:
        if isinstance(index, ast.RangeDefinition):
            raise NotCompared("a slice")
        place = int(self.number(index, own))
        need(-len(register) <= place < len(register), "beyond the register")
        return [register[place]]

    def block(self, statements: list[Any], own: dict[str, float]) -> None:
        for statement in statements:
            self.statement(statement, own)

    def statement(self, node: Any, own: dict[str, float]) -> None:
        match node:
            case ast.QuantumGate():
                registers = [self.members(q, self.qubits, own) for q in node.qubits]
                for qubits in broadcast(registers):
                    need(len(set(qubits)) == len(qubits), "a qubit twice")
                    self.machine.gate(self.matrix(node, own, len(qubits)), qubits)
            case ast.QuantumMeasurementStatement():
                need(node.target is not None, "measured into nothing")
                qubits = self.members(node.measure.qubit, self.qubits, own)
                bits = self.members(node.target, self.bits, own)
                need(len(qubits) == len(bits), "measured into another number of bits")
                for pair in zip(qubits, bits, strict=True):
                    self.machine.measure(*pair)
            case ast.QuantumReset():
                for qubit in self.members(node.qubits, self.qubits, own):
                    self.machine.measure(qubit, None)
            case ast.ForInLoop():
                for value in self.loop(node.set_declaration, own):
                    self.block(node.block, own | {node.identifier.name: value})
            case ast.BranchingStatement():
                holds = self.condition(node.condition, own)
                self.machine.where(holds, lambda: self.block(node.if_block, own), lambda: self.block(node.else_block, own))
            case ast.ClassicalDeclaration():
                if isinstance(node.init_expression, ast.QuantumMeasurement):
                    self.statement(ast.QuantumMeasurementStatement(node.init_expression, node.identifier), own)
                else:
                    need(node.init_expression is None, "an initial value")
            case ast.Include() | ast.QuantumBarrier() | ast.DelayInstruction() | ast.QuantumGateDefinition():
                return
            case ast.QubitDeclaration() | ast.ConstantDeclaration() | ast.IODeclaration():
                return
            case _:
                raise NotCompared(type(node).__name__)

    def loop(self, node: Any, own: dict[str, float]) -> list[int]:
        if isinstance(node, ast.DiscreteSet):
            return [int(self.number(value, own)) for value in node.values]
        start, end, step = (1 if part is None else int(self.number(part, own)) for part in (node.start, node.end, node.step))
        return [*range(start, end + (1 if step > 0 else -1), step)]

    def condition(self, node: Any, own: dict[str, float]) -> Any:
        """A bit, or a bit or register that equals a number."""
        if isinstance(node, ast.BinaryExpression) and node.op.name in ("==", "!="):
            members, value = self.members(node.lhs, self.bits, own), self.truth(node.rhs, own)
            return lambda bits: (sum(bits[c] << i for i, c in enumerate(members)) == value) is (node.op.name == "==")
        if isinstance(node, ast.Identifier | ast.IndexExpression):
            (bit,) = self.members(node, self.bits, own)
            return lambda bits: bits[bit] == 1
        raise NotCompared("a condition")

    def truth(self, node: Any, own: dict[str, float]) -> int:
        return int(node.value) if isinstance(node, ast.BooleanLiteral) else int(self.number(node, own))

    def matrix(self, node: ast.QuantumGate, own: dict[str, float], n: int) -> np.ndarray:
        """Of a gate with its modifiers, the first one outermost."""
        matrix, controls = self.plain(node, own, n), 0
        for modifier in reversed(node.modifiers):
            match modifier.modifier.name:
                case "ctrl":
                    count = 1 if modifier.argument is None else int(self.number(modifier.argument, own))
                    controls += count
                    for _ in range(count):
                        matrix = controlled(matrix)
                case "inv":
                    matrix = matrix.conj().T
                case _:
                    raise NotCompared(modifier.modifier.name)
        need(len(matrix) == 2**n, "another number of qubits")
        return matrix

    def plain(self, node: ast.QuantumGate, own: dict[str, float], n: int) -> np.ndarray:
        name, angles = node.name.name, [self.number(argument, own) for argument in node.arguments]
        for modifier in node.modifiers:
            if modifier.modifier.name == "ctrl":
                n -= 1 if modifier.argument is None else int(self.number(modifier.argument, own))
        if name in self.gates:
            return self.defined(self.gates[name], angles, n)
        if name not in GATES:
            raise NotCompared(name)
        need(GATES[name][0] == len(angles), f"angles of {name}")
        return GATES[name][1](*angles)

    def defined(self, gate: ast.QuantumGateDefinition, angles: list[float], n: int) -> np.ndarray:
        """The columns of its matrix, from every basis state."""
        need(len(gate.qubits) == n and len(gate.arguments) == len(angles), gate.name.name)
        own = dict(zip((argument.name for argument in gate.arguments), angles, strict=True))
        inner = _Reader()
        inner.gates, inner.values = self.gates, self.values
        inner.qubits = {qubit.name: [i] for i, qubit in enumerate(gate.qubits)}
        columns = []
        for place in np.ndindex((2,) * n):
            inner.machine = Machine(n, 0)
            inner.machine.branches[0].state[(0,) * n] = 0
            inner.machine.branches[0].state[place] = 1
            inner.block(gate.body, own)
            columns.append(inner.machine.branches[0].state.ravel())
        return np.array(columns).T
