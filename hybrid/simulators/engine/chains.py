"""The factors of a block's matrix, linear in the harmonics of an angle or in the entries of a run (equation 5)."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

import numpy as np
from jaxtyping import Inexact
from qiskit.circuit import Gate

from hybrid.base.types import Channel, Depolarizing, Relaxation
from hybrid.simulators.engine.maps import Element, Rotation, channel_slopes, embed, harmonics, matrix
from hybrid.simulators.engine.sites import Site

HARMONICS = 3
"""1, cos and sin: number of coefficients of a rotation. A run has d^2, the entries of its matrix."""

LONG = 3
"""From this many rotations on, it is faster to multiply those in a row on one qubit first, as a run (measured)."""


class Factor(NamedTuple):
    """F = sum_c v_c table[c], where v are the harmonics of a sum of angles, or the entries of a run's matrix.

    `sources` are the numbers of these angles (none: F is table[0]), or the number of the run. `changes` is dF/d(number) for
    each physical number of an error channel, which is step `step` of the setting (equation 10).
    """

    table: Inexact[np.ndarray, "c D D"]
    sources: tuple[int, ...]
    changes: dict[str, Inexact[np.ndarray, "D D"]]
    step: int = -1


class Chain(NamedTuple):
    """The product F_K ... F_1 base."""

    base: Inexact[np.ndarray, "D D"]
    factors: tuple[Factor, ...] = ()


class Chains:
    """Chains by number. With `merged` those that are equal to the last bit have one number: settings that begin alike are
    multiplied once; slopes need each site's own."""

    def __init__(self, *, merged: bool) -> None:
        self.all: list[Chain] = []
        self.columns: list[int | None] = []
        self._numbers: dict[bytes, int] = {}
        self._merged = merged

    def number(self, one: Chain, columns: int | None = None) -> int:
        """Of a chain of whose matrix so many columns are used (None: all), a new one unless it is here already."""
        new = len(self.all)
        known = self._numbers.setdefault(_digest(one, columns), new) if self._merged else new
        if known == new:
            self.all.append(one)
            self.columns.append(columns)
        return known


def _digest(one: Chain, columns: int | None) -> bytes:
    digest = blake2b(repr((columns, one.base.shape, [(factor.table.shape, factor.sources) for factor in one.factors])).encode())
    for array in (one.base, *(factor.table for factor in one.factors)):
        digest.update(array.tobytes())
    return digest.digest()


def chain(site: Site, runs: Chains, d: int, *, channels: bool) -> Chain:
    """The chain of a site. Elements in a row on one qubit are a run, a chain of its own in `runs`, if enough of them vary.

    Rotations vary; with `channels` each error channel is a factor of its own, too.
    """
    result = Chain(np.eye(d ** len(site.axes)))
    for elements in _pieces(site.elements):
        piece = _elements(elements, elements[0].qubits, d, channels)
        if len(site.axes) == 1 or len(piece.factors) < LONG:
            result = _then(result, _elements(elements, site.axes, d, channels))
            continue
        table = _units_on(site.axes.index(elements[0].qubits[0]), len(site.axes), d)
        result = _then(result, Chain(np.eye(len(table[0])), (Factor(table, (runs.number(piece),), {}),)))
    return result


@lru_cache(maxsize=256)
def _units_on(place: int, n: int, d: int) -> Inexact[np.ndarray, "c D D"]:
    """The d^2 matrices with one entry 1 on the qubit at this place of n axes."""
    return np.array([embed(unit, (place,), range(n), d) for unit in np.eye(d * d).reshape(d * d, d, d)])


@lru_cache(maxsize=256)
def _harmonics_on(gate: type[Gate], places: tuple[int, ...], n: int, d: int) -> Inexact[np.ndarray, "3 D D"]:
    """The rotation's harmonics on the qubits at these places of n axes."""
    return np.array([embed(e, places, range(n), d) for e in harmonics(gate, d)])


def _pieces(elements: Sequence[Element]) -> Iterator[list[Element]]:
    """The elements in an equivalent order: each one on several qubits alone, those on one qubit in between together.

    Phases that would be alone before an element on several qubits, and commute with it, are moved after it.
    """
    waiting: dict[int, list[Element]] = {}
    for element in elements:
        if len(element.qubits) == 1:
            waiting.setdefault(element.qubits[0], []).append(element)
            continue
        for q in element.qubits:
            run = waiting.pop(q, [])
            first = max((place + 1 for place, e in enumerate(run) if q not in e.diagonal & element.diagonal), default=0)
            if any(isinstance(e.what, Rotation) for e in run[:first]):
                first = len(run)
            if first:
                yield run[:first]
            if run[first:]:
                waiting[q] = run[first:]
        yield [element]
    yield from waiting.values()


def _elements(elements: Sequence[Element], axes: tuple[int, ...], d: int, channels: bool) -> Chain:
    """Every varying element as a factor on `axes`, the others multiplied into the factor before them."""
    result = Chain(np.eye(d ** len(axes)))
    for element, angles in _gathered(elements):
        if isinstance(element.what, Rotation):
            table = _harmonics_on(element.what.gate, tuple(map(axes.index, element.qubits)), len(axes), d)
            one = Chain(np.eye(len(table[0])), (Factor(table, angles, {}),))
        else:
            constant = embed(matrix(element.what, d), element.qubits, axes, d)
            one = Chain(constant)
            if channels and isinstance(element.what, Channel):
                table = np.stack([constant, 0 * constant, 0 * constant])
                changes = {k: embed(m, element.qubits, axes, d) for k, m in channel_slopes(element.what).items()}
                one = Chain(np.eye(len(constant)), (Factor(table, (), changes, element.step),))
        result = _then(result, one)
    return result


def _gathered(elements: Sequence[Element]) -> list[tuple[Element, tuple[int, ...]]]:
    """The elements with the angles of each; a phase joins an earlier one if it commutes with all elements in between."""
    gathered: list[tuple[Element, tuple[int, ...]]] = []
    for element in elements:
        what = element.what
        angles = (what.angle,) if isinstance(what, Rotation) else ()
        for place in range(len(gathered) - 1, -1, -1):
            before, others = gathered[place]
            alike = isinstance(what, Rotation) and isinstance(before.what, Rotation) and what.gate is before.what.gate
            if alike and element.qubits == before.qubits:
                gathered[place] = before, others + angles
                break
            if not _passes(element, before):
                gathered.append((element, angles))
                break
        else:
            gathered.append((element, angles))
    return gathered


def _passes(phase: Element, before: Element) -> bool:
    """Whether a gate is diagonal and commutes with the element before it: diagonal, too, or a channel symmetric about Z."""
    decay = isinstance(before.what, Relaxation | Depolarizing) and before.qubits == phase.qubits and len(phase.qubits) == 1
    return phase.diagonal == set(phase.qubits) and (decay or phase.diagonal & set(before.qubits) <= before.diagonal)


def _then(first: Chain, second: Chain) -> Chain:
    """Both chains as one: the second's constant goes into the first's last factor."""
    if not first.factors:
        return Chain(second.base @ first.base, second.factors)
    *before, last = first.factors
    changes = {name: second.base @ change for name, change in last.changes.items()}
    last = last._replace(table=second.base @ last.table, changes=changes)
    return Chain(first.base, (*before, last, *second.factors))
