"""The quantum Fourier transform."""

from math import pi
from typing import Literal

from qiskit import QuantumCircuit

from hybrid.base.errors import UsageError
from hybrid.catalog.circuits._shared import check, measured

MAX_QUBITS = 200
"""Already 19,900 controlled phases."""


def qft(*, n: int = 4, state: Literal["zero", "comb", "wave"] = "zero", frequency: int | None = None) -> QuantumCircuit:
    """Fourier transform |x> -> 2^(-n/2) sum_k exp(2 pi i x k / 2^n) |k>, natural bit order (arXiv:quant-ph/0201067).

    What it is applied to: `zero`, |0...0>, ideally uniform and therefore blind to noise; `comb`, all even numbers, ideally
    0...0 and 10...0, 1/2 each; `wave`, sum_x exp(-2 pi i frequency x / 2^n) |x>, ideally the number `frequency` alone, 1
    by default. UsageError: n outside 1..200, frequency outside 0..2^n - 1 or given for another state.
    """
    check("qft", "n", n, 1, MAX_QUBITS)
    if frequency is not None and state != "wave":
        raise UsageError(f"circuit 'qft': frequency belongs to state=wave, not to state={state}.")
    number = 1 if frequency is None else frequency
    check("qft", "frequency", number, 0, 2**n - 1)
    circuit = QuantumCircuit(n)
    if start := {"zero": [], "comb": list(range(1, n)), "wave": list(range(n))}[state]:
        circuit.h(start)
    if state == "wave":
        for qubit in range(n):
            circuit.p(-2 * pi * (number % 2 ** (n - qubit)) / 2 ** (n - qubit), qubit)
    transform(circuit, n)
    return measured(circuit, "qft")


def transform(circuit: QuantumCircuit, n: int) -> None:
    """Append the transform of qubits 0..n-1."""
    for target in reversed(range(n)):
        circuit.h(target)
        for control in reversed(range(target)):
            circuit.cp(pi / 2 ** (target - control), control, target)
    for qubit in range(n // 2):
        circuit.swap(qubit, n - 1 - qubit)
