"""hybrid: rehearse quantum-classical workloads for MeluXina-Q on simulators, with honest numbers.

Public names load what they need on first use; importing the package loads no simulator.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hybrid.characterization import characterize
    from hybrid.compilation import compile
    from hybrid.device import Device
    from hybrid.errors import HybridError
    from hybrid.explaining import explain
    from hybrid.extrapolation import zero_noise
    from hybrid.planning import plan
    from hybrid.program import Program
    from hybrid.qiskit_api import Estimator, Sampler
    from hybrid.repetition import Repetitions, repeat
    from hybrid.result import Result
    from hybrid.sampling import sample
    from hybrid.session import run
    from hybrid.spec import Spec

__all__ = [
    "Device",
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

_HOME = {
    "Device": "device",
    "Estimator": "qiskit_api",
    "HybridError": "errors",
    "Program": "program",
    "Repetitions": "repetition",
    "Result": "result",
    "Sampler": "qiskit_api",
    "Spec": "spec",
    "characterize": "characterization",
    "compile": "compilation",
    "explain": "explaining",
    "plan": "planning",
    "repeat": "repetition",
    "run": "session",
    "sample": "sampling",
    "zero_noise": "extrapolation",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'hybrid' has no attribute '{name}'")
    member = getattr(import_module(f"hybrid.{_HOME[name]}"), name)
    globals()[name] = member
    return member


def __dir__() -> list[str]:
    return __all__
