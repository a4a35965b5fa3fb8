"""The deuteron from pionless effective field theory."""

import numpy as np
from qiskit.quantum_info import SparsePauliOp

from hybrid.base.types import Problem
from hybrid.catalog.problems._inputs import check_size
from hybrid.catalog.problems._spectrum import diagonal

OSCILLATOR_MEV = 7.0
POTENTIAL_MEV = -5.68658111
MAX_LEVELS = 20


def deuteron(*, n: int = 2) -> Problem:
    """Deuteron: proton and neutron in `n` oscillator levels.

    Levels of their relative motion, one qubit each; energies in MeV.

    H = sum <m|T + V|k> a^dagger_m a_k after Jordan and Wigner (Dumitrescu et al., Phys. Rev. Lett. 120, 210501, 2018, eqs.
    1 to 5); exact from its tridiagonal matrix: no state with another number of particles is lower. The baseline is the best
    single level. The measured binding energy is 2.2246 MeV; n levels have not converged. UsageError: n outside 2..20.
    """
    check_size("deuteron", n, 2, MAX_LEVELS)
    k = np.arange(n)
    level = OSCILLATOR_MEV / 2 * (2 * k + 1.5)
    level[0] += POTENTIAL_MEV
    hop = -OSCILLATOR_MEV / 2 * np.sqrt(k[1:] * (k[1:] + 0.5))
    terms = [("", [], level.sum() / 2), *(("Z", [i], -e / 2) for i, e in enumerate(level))]
    terms += [(pauli * 2, [i, i + 1], w / 2) for i, w in enumerate(hop) for pauli in "XY"]
    hamiltonian = SparsePauliOp.from_sparse_list(terms, num_qubits=n)
    energies = diagonal(hamiltonian)
    assert energies is not None
    return Problem(
        hamiltonian=hamiltonian,
        unit="MeV",
        ansatz=f"givens:reps={(n + 1) // 2}",
        exact=float(np.linalg.eigvalsh(np.diag(level) + np.diag(hop, 1) + np.diag(hop, -1))[0]),
        baseline=float(energies.min()),
        baseline_name="one level",
        reference_bits=1,
    )
