"""The Fourier transform of the QED-C benchmarks [qedc-benchmarks], method 1: a number, the transform, plus one, and back."""

from math import pi

from qiskit import QuantumCircuit

from hybrid.device.device import Device
from hybrid.rehearsal.track_record.experiments import PublishedExperiment
from hybrid.rehearsal.track_record.scored import Score, ScoredCircuit


def circuits(experiment: PublishedExperiment, device: Device) -> list[ScoredCircuit]:
    """The mean over the numbers in `inputs` of the normalised fidelity.

    They are those that the benchmark's program draws by itself; the result does not say that it drew these. On ten qubits and
    more the first stands for all three, for time: they differ in readout and relaxation of single qubits alone.
    """
    n, inputs = experiment.qubits, experiment.options["inputs"]
    outcomes = [(number + 1) % 2**n for number in inputs]
    return [
        ScoredCircuit(there_and_back(n, number), 1 / len(inputs), _normalised(outcome, n), outcome=outcome)
        for number, outcome in zip(inputs, outcomes, strict=True)
    ]


def _normalised(outcome: int, n: int) -> Score:
    """(p - 2^-n)/(1 - 2^-n): 0 for guessing."""
    return lambda probabilities: float((probabilities[outcome] - 2.0**-n) / (1 - 2.0**-n))


def there_and_back(n: int, number: int) -> QuantumCircuit:
    """|number>, transform, a phase pi/2^q on qubit q, inverse transform: |number + 1 mod 2^n>; barriers as in the benchmark."""
    circuit = QuantumCircuit(n)
    for qubit in range(n):
        if number >> qubit & 1:
            circuit.x(qubit)
    circuit.barrier()
    transform = _transform(n)
    circuit.compose(transform, inplace=True)
    circuit.barrier()
    for qubit in range(n):
        circuit.rz(pi / 2**qubit, qubit)
    circuit.barrier()
    circuit.compose(transform.inverse(), inplace=True)
    return circuit


def _transform(n: int) -> QuantumCircuit:
    """From the highest qubit down: controlled phases from those above, then H; no swaps."""
    circuit = QuantumCircuit(n)
    for low in reversed(range(n)):
        for high in reversed(range(low + 1, n)):
            circuit.crz(pi / 2 ** (high - low), low, high)
        circuit.h(low)
        circuit.barrier()
    return circuit
