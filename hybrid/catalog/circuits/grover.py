"""Grover's search."""

from math import asin, pi

from qiskit import QuantumCircuit

from hybrid.catalog.circuits._shared import check, check_bits, measured


def grover(*, n: int = 3, marked: str | None = None, iterations: int | None = None) -> QuantumCircuit:
    """Grover's search for one marked string of n bits (Grover, arXiv:quant-ph/9605043).

    `marked` is written like an outcome, qubit 0 on the right; by default a 0 and then ones. It ideally appears with
    probability sin^2((2 k + 1) t), sin t = 2^(-n/2), after k iterations; the others share the rest equally. By default k is
    the best, about pi/4 2^(n/2): 0.945 at n = 3. UsageError: n outside 2..20, marked not n digits, iterations outside 0..1000.
    """
    check("grover", "n", n, 2, 20)
    bits = "0" + "1" * (n - 1) if marked is None else marked
    check_bits("grover", "marked", bits, n, n)
    best = round(pi / (4 * asin(2 ** (-n / 2))) - 0.5)
    rounds = best if iterations is None else iterations
    check("grover", "iterations", rounds, 0, 1000)
    zeros = [qubit for qubit, bit in enumerate(reversed(bits)) if bit == "0"]
    circuit = QuantumCircuit(n)
    circuit.h(range(n))
    for _ in range(rounds):
        _flip_sign(circuit, zeros)
        circuit.h(range(n))
        _flip_sign(circuit, list(range(n)))
        circuit.h(range(n))
    return measured(circuit, "grover")


def _flip_sign(circuit: QuantumCircuit, zeros: list[int]) -> None:
    """The sign of the one basis state whose zeros are at `zeros`."""
    *controls, last = range(circuit.num_qubits)
    if zeros:
        circuit.x(zeros)
    circuit.h(last)
    circuit.mcx(controls, last)
    circuit.h(last)
    if zeros:
        circuit.x(zeros)
