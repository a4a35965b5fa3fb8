"""hybrid: rehearse quantum-classical workloads for MeluXina-Q on simulators, with honest numbers.

Public names load what they need on first use; importing the package loads no simulator.
"""

from typing import TYPE_CHECKING

from hybrid.base.lazy import names_from

if TYPE_CHECKING:
    from hybrid.base.errors import HybridError
    from hybrid.bench.table import BenchmarkTable
    from hybrid.characterization import characterize
    from hybrid.device.device import Device
    from hybrid.figures.rehearsal_package import verify_package, write_package
    from hybrid.measure.compile import compile
    from hybrid.measure.program import Program
    from hybrid.measure.sampling import sample
    from hybrid.qiskit_api import DeviceBackend, Estimator, Sampler
    from hybrid.rehearsal.rehearse import rehearse
    from hybrid.review.explain import explain
    from hybrid.review.mitigate import mitigate
    from hybrid.runs.dry_run import plan
    from hybrid.runs.repeat import Repetitions, repeat
    from hybrid.runs.result import Result
    from hybrid.runs.run import run
    from hybrid.runs.spec import Spec
    from hybrid.runs.sweep import SweepResult, sweep
    from hybrid.runs.watching import progress_line

__all__, __getattr__, __dir__ = names_from(
    __name__,
    {
        "hybrid.base.errors": "HybridError",
        "hybrid.bench.table": "BenchmarkTable",
        "hybrid.characterization": "characterize",
        "hybrid.device.device": "Device",
        "hybrid.figures.rehearsal_package": "verify_package write_package",
        "hybrid.measure.compile": "compile",
        "hybrid.measure.program": "Program",
        "hybrid.measure.sampling": "sample",
        "hybrid.qiskit_api": "DeviceBackend Estimator Sampler",
        "hybrid.rehearsal.rehearse": "rehearse",
        "hybrid.review.explain": "explain",
        "hybrid.review.mitigate": "mitigate",
        "hybrid.runs.dry_run": "plan",
        "hybrid.runs.repeat": "Repetitions repeat",
        "hybrid.runs.result": "Result",
        "hybrid.runs.run": "run",
        "hybrid.runs.spec": "Spec",
        "hybrid.runs.sweep": "SweepResult sweep",
        "hybrid.runs.watching": "progress_line",
    },
)
