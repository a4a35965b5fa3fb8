"""What a wide task takes: qubits alive at once, the longest state, memory, work; known before anything is allocated."""

from functools import lru_cache
from math import prod

from hybrid.base.types import Certificate, Task
from hybrid.simulators.engine.maps import QubitRead, Rotation
from hybrid.simulators.engine.node_axes import with_node_axes
from hybrid.simulators.engine.outcome_weights import weighted_plan
from hybrid.simulators.engine.sampling import MOST_NUMBERS
from hybrid.simulators.engine.sites import FusionPlan, Site
from hybrid.simulators.engine.sweep import forward_capacity, least_capacity, longest_with_nodes, peak
from hybrid.simulators.engine.workspace import picture, plan_of, sampled


def wide(task: Task) -> bool:
    """Whether a task has a certificate: it makes no array over all outcomes."""
    return task.terms is not None or sampled(task)


def certificate(task: Task) -> Certificate:
    """Of a `wide` task, whose settings are computed one after the other."""
    return _certified(_ById(task))


class _ById:
    """The task itself as a key: it holds lists."""

    def __init__(self, task: Task) -> None:
        self.task = task

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ById) and other.task is self.task

    def __hash__(self) -> int:
        return id(self.task)


@lru_cache(maxsize=8)
def _certified(of: _ById) -> Certificate:
    task, parts = of.task, []
    nodes = None if task.axes is None else sorted(map(len, task.axes.weights.values()))
    few_and_most = None if nodes is None else (nodes[0], nodes[-1])
    for s, setting in enumerate(task.settings):
        terms = None if task.terms is None else task.terms[s : s + 1]
        plan = plan_of(task._replace(settings=(setting,), terms=terms), picture(task))
        if terms is None:
            longest = _longest_unread(plan)
            states = 2 * max(longest, min(MOST_NUMBERS, longest * task.shots))
            parts.append((_live(plan), longest, 2 * states + _matrices(plan), 0, len(plan.tails[0]) * states))
        else:
            summed = weighted_plan(plan, terms)
            whole = (summed if task.axes is None else with_node_axes(summed, task.axes)).plan
            matrices = _matrices(whole)
            backward = least_capacity(whole) + 2 * (peak(whole) + longest_with_nodes(whole)) + 2 * matrices
            parts.append((_live(plan), peak(whole), forward_capacity(whole) + matrices, backward, whole.cost))
    live, longest, numbers, gradient_numbers, multiplications = zip(*parts, strict=True)
    return Certificate(max(live), max(longest), few_and_most, max(numbers), max(gradient_numbers), sum(multiplications))


def _matrices(plan: FusionPlan) -> int:
    """Numbers of all blocks' matrices: as they are applied, and the factors that they are products of."""
    total = 0
    for item in plan.items:
        if isinstance(item, Site):
            varying = sum(isinstance(element.what, Rotation) for element in item.elements)
            K = 1 if item.nodes is None else item.nodes[1]
            total += K * (1 + 2 * varying) * prod(item.before) * prod(item.after)
    return total


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
