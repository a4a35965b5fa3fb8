"""Shared by the classifiers: accuracy with its interval, and a classical classifier for comparison."""

import numpy as np

from hybrid.base.types import Dataset, Quantity

Z95 = 1.959963984540054
"""The 97.5 % quantile of a standard normal number."""


def accuracies(data: Dataset, trained: np.ndarray, tested: np.ndarray) -> tuple[Quantity, Quantity]:
    """Train and test accuracy of these predictions, the latter beside that of logistic regression."""
    classical = logistic_regression(data.train_x, data.train_y, len(data.classes), data.test_x)
    reference = float((classical == data.test_y).mean())
    test = accuracy("test accuracy", tested, data.test_y)._replace(reference=reference, reference_name="logistic regression")
    return accuracy("train accuracy", trained, data.train_y), test


def accuracy(name: str, predicted: np.ndarray, labels: np.ndarray) -> Quantity:
    """The share of right predictions with Wilson's 95 % interval (J. Am. Stat. Assoc. 22, 209, 1927): labels are a sample.

    Its standard error is that of Laplace's rule of succession, so never zero.
    """
    n, right = len(labels), int((predicted == labels).sum())
    p = right / n
    middle, half = (p + Z95**2 / (2 * n)), Z95 * np.sqrt(p * (1 - p) / n + Z95**2 / (4 * n**2))
    low, high = ((middle + sign * half) / (1 + Z95**2 / n) for sign in (-1, 1))
    smoothed = (right + 1) / (n + 2)
    stderr = float(np.sqrt(smoothed * (1 - smoothed) / n))
    return Quantity(name, p, stderr, interval=(max(0.0, low), min(1.0, high)), reference_name="")


def logistic_regression(
    x: np.ndarray, labels: np.ndarray, classes: int, points: np.ndarray, *, ridge: float = 1e-3
) -> np.ndarray:
    """Labels of `points` by multinomial logistic regression on the features (Bishop 2006, eqs. 4.104-4.109).

    Minimises the mean cross-entropy plus `ridge`/2 |w|^2, convex, by gradient descent with steps of one over a bound on the
    curvature, so that it always descends.
    """
    design, targets = np.column_stack([x, np.ones(len(x))]), np.eye(classes)[labels]
    weights = np.zeros((design.shape[1], classes))
    step = 1 / (0.5 * np.linalg.norm(design, 2) ** 2 / len(x) + ridge)  # softmax curves by 1/2 at most
    for _ in range(5000):
        scores = design @ weights
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        slope = design.T @ (powers / powers.sum(axis=1, keepdims=True) - targets) / len(x) + ridge * weights
        if np.abs(slope).max() < 1e-6:
            break
        weights -= step * slope
    return (np.column_stack([points, np.ones(len(points))]) @ weights).argmax(axis=1)


def signs(labels: np.ndarray, classes: int) -> np.ndarray:
    """Targets (m, c): +1 in the column of a sample's class, -1 in the others."""
    return 2 * np.eye(classes)[labels] - 1
