"""PennyLane's Lightning: C++ state vectors with adjoint gradients."""

from collections.abc import Callable, Mapping
from typing import Any, Literal, final

import numpy as np

from hybrid.base.errors import MissingPart
from hybrid.bench.adapters._shared import refuse, simulator, versions
from hybrid.bench.job import Answer, Job, Step

EXTRA = "lightning"
GATES = {"h": "Hadamard", "x": "PauliX", "y": "PauliY", "z": "PauliZ", "s": "S", "t": "T", "cx": "CNOT", "cz": "CZ"}


def lightning(
    *, device: Literal["CPU", "GPU"] = "CPU", precision: Literal["double", "single"] = "double"
) -> "LightningAdapter":
    """PennyLane's lightning.qubit, or lightning.gpu (Asadi et al., arXiv:2403.02512)."""
    return LightningAdapter(device, precision)


@final
class LightningAdapter:
    """The adapter with its options bound."""

    def __init__(self, device: str, precision: str) -> None:
        self._name = {"CPU": "lightning.qubit", "GPU": "lightning.gpu"}[device]
        self._package = {"CPU": "pennylane-lightning", "GPU": "pennylane-lightning-gpu"}[device]
        self._dtype = {"double": np.complex128, "single": np.complex64}[precision]

    def load(self) -> dict[str, str]:
        """Import PennyLane and the device; MissingPart without them."""
        pennylane = simulator("pennylane", EXTRA)
        try:
            pennylane.device(self._name, wires=1)
        except Exception as error:  # whatever a build without a GPU raises
            raise MissingPart(
                f"lightning: no device {self._name} ({error}). Install it with: pip install {self._package}"
            ) from None
        return versions("pennylane", self._package)

    def refusal(self, job: Job) -> str | None:
        """Everything but noise."""
        return refuse("lightning", job, tasks=("expectations", "counts", "gradient"))

    def translate(self, job: Job) -> tuple[list[Any], list[tuple[float, int]]]:
        """A tape per point, and of the trainable gates in order (scale, parameter).

        Wire 0 is the most significant bit, so qubit q is wire n - 1 - q.
        """
        qml = simulator("pennylane", EXTRA)
        n = job.n_qubits
        measured: list[Any]
        if job.task == "counts":
            measured = [qml.counts(wires=range(n))]
        else:
            wanted = job.observables[:1] if job.task == "gradient" else job.observables
            measured = [qml.expval(_hamiltonian(terms, n)) for terms in wanted]
        tapes = []
        for point in job.points:
            operations = [_operation(step, point, n) for step in job.steps]
            trainable, position = [], 0
            for step, operation in zip(job.steps, operations, strict=True):
                if step.parameter >= 0:
                    trainable.append(position)
                position += operation.num_params
            shots = job.shots if job.task == "counts" else None
            tapes.append(qml.tape.QuantumScript(operations, measured, shots=shots, trainable_params=trainable))
        return tapes, [(step.scale, step.parameter) for step in job.steps if step.parameter >= 0]

    def compile(self, native: tuple[list[Any], list[tuple[float, int]]], job: Job) -> Callable[[], Answer]:
        """PennyLane's own preparation, once; every call is the device alone."""
        qml = simulator("pennylane", EXTRA)
        device = qml.device(self._name, wires=job.n_qubits, c_dtype=self._dtype, seed=job.seed)
        adjoint = job.task == "gradient"
        config = qml.devices.ExecutionConfig(gradient_method="adjoint" if adjoint else None, use_device_gradient=adjoint)
        program, config = device.preprocess(config)
        tapes, turned = native
        batch, collect = program(tapes)
        probe = qml.tape.QuantumScript([qml.Hadamard(0)], [qml.state()])
        precision = "single" if np.asarray(device.execute([probe])[0]).dtype == np.complex64 else "double"

        def values() -> Answer:
            results = np.array(collect(device.execute(batch, config)), dtype=float)
            return Answer(values=results.reshape(len(job.points), len(job.observables)), precision=precision)

        def counts() -> Answer:
            counts_by_bits: Mapping[str, int] = collect(device.execute(batch, config))[0]
            return Answer(counts={int(bits, 2): int(number) for bits, number in counts_by_bits.items()}, precision=precision)

        def gradient() -> Answer:
            value, slopes = device.execute_and_compute_derivatives(batch, config)
            summed = np.zeros(len(job.points[0]))
            for (scale, parameter), slope in zip(turned, np.atleast_1d(np.squeeze(slopes)), strict=True):
                summed[parameter] += scale * slope
            return Answer(values=np.array(value, dtype=float).reshape(1, 1), gradient=summed, precision=precision)

        return {"expectations": values, "counts": counts, "gradient": gradient}[job.task]


def _operation(step: Step, point: tuple[float, ...], n: int) -> Any:
    """The gate on its wires."""
    qml = simulator("pennylane", EXTRA)
    wires = [n - 1 - qubit for qubit in step.qubits]
    if step.name.startswith("r"):
        return getattr(qml, step.name.upper())(step.at(point), wires=wires)
    operation = getattr(qml, GATES[step.name.removesuffix("dg")])(wires=wires)
    return qml.adjoint(operation) if step.name.endswith("dg") else operation


def _hamiltonian(terms: tuple[tuple[str, float], ...], n: int) -> Any:
    """A Pauli string's leftmost letter is wire 0."""
    qml = simulator("pennylane", EXTRA)
    words = [qml.pauli.string_to_pauli_word(pauli, wire_map={wire: wire for wire in range(n)}) for pauli, _ in terms]
    return qml.Hamiltonian([weight for _, weight in terms], words)
