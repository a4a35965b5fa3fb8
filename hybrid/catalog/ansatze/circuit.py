"""A parametrised circuit from a file."""

from pathlib import Path
from typing import Any

from qiskit.circuit import Gate

from hybrid.base.errors import UsageError
from hybrid.base.types import Ansatz, ProblemBase
from hybrid.catalog.circuit_file import inputs_in_order, read_circuit

SUFFIXES = (".qasm", ".qasm3", ".qpy")


def circuit(problem: ProblemBase, *, file: str) -> Ansatz:
    """A parametrised circuit from an OpenQASM 3 file (`input float theta;`), an OpenQASM 2 file or a QPY file.

    Parameters (p,) in the order in which OpenQASM 3 declares them; of QPY in Qiskit's: by name, vectors by index. Measurements
    at the end are dropped. Starts at normally distributed angles of 0.1 rad. UsageError: not readable (file, line and column
    where the parser gives them), another number of qubits than the problem, no parameter, any operation that is not a gate.
    MissingPart: OpenQASM 3 without its importer.
    """
    path = Path(file)
    own, n = inputs_in_order(read_circuit(path)), problem.n_qubits
    own.remove_final_measurements()
    for instruction in own.data:
        operation = instruction.operation
        if not _of_gates(operation):
            where = ", ".join(str(own.find_bit(q).index) for q in instruction.qubits)
            raise UsageError(
                f"{path}: holds '{operation.name}' on qubit {where}; an ansatz has gates only "
                "(measurements at the very end are dropped)."
            )
    if own.num_qubits != n:
        raise UsageError(f"{path}: has {own.num_qubits} qubits, the problem has {n}.")
    if not own.num_parameters:
        raise UsageError(f"{path}: has no free parameter; in OpenQASM 3 write one as 'input float[64] theta;'.")
    return Ansatz(own, lambda rng: rng.normal(0.0, 0.1, own.num_parameters))


def _of_gates(operation: Any) -> bool:
    """Whether this is a gate or barrier, or made of them: an appended circuit, a Clifford operator."""
    if isinstance(operation, Gate) or operation.name in ("barrier", "clifford"):
        return True
    inside = getattr(operation, "definition", None)
    return inside is not None and all(_of_gates(item.operation) for item in inside.data)
