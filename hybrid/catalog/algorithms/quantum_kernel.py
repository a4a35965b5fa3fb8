"""Quantum kernel classifier."""

import numpy as np
from qiskit.circuit import ParameterVector

from hybrid.base.errors import UsageError
from hybrid.base.types import Dataset, Overlap, Quantity, Session, Solution
from hybrid.catalog.algorithms._learning import accuracies, signs

TAKES = "Dataset"
WITHOUT = ("optimizer", "initial_point", "max_evals", "max_iterations", "max_qpu")


def quantum_kernel(session: Session, data: Dataset, *, ridge: float = 0.01) -> Solution:
    """Kernel classifier with K = |<phi(x)|phi(y)>|^2 of a feature map (Havlicek et al., Nature 567, 209, 2019).

    `--ansatz` names the feature map, its parameters the features. K is measured pair by pair, a row per answer; its diagonal is
    1. The classifier is kernel ridge regression on +-1 per class: scores K (K + `ridge` m)^-1 targets, m samples, the largest
    wins. The value is the accuracy on the test points; its interval includes that the points are a sample. The alignment
    <K, yy^T>/(|K| |yy^T|) says how well the kernel fits the labels (Cristianini et al., NIPS 2001). UsageError: a feature map
    whose parameters are not as many as the features, ridge not positive.
    """
    phi = session.ansatz("zz_feature_map").circuit
    if not ridge > 0:
        raise UsageError(f"algorithm 'quantum_kernel': ridge must be positive, not {ridge:g}.")
    if phi.num_parameters != len(data.features):
        raise UsageError(
            f"algorithm 'quantum_kernel': the feature map has {phi.num_parameters} parameters for {len(data.features)} "
            "features; take zz_feature_map, or a circuit of your own with a parameter per feature."
        )
    twin = phi.assign_parameters(dict(zip(phi.parameters, ParameterVector("y", phi.num_parameters), strict=True)))
    overlap = Overlap(phi, twin)

    def row(x: np.ndarray, others: np.ndarray) -> np.ndarray:
        return session.measure(overlap, np.column_stack([np.tile(x, (len(others), 1)), others])).values

    m = len(data.train_x)
    kernel = np.eye(m)
    for i in range(m - 1):
        kernel[i, i + 1 :] = kernel[i + 1 :, i] = row(data.train_x[i], data.train_x[i + 1 :])
    between = np.array([row(x, data.train_x) for x in data.test_x])
    targets = signs(data.train_y, len(data.classes))
    weights = np.linalg.solve(kernel + ridge * m * np.eye(m), targets)
    alike = targets @ targets.T
    alignment = float(np.sum(kernel * alike) / (np.linalg.norm(kernel) * np.linalg.norm(alike)))
    trained, tested = accuracies(data, (kernel @ weights).argmax(axis=1), (between @ weights).argmax(axis=1))
    numbers = (trained, tested, Quantity("kernel alignment", alignment))
    return Solution(np.zeros(0), tested.value, tested.stderr, 0, 0, 0, 0, None, True, "measured", numbers)
