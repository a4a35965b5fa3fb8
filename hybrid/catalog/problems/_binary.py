"""Binary programs: an objective and constraints over bits; QUBO, Hamiltonian, feasibility and brute force follow from them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, final

import numpy as np
from jaxtyping import Bool, Float, Int, UInt64
from qiskit.quantum_info import SparsePauliOp

Outcomes = UInt64[np.ndarray, " u"]
"""Bit i of an outcome is variable i."""


@final
@dataclass(frozen=True)
class Qubo:
    """constant + sum_i linear[i] x_i + sum_{i<j} quadratic[i, j] x_i x_j over bits x."""

    constant: float
    linear: Float[np.ndarray, " n"]
    quadratic: Mapping[tuple[int, int], float]

    def values(self, outcomes: Outcomes) -> Float[np.ndarray, " u"]:
        """The polynomial at every outcome; bits beyond n do not matter."""
        return self._at(bits(outcomes, len(self.linear)).astype(float))

    def value(self, outcome: int) -> float:
        """The polynomial at one outcome, of any number of bits."""
        return float(self._at(np.array([[outcome >> i & 1 for i in range(len(self.linear))]], dtype=float))[0])

    def _at(self, x: Float[np.ndarray, "u n"]) -> Float[np.ndarray, " u"]:
        values_ = self.constant + x @ self.linear
        for (i, j), value in self.quadratic.items():
            values_ += value * (x[:, i] * x[:, j])
        return values_

    def hamiltonian(self) -> SparsePauliOp:
        """The same polynomial with x = (1 - Z)/2: an Ising model (Lucas, Front. Phys. 2, 5, 2014)."""
        field = -self.linear / 2
        for (i, j), value in self.quadratic.items():
            field[i] -= value / 4
            field[j] -= value / 4
        identity = self.constant + self.linear.sum() / 2 + sum(self.quadratic.values()) / 4
        terms = [("", [], identity), *(("Z", [i], h) for i, h in enumerate(field) if h)]
        terms += [("ZZ", [i, j], value / 4) for (i, j), value in self.quadratic.items() if value]
        return SparsePauliOp.from_sparse_list(terms, num_qubits=len(self.linear))

    def most_per_flip(self) -> float:
        """The most that one flipped bit can change."""
        high, low = self.linear.copy(), self.linear.copy()
        for pair, value in self.quadratic.items():
            for i in pair:
                (high if value > 0 else low)[i] += value
        return float(np.maximum(np.abs(high), np.abs(low)).max())

    def most(self) -> float:
        """At least the difference between the largest and the least value."""
        return sum(map(abs, self.linear.tolist())) + sum(map(abs, self.quadratic.values()))


class Constraint(NamedTuple):
    """sum_i coefficients[i] x_i `sense` bound, in whole numbers."""

    name: str
    coefficients: Mapping[int, int]
    sense: Literal["=", "<="]
    bound: int

    def excess(self, x: Bool[np.ndarray, "u n"]) -> Int[np.ndarray, " u"]:
        """By how much each row misses the bound; 0 where the constraint holds."""
        off = x[:, list(self.coefficients)].astype(np.int64) @ list(self.coefficients.values()) - self.bound
        return np.abs(off) if self.sense == "=" else np.maximum(off, 0)

    @property
    def excludes_pairs(self) -> bool:
        """Whether it says "at most one of these": then products penalise it and no slack is needed."""
        return self.sense == "<=" and self.bound == 1 and set(self.coefficients.values()) == {1}


@final
@dataclass(frozen=True, kw_only=True)
class BinaryProgram:
    """Minimise `objective` under `constraints`; `names` are the user's for its variables."""

    names: tuple[str, ...]
    objective: Qubo
    constraints: tuple[Constraint, ...] = ()

    def feasible(self, outcomes: Outcomes) -> Bool[np.ndarray, " u"]:
        """Whether each outcome satisfies every constraint; slack bits do not matter."""
        x = bits(outcomes, len(self.names))
        return np.all([constraint.excess(x) == 0 for constraint in self.constraints], axis=0) & np.ones(len(x), dtype=bool)

    def chosen(self, outcome: int) -> list[str]:
        """Names of the variables that are 1."""
        return [name for i, name in enumerate(self.names) if outcome >> i & 1]

    def sufficient_penalty(self) -> float:
        """A weight above which breaking a constraint never lowers the total.

        Where a violation by e units can be repaired by e flips or fewer (a single count or budget, or forbidden pairs), a
        weight above the most that one flip changes the objective; else above all that the objective can change.
        """
        alone = len(self.constraints) == 1 and (
            set(self.constraints[0].coefficients.values()) == {1}
            or (self.constraints[0].sense == "<=" and min(self.constraints[0].coefficients.values()) > 0)
        )
        repairable = alone or all(constraint.excludes_pairs for constraint in self.constraints)
        bound = self.objective.most_per_flip() if repairable else self.objective.most()
        return 1.1 * bound or 1.0

    def penalised(self, weight: float) -> Qubo:
        """Objective plus `weight` times the square of the violation of each constraint; variables first, then slack bits.

        An inequality becomes an equation with slack bits of weights 1, 2, 4, ... and a rest, so that the slack reaches
        exactly the whole numbers from 0 to the most it may be. "At most one" is penalised by its products instead.
        """
        constant, linear = self.objective.constant, list(self.objective.linear)
        quadratic = dict(self.objective.quadratic)

        def add(i: int, j: int, value: float) -> None:
            pair = (min(i, j), max(i, j))
            quadratic[pair] = quadratic.get(pair, 0.0) + value

        for constraint in self.constraints:
            coefficients = dict(constraint.coefficients)
            if constraint.excludes_pairs:
                members = list(coefficients)
                for k, i in enumerate(members):
                    for j in members[:k]:
                        add(i, j, weight)
                continue
            if constraint.sense == "<=":
                for worth in slack_worths(constraint):
                    coefficients[len(linear)] = worth
                    linear.append(0.0)
            # (sum_i a_i x_i - b)^2 = b^2 + sum_i a_i (a_i - 2 b) x_i + 2 sum_{i<j} a_i a_j x_i x_j, as x^2 = x
            constant += weight * constraint.bound**2
            items = list(coefficients.items())
            for k, (i, a) in enumerate(items):
                linear[i] += weight * a * (a - 2 * constraint.bound)
                for j, b in items[:k]:
                    add(i, j, 2 * weight * a * b)
        return Qubo(constant, np.array(linear), quadratic)


def slack_worths(constraint: Constraint) -> list[int]:
    """The weights of the slack bits of an inequality: every whole number from 0 to its largest slack is a sum of some."""
    rest = constraint.bound - sum(min(a, 0) for a in constraint.coefficients.values())
    worths = []
    while rest > 0:
        worths.append(min(1 << len(worths), rest))
        rest -= worths[-1]
    return worths


def bits(outcomes: Outcomes, n: int) -> Bool[np.ndarray, "u n"]:
    """The lowest n bits of every outcome."""
    return (outcomes[:, None] >> np.arange(n, dtype=np.uint64) & np.uint64(1)).astype(bool)


def parts_text(names: Sequence[str], outcome: int) -> str:
    """{the first one's part | the other part}, names in order."""
    side = [outcome >> q & 1 for q in range(len(names))]
    parts = (" ".join(name for name, s in zip(names, side, strict=True) if s == first) for first in (side[0], 1 - side[0]))
    return f"{{{'} | {'.join(parts)}}}"


def every(n: int) -> Outcomes:
    """All outcomes of n bits."""
    return np.arange(2**n, dtype=np.uint64)
