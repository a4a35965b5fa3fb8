"""What members from outside import: the public types and errors, and the pieces that a backend or a workload builds on.

Rooms of the package may move; these names stay. Each is imported from its home when it is first used, so that an adapter in an
interpreter of its own needs nothing but NumPy.
"""

from typing import TYPE_CHECKING

from hybrid.base.lazy import names_from

if TYPE_CHECKING:
    from hybrid.base.errors import HybridError, MissingPart, Stopped, UsageError
    from hybrid.base.types import *
    from hybrid.bench.job import ROTATIONS, Adapter, Answer, Job, Step, Verdict, Workload
    from hybrid.bench.judge import AGREEMENT, ANALYTIC, DENSE, judge_counts, judge_values, unverified
    from hybrid.compilation.folding import fold
    from hybrid.runs.worker import walk
    from hybrid.runs.worklist import Event, Executor, SweepWatcher, Worklist
    from hybrid.simulators.exact import exact
    from hybrid.simulators.reference import reference

__all__, __getattr__, __dir__ = names_from(
    __name__,
    {
        "hybrid.base.errors": "HybridError MissingPart Stopped UsageError",
        "hybrid.base.types": (
            "Algorithm Angles Ansatz Backend BitFlip Channel CheckedBackend Choices Counts Dataset Depolarizing "
            "DifferentiableRunner Diverged DynamicBackend Electrons Estimates Expectation Extrapolation ForeignBackend "
            "GeometricRunner Gradient Journal Loss LossGradient Losses Metric Mitigation NoJournal Operation Optimization "
            "Optimizer OutcomeFunction Overlap Overlaps Pairs Point Points Probabilities Problem ProblemBase Quantity "
            "Query Question Recomputation Relaxation Runner Scalars Session Setting Shots SlopedRunner Solution Task "
            "Tensor Twirl Values only_slope only_value"
        ),
        "hybrid.bench.job": "ROTATIONS Adapter Answer Job Step Verdict Workload",
        "hybrid.bench.judge": "AGREEMENT ANALYTIC DENSE judge_counts judge_values unverified",
        "hybrid.compilation.folding": "fold",
        "hybrid.runs.worker": "walk",
        "hybrid.runs.worklist": "Event Executor SweepWatcher Worklist",
        "hybrid.simulators.exact": "exact",
        "hybrid.simulators.reference": "reference",
    },
)
