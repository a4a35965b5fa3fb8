"""Quantum phase estimation."""

from math import isfinite, pi

from qiskit import QuantumCircuit

from hybrid.base.errors import UsageError
from hybrid.catalog.circuits._shared import check, measured
from hybrid.catalog.circuits.qft import transform


def qpe(*, n: int = 4, phase: float = 0.1875) -> QuantumCircuit:
    """Phase estimation of P(2 pi phase) on |1>, n binary digits (Kitaev, arXiv:quant-ph/9511026; Nielsen and Chuang, sec. 5.2).

    Qubits 0..n-1 count and are measured, qubit n holds the eigenstate. Ideally, where phase 2^n is whole, that number alone
    (0011 of 16 by default); else the two numbers around it share at least 8/pi^2 = 0.81, and the nearest has at least 0.4.
    UsageError: n outside 1..50, phase outside [0, 1).
    """
    check("qpe", "n", n, 1, 50)
    if not (isfinite(phase) and 0 <= phase < 1):
        raise UsageError(f"circuit 'qpe': phase is a fraction of a turn, at least 0 and below 1, not {phase}.")
    circuit = QuantumCircuit(n + 1)
    circuit.x(n)
    circuit.h(range(n))
    for qubit in range(n):
        circuit.cp(2 * pi * (phase * 2**qubit % 1), qubit, n)
    back = QuantumCircuit(n)
    transform(back, n)
    circuit.compose(back.inverse(), range(n), inplace=True)
    return measured(circuit, "qpe", range(n))
