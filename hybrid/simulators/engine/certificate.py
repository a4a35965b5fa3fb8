"""What a wide task takes: qubits alive at once, the longest state, memory; known before anything is allocated."""

from functools import lru_cache
from math import prod
from typing import NamedTuple

from hybrid.base.types import Task
from hybrid.simulators.engine.fuse import FusionPlan, Site
from hybrid.simulators.engine.maps import QubitRead
from hybrid.simulators.engine.outcome_weights import weighted_plan
from hybrid.simulators.engine.sampling import MOST_NUMBERS
from hybrid.simulators.engine.sweep import forward_capacity, peak
from hybrid.simulators.engine.workspace import picture, plan_of, sampled


class Certificate(NamedTuple):
    """No truncation: qubits that have entered and are not read, at most; numbers of the longest state, and of all that a point
    takes; its multiplications."""

    live_qubits: int
    peak_numbers: int
    numbers: int
    multiplications: int

    @property
    def words(self) -> str:
        """For the report."""
        return f"no truncation, {self.live_qubits} live qubits, peak {self.peak_numbers:,} numbers"


def wide(task: Task) -> bool:
    """Whether a task has a certificate: it makes no array over all outcomes."""
    return task.terms is not None or sampled(task)


def certificate(task: Task) -> Certificate:
    """Of a `wide` task, whose settings are computed one after the other."""
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
    task, parts = of.task, []
    for s, setting in enumerate(task.settings):
        terms = None if task.terms is None else task.terms[s : s + 1]
        plan = plan_of(task._replace(settings=(setting,), terms=terms), picture(task))
        matrices = sum(prod(item.before) * prod(item.after) for item in plan.items if isinstance(item, Site))
        if terms is None:
            longest = _longest_unread(plan)
            states = 2 * max(longest, min(MOST_NUMBERS, longest * task.shots))
            parts.append(Certificate(_live(plan), longest, 2 * states + matrices, len(plan.tails[0]) * states))
        else:
            summed = weighted_plan(plan, terms).plan
            parts.append(Certificate(_live(plan), peak(summed), forward_capacity(summed) + matrices, summed.cost))
    live, longest, numbers, multiplications = zip(*parts, strict=True)
    return Certificate(max(live), max(longest), max(numbers), sum(multiplications))


def _longest_unread(plan: FusionPlan) -> int:
    """Numbers of the longest state where a qubit's axis ends with its reading."""
    lengths: dict[int, int] = {}
    longest = 1
    for item in plan.items:
        if isinstance(item, Site):
            lengths |= dict(zip(item.axes, item.after, strict=True))
            longest = max(longest, prod(lengths.values()))
            for element in item.elements:
                if isinstance(element.what, QubitRead):
                    del lengths[element.qubits[0]]
    return longest


def _live(plan: FusionPlan) -> int:
    read, most = 0, 0
    for item in plan.items:
        most = max(most, len(item.order) - read)
        if isinstance(item, Site):
            read += sum(isinstance(element.what, QubitRead) for element in item.elements)
    return most
