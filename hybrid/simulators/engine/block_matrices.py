"""Matrices of many chains at once from the angles, and the backward pass through them (equations 3, 5, 9 and 10)."""

from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Inexact, Int

from hybrid.simulators.engine.chains import HARMONICS, Chain, Factor

_GATHERED = np.empty((0, 0, 0))
"""In place of a factor's table once it stands in its family's arrays."""


class Bound(NamedTuple):
    """Views of a chain's matrix and of the slot for df/d(matrix) (equation 8), both (k, D, C), or (k, K, D, C) of a chain for
    each node; None without angles."""

    product: Inexact[np.ndarray, "k D C"]
    slot: Inexact[np.ndarray, "k D C"] | None
    constant: bool


class Family:
    """The constants of all chains of one size D, as arrays over chains b and factors t; `angles` are those of each rotation.

    Only the first C `columns` of their matrices are used: 1 where all qubits of a block enter with it (equation 4), else D.
    Chains are sorted by falling number of factors, and factors by their place j in the chain: the j-th factors of all chains
    that have one are the slice `parts[j]`, in the order of the chains. `place` is the new place of each chain, `last` the
    number of its last factor if it has any, `ends` are the last factors of all chains that have one.
    """

    def __init__(self, chains: Sequence[Chain], D: int, dtype: np.dtype, columns: int | None = None) -> None:
        order = sorted(range(len(chains)), key=lambda i: -len(chains[i].factors))
        counts = [len(chains[i].factors) for i in order]
        self.place = {i: b for b, i in enumerate(order)}
        self.base = np.array([chains[i].base for i in order]).reshape(-1, D, D)[..., :columns].astype(dtype)
        self.last: dict[int, int] = {}
        self.parts: list[slice] = []
        self.factors: list[Factor] = []
        for j in range(max(counts, default=0)):
            some = [b for b, count in enumerate(counts) if count > j]
            self.parts.append(slice(len(self.factors), len(self.factors) + len(some)))
            for b in some:
                self.last[order[b]] = len(self.factors)
                self.factors.append(chains[order[b]].factors[j])
        self.ends = np.array([self.last[i] for i in range(len(order)) if i in self.last], dtype=int)
        self.rotations, self.angles, self.harmonics = self._gather(rotations=True)
        self.nested, runs, self.units = self._gather(rotations=False)
        self.runs = np.array([run for (run,) in runs], dtype=int)
        self.of_rotations, self.of_runs = _stretches(self.rotations, len(self.angles)), _stretches(self.nested, len(runs))
        self.factors = [factor._replace(table=_GATHERED) for factor in self.factors]

    @cached_property
    def slopes(self) -> Inexact[np.ndarray, "r 2 DD"]:
        """dF/dtheta of the rotations, linear in (cos, sin)."""
        _, cosines, sines = self.harmonics.reshape(-1, HARMONICS, self.base.shape[1] ** 2).swapaxes(0, 1)
        return kappa(self.base.dtype) * np.stack([sines, -cosines], axis=1)

    def _gather(self, *, rotations: bool) -> tuple[slice | np.ndarray, list[tuple[int, ...]], Inexact[np.ndarray, "r c DD"]]:
        """The factors of this kind: their places, the numbers of their angles or runs, and their tables."""
        some = [t for t, factor in enumerate(self.factors) if (len(factor.table) == HARMONICS) == rotations]
        tables = [self.factors[t].table.reshape(-1, self.base.shape[-2] ** 2) for t in some]
        rows = slice(None) if len(some) == len(self.factors) else np.array(some, dtype=int)
        return rows, [self.factors[t].sources for t in some], np.array(tables, self.base.dtype)

    def bytes_per_point(self, *, slopes: bool) -> int:
        """Bytes of `Matrices` for one point."""
        b, D, C = self.base.shape
        return (b * C + (2 if slopes else 1) * len(self.factors) * (D + C)) * D * self.base.itemsize


def _stretches(places: slice | np.ndarray, count: int) -> list[tuple[slice, slice]]:
    """Runs of neighbouring places: which of the count they are, and the places, so that results are written there at once."""
    if isinstance(places, slice):
        return [(slice(0, count), places)] if count else []
    cuts = [0, *(np.flatnonzero(np.diff(places) > 1) + 1).tolist(), count]
    return [(slice(a, b), slice(int(places[a]), int(places[b - 1]) + 1)) for a, b in pairwise(cuts) if b > a]


class Matrices:
    """Buffers of one family for k points: factors F (t, k, D, D), products Z (b + t, k, D, C) and, for slopes, H (t, k, D, C).

    The first b products are the chains' constants Z_0; a chain's last product is its matrix. `waves` are (1, cos, sin)(kappa
    theta) of the family's rotations; df/dtheta is written into `slopes`, if given.
    """

    def __init__(
        self, family: Family, waves: Inexact[np.ndarray, "r k c"], slopes: Float[np.ndarray, "r k"] | None = None
    ) -> None:
        self.family, self._waves, self._slopes = family, waves, slopes
        (b, D, C), t, k = family.base.shape, len(family.factors), waves.shape[1]
        self._factors = np.empty((t, k, D, D), family.base.dtype)
        self._flat = self._factors.reshape(t, k, D * D)
        self._products = np.empty((b + t, k, D, C), family.base.dtype)
        self._products[:b] = family.base[:, None]
        self._h = np.zeros((0 if slopes is None else t, k, D, C), family.base.dtype)
        starts = [0, *(b + part.start for part in family.parts)]
        before = [slice(start, start + part.stop - part.start) for start, part in zip(starts, family.parts, strict=False)]
        self._before = np.concatenate([np.arange(s.start, s.stop) for s in before] or [np.zeros(0, dtype=int)])
        self._forward = [
            (self._factors[part], self._products[old], self._products[b + part.start : b + part.stop])
            for part, old in zip(family.parts, before, strict=True)
        ]
        self._backward = [
            (
                self._factors[later].swapaxes(-1, -2),
                self._h[later],
                self._h[part.start :][: later.stop - later.start],
            )
            for part, later in zip(family.parts, family.parts[1:], strict=False)
        ][::-1]

    def bound(self, chain: int) -> Bound:
        """The matrix and the slot of the family's chain."""
        last = self.family.last.get(chain)
        if last is None:
            return Bound(self._products[self.family.place[chain]], None, constant=True)
        slot = None if self._slopes is None else self._h[last]
        return Bound(self._products[len(self.family.base) + last], slot, constant=False)

    def bound_by_node(self, chain: int, nodes: int) -> Bound:
        """Those of this chain and the next ones; chains of one block have factors in the same places, and so stay together."""
        last = self.family.last.get(chain)
        if last is None:
            first = self.family.place[chain]
            return Bound(self._products[first : first + nodes].swapaxes(0, 1), None, constant=True)
        slot = None if self._slopes is None else self._h[last : last + nodes].swapaxes(0, 1)
        first = len(self.family.base) + last
        return Bound(self._products[first : first + nodes].swapaxes(0, 1), slot, constant=False)

    @property
    def entries(self) -> Inexact[np.ndarray, "n k DD"]:
        """Matrices of all chains that vary, in the order in which they were given."""
        last = self._products[len(self.family.base) + self.family.ends]
        return last.reshape(*last.shape[:2], last.shape[2] ** 2)

    def evaluate(self, entries: Inexact[np.ndarray, "n k dd"] | None = None) -> None:
        """F from the waves of rotations and the entries of runs, Z_j = F_j Z_(j-1) (equations 3 and 5)."""
        family = self.family
        for numbers, places in family.of_rotations:
            np.matmul(self._waves[numbers], family.harmonics[numbers], out=self._flat[places])
        if entries is not None:
            for numbers, places in family.of_runs:
                np.matmul(entries[family.runs[numbers]], family.units[numbers], out=self._flat[places])
        for factor, old, new in self._forward:
            np.matmul(factor, old, out=new)

    def differentiate(self) -> Inexact[np.ndarray, "n k dd"]:
        """Writes df/dtheta into `slopes` and returns df/d(entries) of the runs, from df/dB in the slots (equation 9)."""
        family = self.family
        flat = self.sensitivities().reshape(self._flat.shape)
        if self._slopes is not None and len(family.angles):
            self._slopes[...] = np.vecdot(self._waves[..., 1:], flat[family.rotations] @ family.slopes.swapaxes(1, 2)).real
        return flat[family.nested] @ family.units.swapaxes(1, 2) if len(family.runs) else flat[:0]

    def expect(self, entries: Inexact[np.ndarray, "b k DD"], chains: Int[np.ndarray, " b"]) -> None:
        """Put df/d(matrix), C = D, of these chains into their slots."""
        self._h[self.family.ends[chains]] = entries.reshape(len(chains), *self._h.shape[1:])

    def sensitivities(self) -> Inexact[np.ndarray, "t k D D"]:
        """df/dF of every factor: H_j Z_(j-1)^T with H_j = F_(j+1)^T H_(j+1), where H_K is in the chain's slot (equation 9)."""
        for factor, later, earlier in self._backward:
            np.matmul(factor, later, out=earlier)
        return self._h @ self._products[self._before].swapaxes(-1, -2)


def kappa(dtype: np.dtype) -> float:
    """Of equation 3."""
    return 0.5 if dtype.kind == "c" else 1.0
