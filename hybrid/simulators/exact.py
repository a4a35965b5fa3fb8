"""The exact engine of this package: exact values, counts and gradients of circuits with and without noise."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, final

from hybrid.base.errors import UsageError
from hybrid.base.machine import memory_bytes as machine_bytes
from hybrid.base.types import DENSE_QUBITS, Certificate, Runner, Task
from hybrid.simulators.engine import Engine, certificate, picture, values_bytes, wide
from hybrid.simulators.engine.maps import PURE

UNITS = {"MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
ADDED = ("detunings",)
"""Options that are newer than some records."""
MOST_BYTES = 2**31
"""Axes of nodes are taken where a gradient needs no more; a number that does not depend on what else the machine does."""


def exact(
    *,
    precision: Literal["double", "single"] = "double",
    memory: str | None = None,
    detunings: Literal["auto", "nodes", "sobol"] = "auto",
) -> "ExactBackend":
    """The exact engine. `memory` (like 4GiB; default: half of what is free) bounds the states that a gradient keeps,
    and all that is needed on more than 12 qubits.

    Values without shots are averaged over independent detunings by Gauss-Hermite `nodes` of each, or over `sobol` points.
    `auto` takes nodes on more than 12 qubits, where they take fewer multiplications than the points and fit.

    Raises UsageError for a memory that is not a number with a unit.
    """
    if memory is None:
        return ExactBackend(precision, None, detunings)
    amount = re.fullmatch(r"(\d+(?:\.\d+)?)([MGT]iB)", memory)
    if amount is None or float(amount[1]) == 0:
        raise UsageError(f"exact: memory={memory} is not an amount of memory; write it like 4GiB ({', '.join(UNITS)}).")
    return ExactBackend(precision, int(float(amount[1]) * UNITS[amount[2]]), detunings)


@final
@dataclass(frozen=True)
class ExactBackend:
    """The backend with its options bound."""

    precision: str
    memory: int | None
    detunings: str = "auto"

    def compile(self, task: Task) -> Runner:
        """Circuits fused into blocks and constants multiplied, once; see `hybrid.base.types.Backend`.

        UsageError for more `memory` than the machine has.
        """
        in_all, free = machine_bytes()
        memory = free // 2 if self.memory is None else self.memory
        if memory > in_all:
            raise UsageError(f"exact: memory={memory / 2**30:.4g}GiB, this machine has {in_all / 2**30:.4g} GiB; give less.")
        return Engine(task, single=self.precision == "single", memory_bytes=memory)

    def memory_bytes(self, task: Task) -> int:
        """Two states, the observable and the outcomes of one point; a gradient takes up to `memory` more."""
        if not wide(task):
            return values_bytes(task, single=self.precision == "single")
        return self._bytes(certificate(task).numbers)

    def takes_nodes(self, by_nodes: Sequence[Task], drawn: Task) -> bool:
        """As asked for; else where they take fewer multiplications, and a gradient by them fits the memory."""
        if self.detunings != "auto" or drawn.n_qubits <= DENSE_QUBITS:
            return self.detunings == "nodes"
        work = sum(certificate(task).multiplications for task in by_nodes)
        most = MOST_BYTES if self.memory is None else self.memory
        return work <= drawn.realizations * certificate(drawn).multiplications and all(
            self._bytes(certificate(task).gradient_numbers) <= most for task in by_nodes
        )

    def certificate(self, task: Task) -> Certificate | None:
        """Of a wide task."""
        return certificate(task) if wide(task) else None

    def gradient_bytes(self, task: Task) -> int:
        """What a gradient of a wide task takes at least."""
        return self._bytes(certificate(task).gradient_numbers) if wide(task) else 0

    def _bytes(self, numbers: int) -> int:
        return 8 // (1 + (self.precision == "single")) * numbers

    def describe(self, task: Task) -> str:
        """Representation and precision, for the report."""
        state = "state vector" if picture(task) == PURE else "Pauli transfer"
        simulator = f"exact engine, {state}, {self.precision} precision"
        return simulator if not wide(task) else f"{simulator}, {certificate(task).words}"
