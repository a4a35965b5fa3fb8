"""Error channels as matrices: Kraus operators and superoperators."""

from math import exp
from typing import assert_never

import numpy as np
from jaxtyping import Complex

from hybrid.base.types import BitFlip, Channel, Depolarizing, Operation, Relaxation

PAULIS = np.array([[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]], dtype=complex)


def kraus(channel: Channel) -> Complex[np.ndarray, "r d d"]:
    """Kraus operators of one channel on its own qubits (first qubit the lowest bit)."""
    match channel:
        case BitFlip():
            return np.sqrt([1 - channel.probability, channel.probability])[:, None, None] * PAULIS[:2]
        case Depolarizing():
            return _depolarizing_kraus(channel.probability, len(channel.qubits))
        case Relaxation():
            return _relaxation_kraus(channel)
        case _:
            assert_never(channel)


def _depolarizing_kraus(probability: float, n_qubits: int) -> Complex[np.ndarray, "r d d"]:
    strings = PAULIS
    for _ in range(n_qubits - 1):
        strings = np.einsum("aij,bkl->abikjl", strings, PAULIS).reshape(len(strings) * 4, 2 * len(strings[0]), -1)
    weights = np.full(len(strings), probability / len(strings))
    weights[0] += 1 - probability
    return np.sqrt(weights)[:, None, None] * strings


def _relaxation_kraus(channel: Relaxation) -> Complex[np.ndarray, "r d d"]:
    """Amplitude damping with T1 followed by pure dephasing so that coherences decay with T2 (Nielsen & Chuang, 8.3.5-8.3.6)."""
    survive = exp(-channel.duration_s / channel.t1_s)
    contrast = exp(-channel.duration_s / channel.t2_s) / np.sqrt(survive) if survive else 0.0  # after 745 T1 nothing is left
    damp = np.array([[[1, 0], [0, np.sqrt(survive)]], [[0, np.sqrt(1 - survive)], [0, 0]]], dtype=complex)
    phase = np.sqrt([(1 + contrast) / 2, max(0.0, 1 - contrast) / 2])[:, None, None] * PAULIS[[0, 3]]
    return np.einsum("aij,bjk->abik", phase, damp).reshape(-1, 2, 2)


def qubits_of(step: Operation | Channel) -> tuple[int, ...]:
    """The simulated qubits a step acts on."""
    return step.qubits if isinstance(step, Operation | Depolarizing) else (step.qubit,)


def superoperator(operators: Complex[np.ndarray, "r d d"]) -> Complex[np.ndarray, "dd dd"]:
    """Sum of conj(K) x K, the channel on column-stacked density matrices."""
    d = operators.shape[-1]
    return np.einsum("rij,rkl->ikjl", operators.conj(), operators).reshape(d * d, d * d)
