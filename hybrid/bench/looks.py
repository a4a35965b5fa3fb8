"""Announced looks: how a question that is not decided may be measured further without more errors.

Whoever looks again until a difference shows finds one where there is none. With `--until-decided` every cell is therefore
measured in 9 processes, what is undecided then in 18, then in 27, and no more; and each look may err by its own part of
ALPHA. Bonferroni's bound holds over the looks whatever decides who is looked at again; it is the simplest way to spend an error
over looks (Lan and DeMets, Biometrika 70, 659, 1983). p over that part is a p-value at whichever look a pair ends, so Holm's
correction over the pairs stands. Most is spent on the first look, where few processes allow no very small p; later ones do.
The rows record the looks, so that every later reading applies the same levels.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from hybrid.bench.rows import Row
from hybrid.bench.statistics import ALPHA

LOOKS = (9, 18, 27)
PARTS = (0.8, 0.1, 0.1)
"""Parts of ALPHA, look by look."""


def level(looks: bool) -> str:
    """Which p is needed, in words."""
    if not looks:
        return f"p < {ALPHA:g} after Holm"
    levels = [f"{ALPHA * part:g}" for part in PARTS]
    steps = ", ".join(f"{level} at {look}" for level, look in zip(levels, LOOKS, strict=True))
    return f"p after Holm below {steps} processes, {ALPHA:g} in all"


class Seen(NamedTuple):
    """The seconds of two cells at the last look that both have passed, and its part of ALPHA; 0 before the first."""

    base: Sequence[float]
    new: Sequence[float]
    part: float


def announced(rows: Iterable[Row]) -> bool:
    """Whether any of these rows was measured until it was decided."""
    return any("looks" in row for row in rows)


def seen(base: Sequence[float], new: Sequence[float], looks: bool) -> Seen:
    """What a comparison may use: as many processes of both as the last look they share; without `looks` all of them."""
    if not looks:
        return Seen(base, new, 1.0)
    both = min(len(base), len(new))
    passed = [(look, part) for look, part in zip(LOOKS, PARTS, strict=True) if look <= both]
    if not passed:
        return Seen(base, new, 0.0)
    count, part = passed[-1]
    return Seen(base[:count], new[:count], part)
