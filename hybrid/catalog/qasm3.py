"""OpenQASM 3 -> Qiskit: the importer of Qiskit, extended by `for`, `const` and `bit == 1`; errors say where, in plain words."""

import contextlib
import copy
import io
import re
from collections.abc import Callable, Sequence
from typing import Any

import openqasm3
from openqasm3 import ast
from openqasm3.parser import QASM3ParsingError
from qiskit import ClassicalRegister, QuantumCircuit
from qiskit.circuit import Gate
from qiskit.circuit.library import U2Gate, U3Gate, UGate, get_standard_gate_name_mapping
from qiskit_qasm3_import import ConversionError
from qiskit_qasm3_import.converter import ConvertVisitor
from qiskit_qasm3_import.data import Scope, Symbol

from hybrid.base.errors import shortened

MAX_NESTING = 100
"""Depth of nested brackets; the parser's time grows steeply with it."""
MAX_STATEMENTS = 20_000
"""The most statements that `for` loops may unroll to."""
UNSUPPORTED = {
    "CalibrationDefinition": "pulse calibrations ('defcal')",
    "CalibrationGrammarDeclaration": "pulse calibrations ('defcalgrammar')",
    "CalibrationStatement": "pulse calibrations ('cal')",
    "ClassicalAssignment": "assignments to variables",
    "EndStatement": "'end'",
    "ExternDeclaration": "'extern' functions",
    "FunctionCall": "functions in expressions",
    "Pragma": "'pragma'",
    "SubroutineDefinition": "subroutines ('def')",
    "SwitchStatement": "'switch'",
}
"""Nodes of the syntax tree that have no counterpart in a circuit, in words."""
PHASES: dict[type[Gate], Callable[..., Any]] = {
    UGate: lambda theta, phi, lam: theta / 2,
    U2Gate: lambda phi, lam: -(phi + lam) / 2,
    U3Gate: lambda theta, phi, lam: -(phi + lam) / 2,
}
"""Phase of the specification's U, u2 and u3 (its stdgates.inc) that Qiskit's gates lack, in radians."""


def loads(text: str, max_bits: int) -> QuantumCircuit:
    """The circuit; `input float` and `input angle` become parameters, loops over constants are unrolled.

    Its metadata `inputs` names the inputs in the order of their declaration. Arguments of gates, and the phase of a controlled
    U, u2 or u3, are read by the specification (OpenQASM 3.0, "Built-in gates"), not as Qiskit's importer does.
    ValueError `line,column: what is wrong` (columns from 0) for everything that is not a circuit, also for a register of
    more than `max_bits`; other exceptions only where the position is unknown.
    """
    _check_nesting(text)
    try:
        with contextlib.redirect_stderr(io.StringIO()):  # the parser prints what it also raises
            program = openqasm3.parse(text)
    except QASM3ParsingError as error:
        raise ValueError(_syntax(text, error)) from None
    if program.version is not None and not re.fullmatch(r"3(\.\d+)?", program.version):
        raise ValueError(f"{program.span.start_line if program.span else 1},0: OpenQASM {program.version}; 2.0 and 3 are read")
    try:
        _Rewriter(text, max_bits).children(program)
        circuit = _Converter().convert(program).circuit
    except ConversionError as error:
        raise ValueError(_plain(error.message, text)) from None
    circuit.metadata = {"inputs": [s.identifier.name for s in program.statements if isinstance(s, ast.IODeclaration)]}
    return circuit


def _check_nesting(text: str) -> None:
    depth = 0
    for bracket in re.finditer(r"[][(){}]", text):
        depth += 1 if bracket[0] in "[({" else -1
        if depth > MAX_NESTING:
            line = text.count("\n", 0, bracket.start()) + 1
            raise ValueError(f"{line},{_column(text, bracket.start())}: more than {MAX_NESTING} nested brackets")


def _column(text: str, offset: int) -> int:
    """The column, from 0, of an offset in the text."""
    return offset - (text.rfind("\n", 0, offset) + 1)


def _syntax(text: str, error: QASM3ParsingError) -> str:
    """A syntax error's position and token; the parser leaves them in the error's context."""
    if message := re.match(r"L(\d+):C(\d+): (.*)", str(error), re.DOTALL):
        return f"{message[1]},{message[2]}: {message[3].replace('token recognition error at', 'syntax error at')}"
    cause = error.__context__
    token = getattr(cause.args[0], "offendingToken", None) if cause is not None and cause.args else None
    if token is None:
        return "syntax error"
    ended = token.text == "<EOF>"
    before = re.sub(r"//[^\n]*|/\*.*?\*/", "", text[: token.start], flags=re.DOTALL)
    first = ended or "\n" in before[len(before.rstrip()) :]
    hint = " (is a ';' missing before it?)" if first and before.strip() and before.rstrip()[-1] not in ";{}" else ""
    return (
        f"{token.line},{token.column}: syntax error at {'the end of the file' if ended else repr(shortened(token.text))}{hint}"
    )


def _plain(message: str, text: str) -> str:
    """The importer's message without its own vocabulary."""
    if match := re.search(r"node of type (\w+) is not|'(\w+)' cannot be resolved into a Qiskit value", message):
        name = match[1] or match[2]
        words = UNSUPPORTED.get(name) or re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()
        return message[: match.start()] + f"not supported: {words}"
    if match := re.search(r"gate '(\w+)' is not defined", message):
        if "stdgates.inc" not in text:
            return message.rstrip(".") + "; 'include \"stdgates.inc\";' defines the usual ones"
        if match[1] in get_standard_gate_name_mapping():
            return (
                message.rstrip(".") + f": it is not in stdgates.inc, so write its definition, 'gate {match[1]} ... {{ ... }}'"
            )
    message = re.sub(r"Symbol ('\w+') already inserted in symbol table.*", r"\1 is already defined", message)
    return message.replace("non-stdgates imports not currently supported", 'only "stdgates.inc" can be included')


class _Converter(ConvertVisitor):
    """The importer, following the specification where it does not, and with the statement's position in all its errors."""

    def visit(self, node: ast.QASMNode, context: Any = None) -> Any:
        try:
            return super().visit(node, context)
        except ConversionError:
            raise
        except Exception as error:
            raise ConversionError(getattr(error, "message", None) or str(error) or type(error).__name__, node) from None

    def visit_QuantumGate(self, node: ast.QuantumGate, context: Any) -> Any:
        """In a definition, and under a modifier, the phase of U counts; elsewhere it is one of the whole circuit."""
        symbol = context.symbol_table.get(node.name.name, node)
        phase = None if symbol is None else PHASES.get(symbol.data)
        if symbol is None or phase is None or not (node.modifiers or context.scope is Scope.GATE):
            return super().visit_QuantumGate(node, context)

        def with_phase(*angles: Any) -> Gate:
            gate = QuantumCircuit(1, name=hidden, global_phase=phase(*angles))
            gate.append(symbol.data(*angles), [0])
            return gate.to_gate()

        hidden = f"{node.name.name}_with_phase"
        if context.symbol_table.get(hidden, node) is None:
            context.symbol_table.insert(Symbol(hidden, with_phase, symbol.type, Scope.GLOBAL, node))
        renamed = copy.copy(node)
        renamed.name = ast.Identifier(hidden)
        return super().visit_QuantumGate(renamed, context)

    def _define_gate(self, name: str, definition: Any, n_parameters: int, n_qubits: int, definer: Any, context: Any) -> Any:
        """Arguments follow the order of the declaration; the importer sorts them by name."""
        if isinstance(definer, ast.QuantumGateDefinition):
            by_name = {parameter.name: parameter for parameter in definition._order}
            definition._order = tuple(by_name[argument.name] for argument in definer.arguments)
        return super()._define_gate(name, definition, n_parameters, n_qubits, definer, context)

    def visit_ClassicalDeclaration(self, node: ast.ClassicalDeclaration, context: Any) -> Any:
        """A single bit gets a register of its own: outcomes are made of registers, and Qiskit would leave it out."""
        result = super().visit_ClassicalDeclaration(node, context)
        bit = context.circuit.clbits[-1]
        if not context.circuit.find_bit(bit).registers:
            context.circuit.add_register(ClassicalRegister(bits=[bit], name=node.identifier.name))
        return result


class _Rewriter:
    """Rewrites the syntax tree in place into what the importer knows, and refuses sizes before anything is allocated."""

    def __init__(self, text: str, max_bits: int) -> None:
        self.text, self.max_bits = text, max_bits
        self.values: dict[str, ast.Expression] = {}
        self.bits: set[str] = set()
        self.statements = 0
        self.loops = 0

    def children(self, node: Any) -> Any:
        """The node with everything below it rewritten."""
        for key, value in list(vars(node).items()):
            if isinstance(value, ast.QASMNode):
                setattr(node, key, self.node(value))
            elif isinstance(value, list):
                setattr(node, key, self.items(value))
        return node

    def items(self, values: list[Any]) -> list[Any]:
        """Statements, expressions or indices; one statement may become many or none."""
        result = []
        for value in values:
            if isinstance(value, ast.QASMNode):
                new = self.node(value)
                result.extend(new if isinstance(new, list) else [new])
            else:
                result.append(self.items(value) if isinstance(value, list) else value)
        return result

    def node(self, node: Any) -> Any:
        """One node, by the method that carries its type's name."""
        return getattr(self, type(node).__name__, self.children)(node)

    def Identifier(self, node: ast.Identifier) -> ast.Expression:
        """A constant's value; a mended position, which the parser counts from the file's beginning."""
        if node.span is not None:
            node.span = copy.copy(node.span)
            node.span.start_column = _column(self.text, node.span.start_column)
        if re.fullmatch(r"\$\d+", node.name) and int(node.name[1:10]) >= self.max_bits:
            raise ConversionError(f"qubit '{shortened(node.name)}'; at most {self.max_bits} are allowed", node)
        return copy.deepcopy(self.values[node.name]) if node.name in self.values else node

    def QubitDeclaration(self, node: Any) -> Any:
        size = self.children(node).size
        if size is not None and not isinstance(size, ast.IntegerLiteral):
            raise ConversionError("a register's size must be a whole number or made of constants", size)
        if size is not None and not 0 < size.value <= self.max_bits:
            count = shortened(str(size.value)) if size.value < 10**80 else "far too many"
            raise ConversionError(f"a size of {count}; at least 1, at most {self.max_bits} are allowed", node)
        return node

    BitType = QubitDeclaration

    def ClassicalDeclaration(self, node: ast.ClassicalDeclaration) -> ast.ClassicalDeclaration:
        """Remembers which names are single bits."""
        if isinstance(node.type, ast.BitType) and node.type.size is None:
            self.bits.add(node.identifier.name)
        return self.children(node)

    def ConstantDeclaration(self, node: ast.ConstantDeclaration) -> Any:
        """Numbers are put in where they are used; a float one as 1.0 times its value, so that a half of 1 is 0.5."""
        value = self.node(node.init_expression)
        if isinstance(node.type, ast.FloatType | ast.AngleType):
            product = ast.BinaryExpression(ast.BinaryOperator["*"], ast.FloatLiteral(1.0), value)
            value = _placed(product, node.init_expression)
        elif not (isinstance(node.type, ast.IntType | ast.UintType) and isinstance(value, ast.IntegerLiteral)):
            raise ConversionError("not supported: constants other than numbers", node)
        self.values[node.identifier.name] = value
        return []

    def QuantumGateDefinition(self, node: ast.QuantumGateDefinition) -> ast.QuantumGateDefinition:
        """Its own names hide constants."""
        outer, own = self.values, {item.name for item in [*node.arguments, *node.qubits]}
        self.values = {name: value for name, value in outer.items() if name not in own}
        try:
            return self.children(node)
        finally:
            self.values = outer

    def ForInLoop(self, node: ast.ForInLoop) -> list[Any]:
        """The body once per value."""
        if not isinstance(node.type, ast.IntType | ast.UintType):
            raise ConversionError("not supported: loops over anything but whole numbers", node)
        outer, name, result = self.values, node.identifier.name, []
        values = self._loop_values(node)
        self.statements += len(values) * max(1, len(node.block))
        if self.statements > MAX_STATEMENTS:
            raise ConversionError(f"'for' unrolls to more than {MAX_STATEMENTS} statements", node)
        for value in values:
            literal = _placed(ast.IntegerLiteral(value), node.identifier)
            self.values, self.loops = outer | {name: literal}, self.loops + 1
            result += self.items(copy.deepcopy(node.block))
            self.values, self.loops = outer, self.loops - 1
        return result

    def _loop_values(self, node: ast.ForInLoop) -> Sequence[int]:
        values: Any = self.node(node.set_declaration)
        parts: list[Any] = [None]
        if isinstance(values, ast.RangeDefinition):
            parts = [values.start, values.end, values.step or ast.IntegerLiteral(1)]
        elif isinstance(values, ast.DiscreteSet):
            parts = values.values
        if not all(isinstance(part, ast.IntegerLiteral) for part in parts):
            raise ConversionError("not supported: loops over anything but constant whole numbers", node)
        numbers = [part.value for part in parts]
        if isinstance(values, ast.DiscreteSet):
            return numbers
        start, end, step = numbers
        if not step:
            raise ConversionError("a loop's step may not be 0", node)
        return range(start, end + (1 if step > 0 else -1), step)  # both ends belong to it

    def BreakStatement(self, node: ast.BreakStatement | ast.ContinueStatement) -> Any:
        """Only within `while`."""
        if self.loops:
            word = "break" if isinstance(node, ast.BreakStatement) else "continue"
            raise ConversionError(f"not supported: '{word}' in a 'for' loop", node)
        return node

    ContinueStatement = BreakStatement

    def UnaryExpression(self, node: ast.UnaryExpression) -> Any:
        """Negative whole numbers as one."""
        self.children(node)
        if node.op is ast.UnaryOperator["-"] and isinstance(node.expression, ast.IntegerLiteral):
            return _placed(ast.IntegerLiteral(-node.expression.value), node)
        return node

    def BinaryExpression(self, node: ast.BinaryExpression) -> Any:
        """Whole numbers folded; a single bit compared with 0 or 1 is compared with false or true."""
        self.children(node)
        left, right = node.lhs, node.rhs
        if isinstance(left, ast.IntegerLiteral) and isinstance(right, ast.IntegerLiteral):
            folded = {"+": int.__add__, "-": int.__sub__, "*": int.__mul__}.get(node.op.name)
            return _placed(ast.IntegerLiteral(folded(left.value, right.value)), node) if folded else node
        if node.op.name in ("==", "!="):
            if self._is_bit(left):
                node.rhs = self._truth(right)
            elif self._is_bit(right):
                node.lhs = self._truth(left)
        return node

    def _is_bit(self, node: Any) -> bool:
        """Whether this is one classical bit, as far as names and indices tell."""
        if isinstance(node, ast.Identifier):
            return node.name in self.bits
        if isinstance(node, ast.IndexExpression) and isinstance(node.index, list):
            return len(node.index) == 1 and isinstance(node.index[0], ast.IntegerLiteral)
        return False

    def _truth(self, node: Any) -> Any:
        if not isinstance(node, ast.IntegerLiteral) or node.value not in (0, 1):
            return node
        return _placed(ast.BooleanLiteral(bool(node.value)), node)


def _placed(expression: Any, node: ast.QASMNode) -> Any:
    """The expression with the position of the node that it replaces."""
    expression.span = node.span
    return expression
