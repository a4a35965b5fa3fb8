"""A molecule as a Problem: mapped to qubits, with the Hartree-Fock and the exact energy for comparison."""

from pathlib import Path

import numpy as np

from hybrid.base.errors import UsageError
from hybrid.base.types import Electrons, Problem
from hybrid.catalog.problems._fermions import encoding, energies_in, hamiltonian, sector
from hybrid.catalog.problems._integrals import Integrals, active_space, read_fcidump


def molecular_problem(owner: str, integrals: Integrals, mapping: str, active: str | None = None, frozen: int = 0) -> Problem:
    """Total energies in hartree. `exact` is the lowest with these electrons, alpha and beta; an ansatz that does not conserve
    their numbers may go below. The baseline is Hartree-Fock where the first orbitals are (else the aufbau determinant).

    UsageError: an active space that does not fit, and nothing to vary (one determinant).
    """
    kept = active_space(owner, integrals, active, frozen)
    code = encoding(mapping, 2 * len(kept.one))
    states = sector(code, kept.n_alpha, kept.n_beta)
    if len(states) == 1:
        raise UsageError(f"problem '{owner}': all orbitals are full or empty; there is one determinant and nothing to vary.")
    operator = hamiltonian(kept, code)
    lowest = energies_in(operator, states)
    m = len(kept.one)
    filled = (1 << kept.n_alpha) - 1 | ((1 << kept.n_beta) - 1) << m
    return Problem(
        hamiltonian=operator,
        unit="Ha",
        ansatz="uccsd",
        exact=None if lowest is None else float(lowest[0]),
        baseline=kept.aufbau_energy(),
        baseline_name="Hartree-Fock" if kept.is_hartree_fock else "aufbau",
        n_electrons=kept.n_alpha + kept.n_beta,
        reference_bits=int(code.outcome(np.array([filled], dtype=np.uint64))[0]),
        electrons=Electrons(kept.n_alpha, kept.n_beta, m, mapping),
    )


def shipped(name: str, mapping: str, active: str | None) -> Problem:
    """A molecule whose integrals come with the package."""
    return molecular_problem(name, read_fcidump(Path(__file__).parent / "_molecules" / f"{name}.fcidump"), mapping, active)
