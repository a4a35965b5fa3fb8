"""Dividing items into two parts that weigh the same, or nearly."""

from itertools import combinations
from pathlib import Path

import numpy as np

from hybrid.base.errors import UsageError
from hybrid.base.types import Problem
from hybrid.catalog.problems._binary import BinaryProgram, Qubo, parts_text
from hybrid.catalog.problems._inputs import read_table
from hybrid.catalog.problems._solve import binary_problem

ALGORITHM = "qaoa"


def number_partition(*, items: str) -> Problem:
    """Number partitioning: two parts with nearly equal sums.

    The least squared difference, H = (sum of s_i a_i)^2 with s_i = 1 - 2 x_i.

    `items` is a .csv file with the columns `item` and `weight` (Lucas, Front. Phys. 2, 5, 2014, section 2.1). UsageError
    names file and line.
    """
    table = read_table(Path(items))
    names = table.column("item")
    if len(set(names)) < len(names):
        raise UsageError(f"{items}: an item is listed twice.")
    weights = np.array(table.numbers("weight", "weight"))
    # (A - 2 sum a x)^2 = A^2 - 4 A sum a x + 4 (sum a x)^2 with A = sum a and x^2 = x
    with np.errstate(over="ignore", invalid="ignore"):  # an overflow is refused with the sums
        total = weights.sum()
        pairs = {(i, j): float(8 * weights[i] * weights[j]) for i, j in combinations(range(len(names)), 2)}
        objective = Qubo(float(total**2), 4 * weights * (weights - total), pairs)
    program = BinaryProgram(names=tuple(names), objective=objective)

    def decode(outcome: int) -> str:
        ones = sum(w for i, w in enumerate(weights) if outcome >> i & 1)
        return f"difference {abs(total - 2 * ones):g}: {parts_text(names, outcome)}"

    return binary_problem("number_partition", program, decode, quantity="squared diff.")
