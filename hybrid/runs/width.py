"""Problems of choices with more variables than outcomes have bits."""

from hybrid import catalog
from hybrid.base.errors import UsageError, shortened
from hybrid.base.types import Problem
from hybrid.device.device import Device

MOST_BITS = 63
"""Outcomes are kept as 63-bit numbers."""


def check_width(text: str, problem: Problem) -> None:
    """UsageError for a wider problem, with what the widest device has and what the classical baseline gives."""
    if problem.choices is None or problem.n_qubits <= MOST_BITS:
        return
    devices = [Device.load(name) for name in catalog.names("devices")]
    widest = max(devices, key=lambda device: device.n_qubits or 0)
    value = problem.exact if problem.exact is not None else problem.baseline
    found = f"none is known ({problem.choices.method})"
    if value is not None:
        unit = f" {problem.unit}" if problem.unit else ""
        found = f"{problem.quantity} {value:g}{unit} ({problem.choices.method}, {problem.choices.seconds:.2g} s)"
    raise UsageError(
        f"problem '{shortened(text)}': takes {problem.n_qubits} qubits; the widest device here, '{widest.name}', has "
        f"{widest.n_qubits}, and outcomes are kept of up to {MOST_BITS}. The best classical choice: {found}."
    )
