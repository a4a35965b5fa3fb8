"""A molecule as a Problem: mapped to qubits, with the Hartree-Fock and the exact energy for comparison."""

import warnings
from pathlib import Path

import numpy as np

from hybrid.base.errors import UsageError
from hybrid.base.types import Electrons, Observable, Problem
from hybrid.catalog.problems._fermions import encoding, energies_in, hamiltonian, number_and_spin, sector
from hybrid.catalog.problems._integrals import Integrals, active_space, read_fcidump
from hybrid.catalog.problems._orbitals import by_energy, is_hartree_fock


def molecular_problem(owner: str, integrals: Integrals, mapping: str, active: str | None = None, frozen: int = 0) -> Problem:
    """Total energies in hartree. `exact` is the lowest with these electrons, alpha and beta; an ansatz that does not conserve
    their numbers may go below. Orbitals are ordered by energy (`by_energy`) before any are frozen. The baseline is Hartree-Fock
    where a determinant of the orbitals is (else the aufbau determinant, with a warning for an active space).

    UsageError: an active space that does not fit, and nothing to vary (one determinant).
    """
    integrals = by_energy(integrals)
    if (active or frozen) and not is_hartree_fock(integrals):
        warnings.warn(
            f"problem '{owner}': no determinant of these orbitals is Hartree-Fock; active and frozen take them in the order of "
            "the file.",
            stacklevel=2,
        )
    kept = active_space(owner, integrals, active, frozen)
    code = encoding(mapping, 2 * len(kept.one))
    states = sector(code, kept.n_alpha, kept.n_beta)
    if len(states) == 1:
        raise UsageError(f"problem '{owner}': all orbitals are full or empty; there is one determinant and nothing to vary.")
    operator = hamiltonian(kept, code)
    lowest = energies_in(operator, states)
    m = len(kept.one)
    electrons = Electrons(kept.n_alpha, kept.n_beta, m, mapping)
    filled = (1 << kept.n_alpha) - 1 | ((1 << kept.n_beta) - 1) << m
    return Problem(
        hamiltonian=operator,
        unit="Ha",
        ansatz="uccsd",
        exact=None if lowest is None else float(lowest[0]),
        baseline=kept.aufbau_energy(),
        baseline_name="Hartree-Fock" if is_hartree_fock(kept) else "aufbau",
        n_electrons=kept.n_alpha + kept.n_beta,
        reference_bits=int(code.outcome(np.array([filled], dtype=np.uint64))[0]),
        electrons=electrons,
        observables=lambda: electron_observables(electrons),
    )


def electron_observables(electrons: Electrons) -> tuple[Observable, ...]:
    """Number of electrons and total spin S^2, beside a determinant's of these electrons: S (S + 1), S = |alpha - beta| / 2."""
    code = encoding(electrons.mapping, 2 * electrons.n_orbitals)
    number, spin = number_and_spin(code, electrons.n_alpha, electrons.n_beta)
    s = abs(electrons.n_alpha - electrons.n_beta) / 2
    return (
        Observable("electrons", number, electrons.n_alpha + electrons.n_beta),
        Observable("spin S^2", spin, s * (s + 1)),
    )


def shipped(name: str, mapping: str, active: str | None) -> Problem:
    """A molecule whose integrals come with the package."""
    return molecular_problem(name, read_fcidump(Path(__file__).parent / "_molecules" / f"{name}.fcidump"), mapping, active)
