"""Shapes, bit order and units, stated once; what optimisers, algorithms and backends say to each other.

Bit order: qubit 0 is the lowest bit of an outcome and the rightmost letter of a Pauli string (Qiskit's).
Angles are in radians; a name with a dimension ends in its unit (`duration_s`, `exact_ha`).
Axes: k points, p parameters, m angles (one per parametrised gate), s settings (measured circuits), u distinct outcomes,
r realizations of the detunings.
"""

from hybrid.base.types.algorithm import (
    Algorithm,
    Ansatz,
    Expectation,
    Loss,
    OutcomeFunction,
    Overlap,
    Probabilities,
    Quantity,
    Query,
    Session,
    Solution,
    only_slope,
    only_value,
)
from hybrid.base.types.backend import (
    Backend,
    BitFlip,
    CertifiedBackend,
    Channel,
    CheckedBackend,
    Counts,
    Depolarizing,
    DifferentiableRunner,
    DynamicBackend,
    ForeignBackend,
    GeometricRunner,
    Journal,
    NoJournal,
    Operation,
    Recomputation,
    Relaxation,
    Runner,
    Setting,
    SlopedRunner,
    Task,
    Weights,
    WideRunner,
)
from hybrid.base.types.mitigation import NO_MITIGATION, Extrapolation, Mitigation, Twirl
from hybrid.base.types.optimization import (
    Diverged,
    Estimates,
    Gradient,
    Losses,
    LossGradient,
    Metric,
    Optimization,
    Optimizer,
    Overlaps,
    Question,
    Tensor,
    Values,
)
from hybrid.base.types.problem import Choices, Dataset, Electrons, Observable, Problem, ProblemBase
from hybrid.base.types.shapes import Angles, Pairs, Point, Points, Scalars, Shots
from hybrid.base.types.wide import DENSE_QUBITS, Certificate, DiagonalTerms, NodeAxes
