"""The published experiments: rows of `experiments.toml`, those that can be rebuilt and those that cannot."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path(__file__).parent
GUESS = {
    "state": lambda n: 2.0**-n,
    "ghz_hellinger": lambda n: 2.0 * 2.0**-n,
    "kernel_mirror": lambda n: 2.0**-n,
    "bernstein_vazirani": lambda n: 2.0 ** -(n - 1),
    "qft": lambda n: 0.0,
    "linear_ramp_qaoa": lambda n: 0.5,
    "wormhole_teleportation": lambda n: 0.5,
}
"""Kind -> what outcomes without any information score on n qubits."""


class PublishedExperiment(NamedTuple):
    """One published value, a fraction, with its error where one is published, and what rebuilds its circuits.

    `device` is a profile in `devices/`, `kind` a file in `kinds/` that reads `options`; `source` is a key of the bibliography.
    """

    id: str
    kind: str
    machine: str
    device: str
    qubits: int
    what: str
    measured: float
    source: str
    place: str
    mark: str
    date: str
    options: dict[str, Any]
    error: float | None = None

    @property
    def guess(self) -> float:
        """The score of outcomes without any information."""
        return GUESS[self.kind](self.qubits)


class LeftOut(NamedTuple):
    """A published experiment that is not rebuilt here, and why."""

    id: str
    machine: str
    what: str
    published: str
    source: str
    reason: str


@cache
def experiments() -> tuple[PublishedExperiment, ...]:
    """The experiments that are rebuilt, in the order of the file."""
    return tuple(PublishedExperiment(**{"options": {}} | row) for row in _table()["experiments"])


@cache
def left_out() -> tuple[LeftOut, ...]:
    """The experiments that are not."""
    return tuple(LeftOut(**row) for row in _table()["left_out"])


@cache
def outside_by_first_rule() -> frozenset[str]:
    """Identifiers of the experiments whose measured value lay outside its interval by the first rule."""
    table = tomllib.loads((FOLDER / "first_rule.toml").read_text(encoding="utf-8"))
    return frozenset((*table["better"], *table["worse"]))


def revised() -> str:
    """The day on which the table was last changed."""
    return _table()["revised"]


def _table() -> dict[str, Any]:
    return tomllib.loads((FOLDER / "experiments.toml").read_text(encoding="utf-8"))
