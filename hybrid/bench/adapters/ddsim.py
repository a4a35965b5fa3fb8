"""MQT DDSIM: decision diagrams."""

from collections.abc import Callable
from typing import Any, final

import numpy as np

from hybrid.bench.adapters._shared import dynamic, final_counts, refuse, simulator, versions
from hybrid.bench.job import Answer, Job

EXTRA = "ddsim"


def ddsim() -> "DdsimAdapter":
    """MQT DDSIM (Zulehner and Wille, IEEE TCAD 38, 848, 2019): decision diagrams, small for states with structure."""
    return DdsimAdapter()


@final
class DdsimAdapter:
    """The adapter; it has no options."""

    def load(self) -> dict[str, str]:
        """Import DDSIM and its decision diagrams."""
        for module in ("mqt.ddsim", "mqt.core.dd", "mqt.core.ir", "mqt.core.ir.operations"):
            simulator(module, EXTRA)
        return versions("mqt.ddsim", "mqt.core")

    def refusal(self, job: Job) -> str | None:
        """No noise, no gradients, one thread."""
        if job.threads != 1:
            return "ddsim runs on one thread"
        return refuse("ddsim", job, tasks=("expectations", "counts"), midway=True)

    def translate(self, job: Job) -> tuple[list[Any], list[list[tuple[Any, float]]]]:
        """A circuit of numbers only per point, and the Pauli strings of every observable as circuits with their weights."""
        ir = simulator("mqt.core.ir", EXTRA)
        circuits = []
        for point in job.points:
            circuit = ir.QuantumComputation(job.n_qubits)
            if job.task == "counts":
                circuit.add_classical_register(job.n_qubits, "last")
            if dynamic(job):
                circuit.add_classical_register(job.n_qubits, "midway")
            for step in job.steps:
                angle = (step.at(point),) if step.name.startswith("r") else ()
                if step.condition >= 0:
                    kind = getattr(ir.operations.OpType, step.name.removeprefix("c"))
                    *control, target = step.qubits
                    circuit.if_(kind, target, *control, control_bit=job.n_qubits + step.condition, params=angle)
                elif step.name == "measure":
                    circuit.measure(step.qubits[0], job.n_qubits + step.qubits[0])
                else:
                    getattr(circuit, step.name)(*angle, *step.qubits)
            for qubit in range(job.n_qubits if job.task == "counts" else 0):
                circuit.measure(qubit, qubit)
            circuits.append(circuit)
        return circuits, [[(_pauli(pauli), weight) for pauli, weight in terms] for terms in job.observables]

    def compile(self, native: tuple[list[Any], list[list[tuple[Any, float]]]], job: Job) -> Callable[[], Answer]:
        """A new diagram package for every call, so that nothing is cached."""
        circuits, observables = native
        dd, ddsim = simulator("mqt.core.dd", EXTRA), simulator("mqt.ddsim", EXTRA)

        def counts() -> Answer:
            drawn = ddsim.CircuitSimulator(circuits[0], seed=job.seed).simulate(job.shots)
            return Answer(counts=final_counts(((int(bits, 2), number) for bits, number in drawn.items()), job.n_qubits))

        def expectations() -> Answer:
            values = np.zeros((len(circuits), len(observables)))
            for k, circuit in enumerate(circuits):
                package = dd.DDPackage(job.n_qubits)
                state = dd.simulate(circuit, package.zero_state(job.n_qubits), package)
                for o, terms in enumerate(observables):
                    for pauli, weight in terms:
                        operator = dd.build_functionality(pauli, package)
                        values[k, o] += weight * package.expectation_value(operator, state)
                        package.dec_ref_mat(operator)
            return Answer(values=values)

        return counts if job.task == "counts" else expectations


def _pauli(pauli: str) -> Any:
    """A Pauli string as a circuit."""
    circuit = simulator("mqt.core.ir", EXTRA).QuantumComputation(len(pauli))
    for qubit, letter in enumerate(reversed(pauli)):
        if letter != "I":
            getattr(circuit, letter.lower())(qubit)
    return circuit
