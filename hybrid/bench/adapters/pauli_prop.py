"""Qiskit's Pauli propagation: observables carried backwards through the circuit, small terms dropped."""

from collections.abc import Callable
from math import log, pi
from typing import Any, NamedTuple, final

import numpy as np

from hybrid.bench.adapters._shared import refuse, shifted, simulator, unshifted, versions
from hybrid.bench.job import Answer, Job

EXTRA = "pauli-prop"
ROTATED = {"t": pi / 4, "tdg": -pi / 4}
"""Gates that are rotations about Z, but for a phase."""


def pauli_prop(*, terms: int = 262_144, cutoff: float = 1e-16) -> "PauliPropAdapter":
    """Pauli propagation (Begusic et al., Sci. Adv. 10, eadk4321, 2024) by pauli-prop; Pauli noise.

    At most `terms` Pauli strings are kept, none below `cutoff`. What is dropped has no bound on its effect; the judge decides.
    """
    return PauliPropAdapter(terms, cutoff)


class _Propagated(NamedTuple):
    """Clifford gates first, then rotations; `angles` (m) of these are offset + sign * (the job's step); observables as
    operators."""

    clifford: Any
    gates: Any
    offset: np.ndarray
    columns: list[tuple[float, int]]
    observables: list[Any]


@final
class PauliPropAdapter:
    """The adapter with its options bound."""

    def __init__(self, terms: int, cutoff: float) -> None:
        self._terms, self._cutoff = terms, cutoff

    def load(self) -> dict[str, str]:
        """Import it, with Qiskit's operators."""
        for module in ("pauli_prop", "qiskit.quantum_info", "qiskit_aer.noise"):
            simulator(module, EXTRA)
        return versions("pauli-prop", "qiskit", "qiskit-aer")

    def refusal(self, job: Job) -> str | None:
        """No counts, no noise that destroys everything."""
        if self._terms < 1 or self._cutoff < 0:
            return "pauli_prop: terms takes 1 or more, cutoff 0 or more"
        if any(step.name == "depolarize" and step.angle >= 1 for step in job.steps):
            return "pauli_prop takes depolarising noise below 1 only"
        return refuse("pauli_prop", job, tasks=("expectations", "gradient"), noise=True)

    def translate(self, job: Job) -> _Propagated:
        """The circuit with a parameter of its own for every rotation that the points turn, its Clifford gates moved to the
        front."""
        from qiskit import QuantumCircuit
        from qiskit.circuit import Parameter
        from qiskit.quantum_info import SparsePauliOp

        module = simulator("pauli_prop", EXTRA)
        circuit, turned = QuantumCircuit(job.n_qubits), {}
        for number, step in enumerate(job.steps):
            if step.name == "depolarize":
                circuit.append(_depolarizing(len(step.qubits), step.angle), step.qubits)
            elif step.name in ROTATED:
                circuit.rz(ROTATED[step.name], *step.qubits)
            elif step.name.startswith("r"):
                angle: Any = Parameter(f"a{number}") if step.parameter >= 0 else step.angle
                turned |= {angle: number} if step.parameter >= 0 else {}
                getattr(circuit, step.name)(angle, *step.qubits)
            else:
                getattr(circuit, step.name)(*step.qubits)
        clifford, rest = module.evolve_through_cliffords(circuit)
        gates = module.circuit_to_rotation_gates(rest)
        offset, columns = np.zeros(len(gates.thetas)), []
        for place, theta in enumerate(gates.thetas):
            own = [parameter for parameter in turned if parameter in getattr(theta, "parameters", ())]
            if own:
                columns.append((float(theta.bind({own[0]: 1.0})), turned[own[0]]))
            else:
                offset[place] = float(theta)
                columns.append((0.0, -1))
        wanted = job.observables[:1] if job.task == "gradient" else job.observables
        return _Propagated(clifford, gates, offset, columns, [SparsePauliOp.from_list(list(terms)) for terms in wanted])

    def compile(self, native: _Propagated, job: Job) -> Callable[[], Answer]:
        """Nothing is kept between calls; gradients by parameter shift."""
        if job.task == "gradient":
            moved = shifted(job)
            values = self.compile(self.translate(moved), moved)
            return lambda: unshifted(job, values())

        def run() -> Answer:
            rows = [[self._value(native, job, point, o) for o in native.observables] for point in job.points]
            return Answer(values=np.array(rows), precision="double")

        return run

    def _value(self, native: _Propagated, job: Job, point: tuple[float, ...], observable: Any) -> float:
        """<observable> at a point: what of the propagated operator is diagonal, in the state of all zeros."""
        module = simulator("pauli_prop", EXTRA)
        thetas = [
            fixed if number < 0 else sign * job.steps[number].at(point)
            for fixed, (sign, number) in zip(native.offset.tolist(), native.columns, strict=True)
        ]
        gates = native.gates._replace(thetas=thetas)
        evolved, _ = module.propagate_through_rotation_gates(observable, gates, self._terms, self._cutoff, "h")
        paulis = evolved.paulis.evolve(native.clifford, frame="h")
        diagonal = ~paulis.x.any(axis=1)
        signs = np.real((-1j) ** paulis.phase[diagonal])
        return float(np.real(signs @ evolved.coeffs[diagonal]))


def _depolarizing(qubits: int, probability: float) -> Any:
    """Every Pauli at one rate r: a string is damped by exp(-2 r) for each of the d^2 / 2 that it anticommutes with, in all by
    1 - p."""
    from itertools import product

    from qiskit.quantum_info import PauliList
    from qiskit_aer.noise import PauliLindbladError

    names = ["".join(letters) for letters in product("IXYZ", repeat=qubits)][1:]
    rate = -log(1 - probability) / 4**qubits
    return PauliLindbladError(PauliList(names), [rate] * len(names))
