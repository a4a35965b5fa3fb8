"""Variational classifier."""

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterVector
from qiskit.quantum_info import SparsePauliOp

from hybrid.base.errors import UsageError
from hybrid.base.types import Ansatz, Dataset, Expectation, Loss, Session, Solution
from hybrid.catalog.algorithms._learning import accuracies, signs

TAKES = "Dataset"


def vqc(session: Session, data: Dataset, *, layers: int = 5) -> Solution:
    """Variational classifier: a circuit trained on labelled points (Schuld et al., Phys. Rev. A 101, 032308, 2020).

    `layers` times the features as RX angles and a trainable block (features again in every layer: Perez-Salinas et al., Quantum
    4, 226, 2020), then <P_c> for class c.
    A qubit per feature; `--ansatz` names the block. Two classes are distinguished by the sign of <Z> on qubit 0, more by the
    largest of as many Z strings. The loss is the mean square distance of <P_c> from +1 for the sample's class and -1 for the
    others. The value is the accuracy on the test points; its standard error and interval include that the points
    are a sample. UsageError: layers outside 1..100, more classes than Z strings.
    """
    n, classes = data.n_qubits, len(data.classes)
    outputs = 1 if classes == 2 else classes
    if not 1 <= layers <= 100 or outputs >= 2**n:
        raise UsageError(
            f"algorithm 'vqc': layers must lie between 1 and 100 (not {layers}), and {n} qubits distinguish at "
            f"most {max(2, 2**n - 1)} classes ({classes} were given)."
        )
    circuit, features, block = _circuit(session, n, layers)
    strings = (f"{c:0{n}b}".replace("0", "I").replace("1", "Z") for c in range(1, outputs + 1))
    queries = tuple(Expectation(circuit, SparsePauliOp(string)) for string in strings)
    targets = signs(data.train_y, classes)[:, -outputs:].T.reshape(-1, 1)  # by query, then by sample
    loss = Loss(
        queries,
        combine=lambda values: np.mean((values - targets) ** 2, axis=0) * outputs,
        slope=lambda values: 2 * (values - targets) * outputs / len(targets),
        features=tuple(features),
        samples=data.train_x,
    )
    solution = session.minimize(loss, block)
    place = {parameter: i for i, parameter in enumerate([*block.circuit.parameters, *features])}
    order = [place[parameter] for parameter in circuit.parameters]

    def predicted(samples: np.ndarray) -> np.ndarray:
        points = np.column_stack([np.tile(solution.x, (len(samples), 1)), samples])[:, order]
        scores = np.array([session.measure(query, points).values for query in queries])
        return (scores[0] > 0).astype(int) if classes == 2 else scores.argmax(axis=0)

    trained, tested = accuracies(data, predicted(data.train_x), predicted(data.test_x))
    return solution._replace(value=tested.value, stderr=tested.stderr, quantities=(trained, tested))


def _circuit(session: Session, n: int, layers: int) -> tuple[QuantumCircuit, ParameterVector, Ansatz]:
    """The whole circuit, the parameters that are features, and the trainable blocks with their initial point."""
    block = session.ansatz("brick:reps=1")
    features, theta = ParameterVector("x", n), ParameterVector("theta", layers * block.circuit.num_parameters)
    whole, trainable = QuantumCircuit(n), QuantumCircuit(n)
    for own in np.array_split(np.array(theta, dtype=object), layers):
        turned = block.circuit.assign_parameters(dict(zip(block.circuit.parameters, own, strict=True)))
        for q in range(n):
            whole.rx(features[q], q)
        whole.compose(turned, inplace=True)
        trainable.compose(turned, inplace=True)
    return whole, features, Ansatz(trainable, lambda rng: np.concatenate([block.initial(rng) for _ in range(layers)]))
