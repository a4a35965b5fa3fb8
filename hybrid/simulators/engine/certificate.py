"""What a value takes where only terms are asked: qubits alive at once, the longest state, memory; known before anything is."""

from functools import lru_cache
from math import prod
from typing import NamedTuple

from hybrid.base.types import Task
from hybrid.simulators.engine.fuse import FusionPlan, Site
from hybrid.simulators.engine.maps import QubitRead
from hybrid.simulators.engine.outcome_weights import weighted_plan
from hybrid.simulators.engine.sweep import forward_capacity, peak
from hybrid.simulators.engine.workspace import picture, plan_of


class Certificate(NamedTuple):
    """No truncation: qubits that have entered and are not read, at most; numbers of the longest state, and of one value; what a
    value takes in multiplications."""

    live_qubits: int
    peak_numbers: int
    numbers: int
    multiplications: int

    @property
    def words(self) -> str:
        """For the report."""
        return f"no truncation, {self.live_qubits} live qubits, peak {self.peak_numbers:,} numbers"


def certificate(task: Task) -> Certificate:
    """Of a task with `terms`, whose settings are computed one after the other."""
    return _certificate(_ById(task))


class _ById:
    """The task itself as a key: it holds lists."""

    def __init__(self, task: Task) -> None:
        self.task = task

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ById) and other.task is self.task

    def __hash__(self) -> int:
        return id(self.task)


@lru_cache(maxsize=4)
def _certificate(of: _ById) -> Certificate:
    task = of.task
    assert task.terms is not None
    parts = []
    for setting, terms in zip(task.settings, task.terms, strict=True):
        plan = plan_of(task._replace(settings=(setting,), terms=(terms,)), picture(task))
        summed = weighted_plan(plan, (terms,)).plan
        matrices = sum(prod(item.before) * prod(item.after) for item in summed.items if isinstance(item, Site))
        parts.append(Certificate(_live(plan), peak(summed), forward_capacity(summed) + matrices, summed.cost))
    live, largest, numbers = (max(column) for column in zip(*(part[:3] for part in parts), strict=True))
    return Certificate(live, largest, numbers, sum(part.multiplications for part in parts))


def _live(plan: FusionPlan) -> int:
    read, most = 0, 0
    for item in plan.items:
        most = max(most, len(item.order) - read)
        if isinstance(item, Site):
            read += sum(isinstance(element.what, QubitRead) for element in item.elements)
    return most
