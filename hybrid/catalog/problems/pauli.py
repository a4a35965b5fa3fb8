"""One's own Hamiltonian from a text file."""

import math
from pathlib import Path

from qiskit.quantum_info import SparsePauliOp

from hybrid.base.errors import UsageError
from hybrid.base.types import Problem
from hybrid.catalog.problems._paulis import read_paulis
from hybrid.catalog.problems._spectrum import diagonal, ground_energy

SUFFIXES = (".pauli", ".openfermion")


def pauli(*, file: str) -> Problem:
    """A Hamiltonian from a file of Pauli strings.

    One `coefficient STRING` per line, as in `0.18 XXI`; `#` starts a comment.

    A file ending in .openfermion holds a QubitOperator as OpenFermion prints it, `(0.18+0j) [X0 Y2] +` per line, its qubit 0
    ours; one ending in .json a table {"XXI": 0.18} or a list [["XXI", 0.18], ...]. Coefficients are real, equal strings add
    up, the rightmost letter acts on qubit 0; values are in the file's unit. Exact by sparse diagonalisation up to 16
    qubits, the best basis state up to 20. UsageError names file and line or entry.
    """
    hamiltonian = _operator(Path(file))
    energies = diagonal(hamiltonian)
    return Problem(
        hamiltonian=hamiltonian,
        unit="",
        ansatz="efficient_su2:reps=2",
        exact=ground_energy(hamiltonian),
        baseline=None if energies is None else float(energies.min()),
        baseline_name="" if energies is None else "best basis state",
        reference_bits=None if energies is None else int(energies.argmin()),
    )


def _operator(path: Path) -> SparsePauliOp:
    """The file's operator, strings in the order in which they first appear, what cancels left out."""
    kept = {string: value for string, value in read_paulis(path).items() if value}
    if not any(string.strip("I") for string in kept):
        raise UsageError(f"{path}: nothing to minimise: no string but the identity has a coefficient.")
    if not math.isfinite(sum(map(abs, kept.values()))):
        raise UsageError(f"{path}: the coefficients are too large: their sum overflows.")
    return SparsePauliOp.from_list(list(kept.items()))
