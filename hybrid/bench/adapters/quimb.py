"""Quimb: matrix product states."""

from collections.abc import Callable
from typing import Any, final

import numpy as np

from hybrid.bench.adapters._shared import final_counts, refuse, simulator, versions
from hybrid.bench.job import Answer, Job

EXTRA = "quimb"


def quimb(*, bond: int | None = None, cutoff: float = 1e-16) -> "QuimbAdapter":
    """Quimb's CircuitMPS (Gray, J. Open Source Softw. 3, 819, 2018).

    `bond` truncates; `cutoff` is the squared weight that may be dropped at a gate. Quimb's own 1e-10 shows in the values.
    """
    return QuimbAdapter(bond, cutoff)


@final
class QuimbAdapter:
    """The adapter with its options bound."""

    def __init__(self, bond: int | None, cutoff: float) -> None:
        self._bond, self._cutoff = bond, cutoff

    def load(self) -> dict[str, str]:
        """Import Quimb; a second or more."""
        for module in ("quimb.tensor", "quimb.operator"):
            simulator(module, EXTRA)
        return versions("quimb")

    def refusal(self, job: Job) -> str | None:
        """No noise, no gradients."""
        if self._bond is not None and self._bond < 1:
            return "quimb: bond takes 1 or more"
        return refuse("quimb", job, tasks=("expectations", "counts"))

    def translate(self, job: Job) -> tuple[list[list[Any]], list[Any]]:
        """Per point the gates by name, and each observable as one matrix product operator over the chain."""
        qop, qtn = simulator("quimb.operator", EXTRA), simulator("quimb.tensor", EXTRA)
        rows = [
            [
                qtn.Gate(step.name, params=(step.at(point),) if step.name.startswith("r") else (), qubits=step.qubits)
                for step in job.steps
            ]
            for point in job.points
        ]
        observables = []
        for terms in job.observables:
            operator = qop.SparseOperatorBuilder(hilbert_space=qop.HilbertSpace(job.n_qubits))
            for pauli, weight in terms:
                operator.add_term(weight, *((p.lower(), q) for q, p in enumerate(reversed(pauli)) if p != "I"))
            observables.append(operator.build_mpo())
        return rows, observables

    def compile(self, native: tuple[list[list[Any]], list[Any]], job: Job) -> Callable[[], Answer]:
        """Nothing is prepared: every call evolves the state from |0>."""
        rows, observables = native
        qtn = simulator("quimb.tensor", EXTRA)

        def grown(gates: list[Any]) -> Any:
            circuit = qtn.CircuitMPS(job.n_qubits, max_bond=self._bond, cutoff=self._cutoff, dtype="complex128")
            circuit.apply_gates(gates)
            return circuit

        def expectations() -> Answer:
            states = [grown(gates).psi for gates in rows]
            values = [[qtn.expec_TN_1D(psi.H, operator, psi) for operator in observables] for psi in states]
            return Answer(values=np.real(np.array(values)), precision=_precision(states[0]))

        def counts() -> Answer:
            circuit = grown(rows[0])
            # qubit 0 is written first
            outcomes = ((int(bits[::-1], 2), 1) for bits in circuit.sample(job.shots, seed=job.seed))
            return Answer(counts=final_counts(outcomes, job.n_qubits), precision=_precision(circuit.psi))

        return counts if job.task == "counts" else expectations


def _precision(psi: Any) -> str:
    return "single" if psi.dtype == "complex64" else "double"
