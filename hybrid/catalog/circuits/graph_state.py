"""Graph state: one CZ per edge of a graph."""

from itertools import combinations
from typing import Literal

from qiskit import QuantumCircuit

from hybrid.base.errors import UsageError
from hybrid.catalog.circuits._shared import MAX_QUBITS, check, measured


def graph_state(*, n: int = 4, graph: Literal["ring", "line", "complete"] = "ring") -> QuantumCircuit:
    """Graph state: CZ along every edge, on |+...+> (Hein, Eisert and Briegel, arXiv:quant-ph/0307130).

    X on a vertex times Z on its neighbours is +1 for every vertex. Measured in the Z basis, as here, all 2^n outcomes are
    ideally equally likely, so the counts are blind to noise. UsageError: n outside 1..1000, a complete graph of more than 200.
    """
    check("graph_state", "n", n, 1, MAX_QUBITS)
    if graph == "complete" and n > 200:
        raise UsageError(f"circuit 'graph_state': a complete graph may have at most 200 vertices, not {n}.")
    edges = list(combinations(range(n), 2)) if graph == "complete" else [(i, i + 1) for i in range(n - 1)]
    if graph == "ring" and n > 2:
        edges.append((n - 1, 0))
    circuit = QuantumCircuit(n)
    circuit.h(range(n))
    for edge in edges:
        circuit.cz(*edge)
    return measured(circuit, "graph_state")
