"""Questions of an optimiser, and their answers."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeAlias, runtime_checkable

import numpy as np
from jaxtyping import Float

from hybrid.base.types.shapes import Pairs, Point, Points, Scalars


class Values(NamedTuple):
    """Question: the loss at every row of `points`; `x` is where the optimiser would stop now."""

    x: Point
    points: Points
    iteration: int


class Gradient(NamedTuple):
    """Question: the loss and its gradient at `x`."""

    x: Point
    iteration: int


class Metric(NamedTuple):
    """Question: the quantum geometric tensor (p, p) of the ansatz's state at `x`, computed without noise; no shots."""

    x: Point
    iteration: int


class Overlaps(NamedTuple):
    """Question: the fidelity |<psi(a)|psi(b)>|^2 of the ansatz's states at every pair of points (a, b), as measured."""

    x: Point
    pairs: Pairs
    iteration: int


Question: TypeAlias = Values | Gradient | Metric | Overlaps


@dataclass(frozen=True, slots=True)
class Losses:
    """Answer to `Values`: iterates and indexes as plain floats; `stderr` is zero where nothing is random."""

    values: Scalars
    stderr: Scalars

    def __iter__(self) -> Iterator[float]:
        return iter(self.values.tolist())

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, index: int) -> float:
        return float(self.values[index])


class Diverged(Exception):
    """What an optimiser raises that cannot go on: the loop ends, not converged, at its best point `x`."""

    def __init__(self, x: Point) -> None:
        super().__init__("the optimiser diverged")
        self.x = x


@dataclass(frozen=True, slots=True)
class LossGradient:
    """Answer to `Gradient`: unpacks as `(loss, gradient)`; both carry standard errors."""

    loss: float
    gradient: Point
    loss_stderr: float
    gradient_stderr: Point

    def __iter__(self) -> Iterator[Any]:
        return iter((self.loss, self.gradient))


Tensor: TypeAlias = Float[np.ndarray, "p p"]
"""Answer to `Metric`."""


class Estimates(NamedTuple):
    """Answer to `Overlaps`, and what a program returns: values with their standard errors, both (k,)."""

    values: Scalars
    stderr: Scalars


Optimization: TypeAlias = Generator[Question, Any, Point]
"""What an optimiser is: it yields questions, is sent answers, and returns the x at which it converged."""


@runtime_checkable
class Optimizer(Protocol):
    """A member of `optimizers/` with its options bound.

    Its file names in `ASKS` which of "metric" and "overlaps" it asks, so that a loss without a single state is refused early.
    """

    def __call__(self, x: Point, rng: np.random.Generator) -> Optimization: ...
