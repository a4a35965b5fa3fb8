"""The value at a last state, and its sensitivity (equation 7): Pauli sums of amplitudes, or weighted outcomes."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import groupby

import numpy as np
from jaxtyping import Complex, Float, Inexact
from qiskit.quantum_info import SparsePauliOp

DENSE = 2**6
"""Up to this many amplitudes the observable is a matrix: one product costs less than a statement for every mask (measured)."""


class Hamiltonian:
    """sum_x c_x(y) psi(y xor x) over masks x of flipped bits, with the axes of psi in `order`, the slowest first.

    A string with masks x and z and n letters Y maps |u> to i^n (-1)^|z and u| |u xor x> (Qiskit's Y = i X Z).
    """

    def __init__(self, observable: SparsePauliOp, order: Sequence[int], dtype: np.dtype) -> None:
        n = len(order)
        self._transposed = None
        if 2**n <= DENSE:
            columns = ordered(observable.to_matrix(), order).reshape(2**n, 2**n)
            self._transposed = ordered(columns.T, order).reshape(2**n, 2**n).astype(dtype)
            return
        bits = np.array([1 << (n - 1 - order.index(q)) for q in range(n)])
        x, z = observable.paulis.x @ bits, observable.paulis.z @ bits
        weights = observable.coeffs * 1j ** (observable.paulis.x & observable.paulis.z).sum(axis=1)
        self._diagonal = np.zeros(2**n, dtype)
        self._flips: list[tuple[np.ndarray, list[int]]] = []  # a phase and the masks that have it
        numbers: dict[complex, list[int]] = {}
        for mask in np.unique(x):
            phase = _phase(weights[x == mask], z[x == mask], np.arange(2**n) ^ mask, dtype)
            if mask == 0:
                self._diagonal += phase
            elif phase.ndim == 0:
                numbers.setdefault(complex(phase), []).append(int(mask))
            else:
                self._flips.append((phase, [int(mask)]))
        self._flips += [(np.asarray(number, dtype), masks) for number, masks in numbers.items()]

    def expect(
        self, values: Float[np.ndarray, " k"], state: Complex[np.ndarray, "k N"], mu: Complex[np.ndarray, "k N"]
    ) -> Callable[[], None]:
        """The statement f = <psi|H|psi>, mu = 2 conj(H psi)."""
        apply = self._applied(state, mu)

        def statement() -> None:
            apply()
            values[:] = np.vecdot(state, mu).real
            np.conjugate(mu, out=mu)
            np.multiply(mu, 2, out=mu)

        return statement

    def _applied(self, state: Complex[np.ndarray, "k N"], result: Complex[np.ndarray, "k N"]) -> Callable[[], object]:
        """The statement result = H psi."""
        if self._transposed is not None:
            return partial(np.matmul, state, self._transposed, result)
        flipped = np.empty_like(state)
        views = [
            (phase, [(flipped.reshape(len(state), *_runs(mask, state.shape[1])[0]), _mirrored(state, mask)) for mask in masks])
            for phase, masks in self._flips
        ]

        def statement() -> None:
            np.multiply(self._diagonal, state, out=result)
            for phase, terms in views:
                flipped[...] = 0
                for target, mirrored in terms:
                    target += mirrored
                np.multiply(phase, flipped, out=flipped)
                np.add(result, flipped, out=result)

        return statement


def hamiltonian_bytes(observable: SparsePauliOp, amplitude: int) -> int:
    """Bytes of a `Hamiltonian` at most, with its temporary array."""
    return (len(np.unique(observable.paulis.x, axis=0)) + 2) * amplitude * 2**observable.num_qubits


def weigh(
    weights: Float[np.ndarray, " N"],
    values: Float[np.ndarray, " k"],
    state: Inexact[np.ndarray, "k N"],
    mu: Inexact[np.ndarray, "k N"] | None = None,
) -> Callable[[], None]:
    """The statement f = sum_x w(x) p(x), with p = |psi|^2 and mu = 2 w conj(psi), or with p the state itself and mu = w."""

    def statement() -> None:
        values[:] = probabilities(state) @ weights
        if mu is not None:
            mu[...] = 2 * weights * state.conj() if np.iscomplexobj(state) else weights

    return statement


def probabilities(state: Inexact[np.ndarray, "k N"]) -> Float[np.ndarray, "k N"]:
    """p(x), still in the order of the state."""
    return np.real(state) ** 2 + np.imag(state) ** 2 if np.iscomplexobj(state) else state


def ordered(outcomes: Inexact[np.ndarray, "*batch N"], order: Sequence[int]) -> np.ndarray:
    """A view of outcomes (qubit 0 the lowest bit) with one axis per qubit, in `order`."""
    n, batch = len(order), outcomes.ndim - 1
    axes = outcomes.reshape(*outcomes.shape[:-1], *(2,) * n)
    return axes.transpose(*range(batch), *(batch + n - 1 - q for q in order))


def _phase(weights: np.ndarray, signs: np.ndarray, sources: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """c_x(y) over all y, or one number where no string of the mask has a sign."""
    if not signs.any():
        return np.asarray(weights.sum(), dtype)
    phase = np.zeros(len(sources), dtype)
    for weight, mask in zip(weights, signs, strict=True):
        phase += weight * (1.0 - 2.0 * (np.bitwise_count(sources & mask) & 1))
    return phase


def _runs(mask: int, N: int) -> tuple[list[int], tuple[slice, ...]]:
    """y -> y xor mask as a view: neighbouring bits that flip are one axis, read backwards."""
    runs = [(flipped == "1", len(list(bits))) for flipped, bits in groupby(f"{mask:0{N.bit_length() - 1}b}")]
    return [2**length for _, length in runs], tuple(slice(None, None, -1 if flipped else 1) for flipped, _ in runs)


def _mirrored(state: np.ndarray, mask: int) -> np.ndarray:
    shape, mirror = _runs(mask, state.shape[1])
    return state.reshape(len(state), *shape)[:, *mirror]
