"""Random tasks for the tests of the exact engine: wide gates, any qubits, error channels, settings that share a beginning."""

from collections.abc import Sequence

import numpy as np
from qiskit.circuit import Gate, Parameter
from qiskit.circuit.library import (
    CCXGate,
    CSwapGate,
    CXGate,
    ECRGate,
    HGate,
    PhaseGate,
    RXGate,
    RXXGate,
    RYGate,
    RYYGate,
    RZGate,
    RZXGate,
    RZZGate,
    SXGate,
    TGate,
    U1Gate,
    UGate,
    UnitaryGate,
    iSwapGate,
)
from qiskit.quantum_info import SparsePauliOp, random_unitary

from hybrid.base.types import BitFlip, Channel, Depolarizing, Operation, Relaxation, Setting, Task

ONE, TWO, THREE = (HGate, TGate, SXGate), (CXGate, ECRGate, iSwapGate), (CCXGate, CSwapGate)
TURN_ONE, TURN_TWO = (RXGate, RYGate, RZGate, PhaseGate, U1Gate), (RXXGate, RYYGate, RZZGate, RZXGate)


def gate(width: int, angles: list[Parameter], rng: np.random.Generator) -> Gate:
    """A random gate, fixed or by a fresh angle, now and then by an angle that was used before."""

    def angle() -> Parameter | float:
        if rng.random() < 0.3:
            return float(rng.uniform(-3, 3))
        if not angles or rng.random() < 0.8:
            angles.append(Parameter(f"a{len(angles)}"))
        return angles[rng.integers(len(angles))]

    def any_of(kinds: Sequence[type[Gate]]) -> type[Gate]:
        return kinds[rng.integers(len(kinds))]

    if width == 3:
        return any_of(THREE)()
    if rng.random() < 0.3:
        return (
            UnitaryGate(random_unitary(2**width, seed=int(rng.integers(2**31))))
            if rng.random() < 0.3
            else any_of((ONE, TWO)[width - 1])()
        )
    if width == 1 and rng.random() < 0.3:
        return UGate(angle(), angle(), angle())
    return any_of((TURN_ONE, TURN_TWO)[width - 1])(angle())


def channel(qubits: Sequence[int], rng: np.random.Generator) -> Channel:
    """A strong error on the first one or two of the qubits."""
    kind = rng.integers(4)
    if kind == 0:
        return BitFlip(qubits[0], rng.uniform(0.01, 0.2))
    if kind == 1:
        return Relaxation(qubits[0], rng.uniform(0.1e-6, 1e-6), 3e-6, 4e-6)
    return Depolarizing(tuple(qubits[: min(kind - 1, len(qubits))]), rng.uniform(0.01, 0.3))


def random_task(
    n: int, gates: int, seed: int, *, noisy: bool, settings: int = 1, observable: SparsePauliOp | None = None
) -> Task:
    """From a product state without symmetry; the settings end in other pulses, every other one in a CX."""
    rng, angles = np.random.default_rng(seed), []
    steps: list[Operation | Channel] = [Operation(RYGate(0.3 + 0.6 * q), (q,)) for q in range(n)]
    for _ in range(gates):
        qubits = tuple(int(q) for q in rng.permutation(n))
        width = int(rng.choice([1, 2, 3], p=[0.4, 0.5, 0.1])) if n > 2 else int(rng.integers(1, n + 1))
        steps.append(Operation(gate(width, angles, rng), qubits[:width]))
        if noisy and rng.random() < 0.5:
            steps.append(channel(qubits, rng))
    ends = [[Operation(SXGate(), (q,)) for q in range(n) if (s >> q % 3) & 1] for s in range(settings)]
    pairs = rng.permuted(np.tile(np.arange(n), (settings, 1)), axis=1)[:, :2].tolist()
    ends = [[*end, *([Operation(CXGate(), tuple(pairs[s]))] if s % 2 else [])] for s, end in enumerate(ends)]
    if noisy:
        ends = [[*end, channel([int(rng.integers(n))], rng)] for end in ends]
    return Task(tuple(Setting(n, (*steps, *end)) for end in ends), tuple(angles), observable, 0, 1)


def random_observable(n: int, seed: int) -> SparsePauliOp:
    """Diagonal, flipping, and with every letter; the first with a Y on the lowest and a Z on the highest qubit."""
    rng = np.random.default_rng(seed)
    labels = [
        "Z" + "X" * (n - 2) + "Y",
        "Z" * n,
        "X" + "I" * (n - 1),
        *("".join(rng.choice(list("IXYZ"), n)) for _ in range(6)),
    ]
    return SparsePauliOp(labels, rng.uniform(-1, 1, len(labels)))
