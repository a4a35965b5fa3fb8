"""The variational loop: an optimiser asks, an oracle answers, until the optimiser returns or the budget ends."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, runtime_checkable

from hybrid.base.types import Diverged, Optimization, Point, Question
from hybrid.device.billing import Bill


class Cost(NamedTuple):
    """Cost of an answer: parameter points, gradients, shots, shots x shot cycle in seconds (None where unknown), and the bill
    by the site's rule (None where the device has none)."""

    nfev: int = 0
    njev: int = 0
    shots: int = 0
    qpu_seconds: float | None = None
    bill: Bill | None = None

    def plus(self, other: "Cost") -> "Cost":
        """The sum."""
        known = [cost.qpu_seconds for cost in (self, other) if cost.qpu_seconds is not None]
        bill = self.bill.plus(other.bill) if self.bill and other.bill else self.bill or other.bill
        shots = self.shots + other.shots
        return Cost(self.nfev + other.nfev, self.njev + other.njev, shots, sum(known) if known else None, bill)

    @property
    def machine_s(self) -> float | None:
        """Seconds that a budget of machine time counts: the high end of the bill, or shots x shot cycle."""
        return self.qpu_seconds if self.bill is None else self.bill.seconds.high


@runtime_checkable
class LoopLimits(Protocol):
    """What ends a loop early."""

    def refuses(self, question: Question, spent: Cost, cost: Cost) -> str | None:
        """Why the question is not asked, or None."""
        ...


class Budget(NamedTuple):
    """A question that would go beyond any of these is not asked."""

    max_evals: int | None
    max_iterations: int | None
    max_qpu_s: float | None

    def left(self, spent: Cost, share: float) -> "Budget":
        """A share of the evaluations and the machine time that are left; iterations are those of every minimisation."""
        evals = None if self.max_evals is None else int(max(0, self.max_evals - spent.nfev) * share)
        qpu_s = None if self.max_qpu_s is None else max(0.0, self.max_qpu_s - (spent.machine_s or 0.0)) * share
        return Budget(evals, self.max_iterations, qpu_s)

    def refuses(self, question: Question, spent: Cost, cost: Cost) -> str | None:
        """Why the question is not asked, or None."""
        after = spent.plus(cost)
        if self.max_evals is not None and after.nfev > self.max_evals:
            return f"budget of {self.max_evals} evaluations"
        if self.max_iterations is not None and question.iteration >= self.max_iterations:
            return f"budget of {self.max_iterations} iterations"
        if self.max_qpu_s is not None and (after.machine_s or 0.0) > self.max_qpu_s:
            return f"budget of {self.max_qpu_s:g} s on the machine"
        return None


class OrTime(NamedTuple):
    """Limits of a budget, and of time."""

    budget: LoopLimits
    time_is_up: Callable[[Question], str | None]

    def refuses(self, question: Question, spent: Cost, cost: Cost) -> str | None:
        """See `LoopLimits`."""
        return self.budget.refuses(question, spent, cost) or self.time_is_up(question)


class Ending(NamedTuple):
    """Where and why the loop ended."""

    x: Point
    spent: Cost
    iterations: int
    converged: bool
    reason: str


class Oracle(NamedTuple):
    """Answers an optimiser's questions; `cost` says beforehand what an answer costs."""

    cost: Callable[[Question], Cost]
    ask: Callable[[Question], Any]


def minimize(optimization: Optimization, oracle: Oracle, budget: LoopLimits) -> Ending:
    """Answer the optimiser's questions until it returns or the budget ends."""
    spent, iterations = Cost(), 0
    try:
        question = next(optimization)
        while True:
            cost = oracle.cost(question)
            if reason := budget.refuses(question, spent, cost):
                return Ending(question.x, spent, iterations, False, reason)
            answer = oracle.ask(question)
            spent, iterations = spent.plus(cost), question.iteration + 1
            question = optimization.send(answer)
    except Diverged as ended:
        reason = f"diverged after {iterations} iterations; this is the best point before (a smaller learning rate helps)"
        return Ending(ended.x, spent, iterations, False, reason)
    except StopIteration as returned:
        return Ending(returned.value, spent, iterations, True, "converged")
    finally:
        optimization.close()  # now, not when it is collected: an optimiser may hold a thread
