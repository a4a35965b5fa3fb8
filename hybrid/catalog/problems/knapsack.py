"""The knapsack problem."""

from pathlib import Path

import numpy as np

from hybrid.base.errors import UsageError, shortened
from hybrid.base.types import Problem
from hybrid.catalog.problems._binary import BinaryProgram, Constraint, Qubo
from hybrid.catalog.problems._inputs import finite, read_table
from hybrid.catalog.problems._solve import binary_problem

ALGORITHM = "qaoa"


def knapsack(*, items: str, capacity: int, penalty: float | None = None) -> Problem:
    """Knapsack: the most valuable items of a limited weight.

    At most `capacity`: -sum v x + penalty (sum w x + slack - capacity)^2.

    `items` is a .csv file with the columns `item`, `value` and `weight`, weights in whole numbers. The slack takes as many
    bits as the capacity (at most the weight of everything) has (Lucas, Front. Phys. 2, 5, 2014, section 5.2). The reported
    value is minus the energy. UsageError names file and line.
    """
    table = read_table(Path(items))
    names = table.column("item")
    if len(set(names)) < len(names):
        raise UsageError(f"{items}: an item is listed twice.")
    values = table.numbers("value", "value")
    weights = [_whole(where, cell) for where, cell in zip(table.where, table.column("weight"), strict=True)]
    if capacity < min(weights):
        raise UsageError(f"problem 'knapsack': capacity={capacity}, and the lightest item weighs {min(weights)}.")
    limit = Constraint("the capacity", dict(enumerate(weights)), "<=", min(capacity, sum(weights)))
    program = BinaryProgram(names=tuple(names), objective=Qubo(0.0, -np.array(values), {}), constraints=(limit,))

    def decode(outcome: int) -> str:
        chosen = [i for i in range(len(names)) if outcome >> i & 1]
        weight = sum(weights[i] for i in chosen)
        packed = f"pack {', '.join(names[i] for i in chosen) or 'nothing'}: value {sum(values[i] for i in chosen):g}"
        return f"{packed}, weight {weight} of {capacity}{' TOO HEAVY' if weight > capacity else ''}"

    return binary_problem("knapsack", program, decode, quantity="value", maximize=True, penalty=penalty)


def _whole(where: str, cell: str) -> int:
    value = finite(where, "weight", cell)
    if value != int(value) or not 0 < value < 2**31:
        raise UsageError(f"{where}: the weight must be a positive whole number (choose a unit), not '{shortened(cell)}'.")
    return int(value)
