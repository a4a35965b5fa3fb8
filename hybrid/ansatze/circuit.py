"""One's own parametrised circuit from a file."""

import io
import re
from pathlib import Path

from qiskit import QuantumCircuit, qasm2, qasm3, qpy
from qiskit.circuit import Gate
from qiskit.circuit.library import get_standard_gate_name_mapping

from hybrid.errors import MissingPart, UsageError, shortened
from hybrid.files import read_bytes, read_text
from hybrid.types import Ansatz, Problem

SUFFIXES = (".qasm", ".qasm3", ".qpy")
MAX_QUBITS = 1000


def circuit(problem: Problem, *, file: str) -> Ansatz:
    """The circuit in an OpenQASM 3 file (`input float theta;`), an OpenQASM 2 file or a QPY file of one circuit.

    Parameters (p,) in Qiskit's order: by name, vectors by index. Measurements at the end are dropped. Starts at
    normally distributed angles of 0.1 rad. UsageError: not readable (file, and line where the parser tells), not as
    many qubits as the problem, no parameter, anything that is no gate. MissingPart: OpenQASM 3 without its importer.
    """
    path = Path(file)
    found, n = _read(path), problem.hamiltonian.num_qubits
    if found.num_qubits != n:
        raise UsageError(f"{path}: has {found.num_qubits} qubits, the problem has {n}.")
    if not found.num_parameters:
        raise UsageError(f"{path}: has no free parameter; in OpenQASM 3 write one as 'input float[64] theta;'.")
    return Ansatz(found, lambda rng: rng.normal(0.0, 0.1, found.num_parameters))


def _read(path: Path) -> QuantumCircuit:
    """The file's circuit without its final measurements; every complaint becomes a UsageError that names the file."""
    try:
        found = _parse(path)
        found.remove_final_measurements()
        _check_gates(path, found)
    except UsageError:
        raise
    except ImportError as error:
        raise MissingPart(f"{path}: reading OpenQASM 3 needs qiskit-qasm3-import ({error}).") from None
    except Exception as error:  # parsers raise many kinds, and damaged QPY fails as late as when a gate is looked at
        raise _complaint(path, error) from None
    return found


def _parse(path: Path) -> QuantumCircuit:
    """The file's circuit as its parser gives it."""
    if path.suffix.lower() == ".qpy":
        circuits = qpy.load(io.BytesIO(read_bytes(path)))
        if len(circuits) != 1:
            raise UsageError(f"{path}: holds {len(circuits)} circuits; an ansatz is one.")
        return circuits[0]
    text = read_text(path)
    _check_registers(path, text)
    if re.search(r"^\s*OPENQASM\s+2", text, re.MULTILINE):
        return qasm2.loads(text, include_path=(), custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS)
    return qasm3.loads(text)


def _check_gates(path: Path, found: QuantumCircuit) -> None:
    """UsageError for anything but gates (and barriers), and for gates that nobody could run."""
    known = get_standard_gate_name_mapping()
    for instruction in found.data:
        operation = instruction.operation
        if not isinstance(operation, Gate) and operation.name != "barrier":
            where = ", ".join(str(found.find_bit(q).index) for q in instruction.qubits)
            raise UsageError(
                f"{path}: holds '{operation.name}' on qubit {where}; an ansatz has gates only "
                "(measurements at the very end are dropped)."
            )
        if operation.name not in known and operation.name != "barrier" and operation.definition is None:
            raise UsageError(f"{path}: gate '{operation.name}' has no definition.")


def _check_registers(path: Path, text: str) -> None:
    """UsageError for a register of more than MAX_QUBITS, before a parser allocates it."""
    for size in re.finditer(r"\[\s*(\d+)\s*\]", text):
        if int(size[1][:9]) > MAX_QUBITS:
            line = text.count("\n", 0, size.start()) + 1
            raise UsageError(f"{path}:{line}: a size of {shortened(size[1])}; at most {MAX_QUBITS} are allowed.")


def _complaint(path: Path, error: Exception) -> UsageError:
    """A parser's error with file and, where it tells, line; OpenQASM 3's hides the token in the error's context."""
    told = (str(error).replace("\\n", "\n").strip("\"' \n").splitlines() or [""])[0].strip("\"'.: ")
    if position := re.match(r"(?:<input>:|L)?(\d+)(?:,|:C)\d+: *(.*)", told):
        return UsageError(f"{path}:{position[1]}: not a circuit: {shortened(position[2], 300)}.")
    cause = error.__context__
    token = getattr(cause.args[0], "offendingToken", None) if cause is not None and cause.args else None
    if token is not None:
        return UsageError(f"{path}:{token.line}: not a circuit: syntax error at '{shortened(token.text)}'.")
    return UsageError(f"{path}: not a circuit: {shortened(told, 300) or type(error).__name__}.")
