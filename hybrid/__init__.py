"""hybrid: rehearse quantum-classical workloads for MeluXina-Q on simulators, with honest numbers.

Public names load what they need on first use; importing the package loads no simulator.
"""

from typing import TYPE_CHECKING

from hybrid.base.lazy import names_from

if TYPE_CHECKING:
    from hybrid.base.errors import HybridError
    from hybrid.characterization import characterize
    from hybrid.device.device import Device
    from hybrid.measure.compile import compile
    from hybrid.measure.mitigation.zero_noise import zero_noise
    from hybrid.measure.program import Program
    from hybrid.measure.sampling import sample
    from hybrid.qiskit_api import DeviceBackend, Estimator, Sampler
    from hybrid.review.explain import explain
    from hybrid.runs.dry_run import plan
    from hybrid.runs.repeat import Repetitions, repeat
    from hybrid.runs.result import Result
    from hybrid.runs.run import run
    from hybrid.runs.spec import Spec

__all__ = [
    "Device",
    "DeviceBackend",
    "Estimator",
    "HybridError",
    "Program",
    "Repetitions",
    "Result",
    "Sampler",
    "Spec",
    "characterize",
    "compile",
    "explain",
    "plan",
    "repeat",
    "run",
    "sample",
    "zero_noise",
]

__getattr__, __dir__ = names_from(
    __name__,
    {
        "Device": "hybrid.device.device",
        "DeviceBackend": "hybrid.qiskit_api",
        "Estimator": "hybrid.qiskit_api",
        "HybridError": "hybrid.base.errors",
        "Program": "hybrid.measure.program",
        "Repetitions": "hybrid.runs.repeat",
        "Result": "hybrid.runs.result",
        "Sampler": "hybrid.qiskit_api",
        "Spec": "hybrid.runs.spec",
        "characterize": "hybrid.characterization",
        "compile": "hybrid.measure.compile",
        "explain": "hybrid.review.explain",
        "plan": "hybrid.runs.dry_run",
        "repeat": "hybrid.runs.repeat",
        "run": "hybrid.runs.run",
        "sample": "hybrid.measure.sampling",
        "zero_noise": "hybrid.measure.mitigation.zero_noise",
    },
)
