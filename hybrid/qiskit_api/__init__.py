"""Interfaces to Qiskit: a device as a `BackendV2`, and the primitives `Estimator` and `Sampler`.

Imports `measure` and the rooms below it. Offers `DeviceBackend`, `Estimator` and `Sampler`.
"""

from hybrid.qiskit_api.backend import DeviceBackend
from hybrid.qiskit_api.estimator import Estimator
from hybrid.qiskit_api.sampler import Sampler

__all__ = ["DeviceBackend", "Estimator", "Sampler"]
