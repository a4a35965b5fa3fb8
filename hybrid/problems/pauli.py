"""One's own Hamiltonian from a text file."""

import math
import re
from pathlib import Path

from qiskit.quantum_info import SparsePauliOp

from hybrid.errors import UsageError, shortened
from hybrid.problems._inputs import MAX_QUBITS, finite, rows
from hybrid.problems._spectrum import diagonal, ground_energy
from hybrid.types import Problem

SUFFIXES = (".pauli",)


def pauli(*, file: str) -> Problem:
    """A sum of Pauli strings, one `coefficient STRING` per line, as in `0.18 XXI`; `#` starts a comment.

    Coefficients are real, equal strings add up, the rightmost letter acts on qubit 0; values are in the file's unit.
    Exact by sparse diagonalisation up to 16 qubits, the best basis state up to 20. UsageError names file and line.
    """
    hamiltonian = _read(Path(file))
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


def _read(path: Path) -> SparsePauliOp:
    """The file's operator, strings in the order in which they first appear."""
    terms: dict[str, float] = {}
    for where, words in rows(path):
        if len(words) != 2:
            raise UsageError(f"{where}: write 'coefficient STRING' as in '0.5 XXI', not '{shortened(' '.join(words))}'.")
        coefficient, string = finite(where, "coefficient", words[0]), words[1]
        if not re.fullmatch("[IXYZ]+", string):
            raise UsageError(f"{where}: a Pauli string has the letters I, X, Y and Z only, not '{shortened(string)}'.")
        if len(string) > MAX_QUBITS:
            raise UsageError(f"{where}: {len(string)} qubits; at most {MAX_QUBITS} are allowed.")
        if terms and len(string) != len(first := next(iter(terms))):
            raise UsageError(f"{where}: '{shortened(string)}' has {len(string)} letters; the first has {len(first)}.")
        terms[string] = terms.get(string, 0.0) + coefficient
    kept = {string: value for string, value in terms.items() if value}
    if not any(string.strip("I") for string in kept):
        raise UsageError(f"{path}: nothing to minimise: no string but the identity has a coefficient.")
    if not math.isfinite(sum(map(abs, kept.values()))):
        raise UsageError(f"{path}: the coefficients are too large: their sum overflows.")
    return SparsePauliOp.from_list(list(kept.items()))
