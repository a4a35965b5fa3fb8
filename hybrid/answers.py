"""Answers as they stand in a record, and back."""

import hashlib
from typing import Any

import numpy as np

from hybrid.types import Estimates, Losses, LossGradient, Tensor


def losses_body(losses: Losses | Estimates) -> dict[str, Any]:
    """Values and their standard errors, one per point."""
    return {"values": losses.values.tolist(), "stderr": losses.stderr.tolist()}


def gradient_body(answer: LossGradient) -> dict[str, Any]:
    """A loss and its gradient, with their standard errors."""
    return {
        "loss": answer.loss,
        "loss_stderr": answer.loss_stderr,
        "gradient": answer.gradient.tolist(),
        "gradient_stderr": answer.gradient_stderr.tolist(),
    }


def metric_body(metric: Tensor) -> dict[str, Any]:
    """The upper triangle, row by row: the tensor is symmetric."""
    return {"metric": metric[np.triu_indices(len(metric))].tolist()}


def metric_of(upper: list[float], p: int) -> Tensor:
    """The tensor (p, p) of `metric_body`'s upper triangle."""
    tensor = np.zeros((p, p))
    tensor[np.triu_indices(p)] = upper
    return tensor + np.triu(tensor, 1).T


def point_hash(points: np.ndarray) -> str:
    """16 hex digits that tell these points from others; a record holds them in place of the points."""
    return hashlib.sha256(np.ascontiguousarray(points).tobytes()).hexdigest()[:16]
