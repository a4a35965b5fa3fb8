"""The exact engine of this package: exact values, counts and gradients of circuits with and without noise."""

import re
from dataclasses import dataclass
from typing import Literal, final

from hybrid.base.errors import UsageError
from hybrid.base.machine import memory_bytes as machine_bytes
from hybrid.base.types import Runner, Task
from hybrid.simulators.engine import Engine, certificate, picture, values_bytes, wide
from hybrid.simulators.engine.maps import PURE

UNITS = {"MiB": 2**20, "GiB": 2**30, "TiB": 2**40}


def exact(*, precision: Literal["double", "single"] = "double", memory: str | None = None) -> "ExactBackend":
    """The exact engine. `memory` (like 4GiB; default: half of what is free) bounds the states that a gradient keeps.

    Raises UsageError for a memory that is not a number with a unit.
    """
    if memory is None:
        return ExactBackend(precision, None)
    amount = re.fullmatch(r"(\d+(?:\.\d+)?)([MGT]iB)", memory)
    if amount is None or float(amount[1]) == 0:
        raise UsageError(f"exact: memory={memory} is not an amount of memory; write it like 4GiB ({', '.join(UNITS)}).")
    return ExactBackend(precision, int(float(amount[1]) * UNITS[amount[2]]))


@final
@dataclass(frozen=True)
class ExactBackend:
    """The backend with its options bound."""

    precision: str
    memory: int | None

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
        single = self.precision == "single"
        if not wide(task):
            return values_bytes(task, single=single)
        return 8 // (1 + single) * certificate(task).numbers

    def describe(self, task: Task) -> str:
        """Representation and precision, for the report."""
        state = "state vector" if picture(task) == PURE else "Pauli transfer"
        simulator = f"exact engine, {state}, {self.precision} precision"
        return simulator if not wide(task) else f"{simulator}, {certificate(task).words}"
