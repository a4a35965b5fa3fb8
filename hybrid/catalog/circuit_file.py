"""Circuits from files: OpenQASM 2, OpenQASM 3, QPY; every error is a UsageError with file, line and column.

Bits and registers are Qiskit's: the first declared (qu)bit is number 0, and an outcome is printed with bit 0 on the right,
registers apart, the first declared one on the right.
"""

import io
import math
import re
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from qiskit import QuantumCircuit, qasm2, qpy
from qiskit.circuit import Gate, ParameterVector
from qiskit.circuit.library import get_standard_gate_name_mapping

from hybrid.base.errors import MissingPart, UsageError, shortened, unknown
from hybrid.base.files import read_bytes, read_text
from hybrid.catalog import qpy_trial

SUFFIXES = (".qasm", ".qasm3", ".qpy")
MAX_BITS = 1000
"""Qubits, and classical bits, that a file may declare; a parser would allocate more before it could be refused."""


def read_circuit(path: Path) -> QuantumCircuit:
    """The file's circuit, measurements and parameters (by name) included.

    `.qpy` holds one circuit; text is OpenQASM by its first statement, 3 without one. UsageError: unreadable, or not a
    circuit (`file:line:column` where the parser tells, columns from 1). MissingPart: the importer is not installed.
    """
    try:
        circuit = _parse(path)
        _check_bits(path, circuit)
        _check_definitions(path, circuit, set(get_standard_gate_name_mapping()))
    except UsageError:
        raise
    except ImportError as error:
        raise MissingPart(f"{path}: a package is missing to read it ({error}): pip install qiskit-qasm3-import.") from None
    except BaseException as error:  # parsers raise many kinds, damaged QPY fails as late as when a gate is looked at,
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":  # and Rust's panics are no Exception
            raise
        raise _usage_error(path, error) from None
    return circuit


def inputs_in_order(circuit: QuantumCircuit) -> QuantumCircuit:
    """The circuit with its parameters in the order in which an OpenQASM 3 file declares them; in Qiskit's where it does not.

    Qiskit sorts parameters by name; where that is another order, they become a vector `input`.
    """
    declared = [name for name in (circuit.metadata or {}).get("inputs", ()) if circuit.has_parameter(name)]
    if not declared or declared == [parameter.name for parameter in circuit.parameters]:
        return circuit
    return circuit.assign_parameters(dict(zip(declared, ParameterVector("input", len(declared)), strict=True)))


def bind(circuit: QuantumCircuit, values: Mapping[str, float]) -> QuantumCircuit:
    """A copy with every parameter given its value, by name (an element of a vector is `theta[0]`).

    UsageError: a name that the circuit lacks, a parameter without a value, a value that is not a finite number.
    """
    names = [parameter.name for parameter in circuit.parameters]
    for name, value in values.items():
        if name not in names:
            if not names:
                raise UsageError(f"the circuit has no free parameter; '{shortened(name)}' was given.")
            raise unknown("parameter of the circuit:", name, names)
        if not math.isfinite(value):
            raise UsageError(f"parameter '{shortened(name)}' must be a finite number, not {value}.")
    if missing := [name for name in names if name not in values]:
        raise UsageError(f"the circuit's free parameters need values: {shortened(', '.join(missing), 300)}.")
    try:
        return circuit.assign_parameters({name: float(value) for name, value in values.items()})
    except Exception as error:  # 1/theta at 0
        given = ", ".join(f"{name}={value}" for name, value in values.items())
        raise UsageError(f"no circuit with {shortened(given, 300)}: {shortened(str(error))}.") from None


def _parse(path: Path) -> QuantumCircuit:
    if path.suffix.lower() == ".qpy":
        return _read_qpy(path, read_bytes(path))
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{path}: circuits are read from files ending in {', '.join(SUFFIXES)}.")
    text = read_text(path).removeprefix("\ufeff")
    bare = re.sub(r"//[^\n]*|/\*.*?\*/", lambda match: re.sub(r"[^\n]", " ", match[0]), text, flags=re.DOTALL)
    if endless := re.search(r"(?<![\w.])\d{11,}(?=\s*\])", bare):
        line = bare[: endless.start()].count("\n") + 1
        raise UsageError(f"{path}:{line}: the size or index {shortened(endless[0], 24)} is too large.")
    if re.match(r"\s*OPENQASM\s+2|(?!\s*OPENQASM)(?=.*\bqelib1\.inc\b)", bare, re.DOTALL):
        _check_registers(path, bare)
        return qasm2.loads(text, include_path=(), custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS)
    from hybrid.catalog.qasm3 import loads

    return loads(text, MAX_BITS)


def _check_registers(path: Path, bare: str) -> None:
    """UsageError for a register that would be too large, in OpenQASM 2 without its comments, before a parser allocates it."""
    for size in re.finditer(r"\b[qc]reg\s+\w+\s*\[\s*(\d+)", bare):
        if len(size[1].lstrip("0")) > 9 or int(size[1]) > MAX_BITS:
            line, column = bare.count("\n", 0, size.start()) + 1, size.start() - bare.rfind("\n", 0, size.start())
            raise UsageError(f"{path}:{line}:{column}: a size of {shortened(size[1])}; at most {MAX_BITS} are allowed.")


def _check_bits(path: Path, circuit: QuantumCircuit) -> None:
    if not circuit.num_qubits:
        raise UsageError(f"{path}: declares no qubit.")
    for count, what in ((circuit.num_qubits, "qubits"), (circuit.num_clbits, "classical bits")):
        if count > MAX_BITS:
            raise UsageError(f"{path}: has {count} {what}; at most {MAX_BITS} are allowed.")


def _check_definitions(path: Path, circuit: QuantumCircuit, known: set[str]) -> None:
    """UsageError for what cannot be run: a gate without definition, an angle that is infinite.

    Looks into definitions, branches and loops; `known` are the names already seen, and grows.
    """
    for instruction in circuit.data:
        operation: Any = instruction.operation
        for block in getattr(operation, "blocks", ()):
            _check_definitions(path, block, known)
        if not all(math.isfinite(x) for x in getattr(operation, "params", ()) if isinstance(x, float)):
            raise UsageError(f"{path}: '{operation.name}' has an angle or duration that is not a finite number.")
        if not isinstance(operation, Gate) or operation.name in known:
            continue
        if operation.definition is None and not hasattr(operation, "__array__"):
            raise UsageError(f"{path}: gate '{operation.name}' has no definition.")
        known.add(operation.name)
        if operation.definition is not None:
            _check_definitions(path, operation.definition, known)


def _read_qpy(path: Path, content: bytes) -> QuantumCircuit:
    """The one circuit of a QPY file. Sizes in headers are checked first, then a process with little memory reads it: the
    reader would allocate any size."""
    for claimed in _claimed_sizes(path, content):
        if claimed > MAX_BITS:
            raise UsageError(f"{path}: not a circuit: claims {claimed} bits; at most {MAX_BITS} are allowed.")
    if why := qpy_trial.complaint(content):
        raise UsageError(f"{path}: not a circuit: {why}.")
    circuits = qpy.load(io.BytesIO(content))
    if len(circuits) != 1:
        raise UsageError(f"{path}: holds {len(circuits)} circuits; one is needed.")
    return circuits[0]


def _claimed_sizes(path: Path, content: bytes) -> Iterator[int]:
    """Numbers of qubits and classical bits in the headers of the circuit and of those nested in it (definitions, branches).

    Layouts: Qiskit's QPY documentation; FILE_HEADER_V10, CIRCUIT_TABLE (version 16 on), CIRCUIT_HEADER_V2 and V12.
    """
    if len(content) < 40 or not content.startswith(b"QISKIT"):
        raise UsageError(f"{path}: not a circuit: this is no QPY file.")
    version = content[6]
    if not 5 <= version <= qpy.QPY_VERSION:
        raise UsageError(f"{path}: not a circuit: QPY version {version}; 5 to {qpy.QPY_VERSION} are read.")
    (count,) = struct.unpack_from("!Q", content, 10)
    if count != 1:
        raise UsageError(f"{path}: holds {count} circuits; one is needed.")
    start = 19 + (version >= 10)
    if version >= 16:
        (start,) = struct.unpack_from("!Q", content, start)
    if start + 13 > len(content):
        raise UsageError(f"{path}: not a circuit: the file is cut off.")
    yield from struct.unpack_from("!II", content, start + 5)
    for nested in re.finditer(rb"f\x00\x08(?=(.{8})\x00{4}(.{4})(.{4})\x00{4}(.{4}))", content, re.DOTALL):
        sizes = [int.from_bytes(nested[i]) for i in (2, 3, 4)]  # metadata, registers, instructions: it is a header
        if max(sizes) < len(content):
            yield from struct.unpack("!II", nested[1])


def _usage_error(path: Path, error: BaseException) -> UsageError:
    """A parser's error with file and, where known, line and column (which parsers count from 0)."""
    message = getattr(error, "message", None) or str(error)
    text = (str(message).strip().splitlines() or [""])[0].rstrip(". ")
    if isinstance(error, RecursionError):
        text = "nested too deeply"
    if position := re.match(r"(?:<input>:)?(\d+),(\d+): *(.*)", text):
        where, text = f"{path}:{position[1]}:{int(position[2]) + 1}", position[3]
        if text.startswith("not supported: "):
            return UsageError(f"{where}: {shortened(text, 300)}.")
        return UsageError(f"{where}: not a circuit: {shortened(text, 300)}.")
    return UsageError(f"{path}: not a circuit: {shortened(text, 300) or type(error).__name__}.")
