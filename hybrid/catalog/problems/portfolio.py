"""Picking so many assets of a list that return weighs up risk."""

import math
from itertools import combinations
from pathlib import Path

import numpy as np
from jaxtyping import Float

from hybrid.base.errors import UsageError, shortened
from hybrid.base.types import Problem
from hybrid.catalog.problems._binary import BinaryProgram, Constraint, Qubo
from hybrid.catalog.problems._dates import check_oldest_first
from hybrid.catalog.problems._inputs import read_table
from hybrid.catalog.problems._solve import binary_problem

ALGORITHM = "qaoa"


def portfolio(
    *,
    prices: str | None = None,
    covariances: str | None = None,
    pick: int,
    risk_aversion: float = 1.0,
    per_year: float = 1.0,
    penalty: float | None = None,
) -> Problem:
    """Portfolio: `pick` of the assets in a table, in equal shares.

    Least risk_aversion w'Sw - m'w with w = x / pick (Markowitz, J. Finance 7, 77, 1952).

    `prices`: a .csv file, one row per date, oldest first, its first column the date (2024-01-31, 31.01.2024, 31/01/2024, ...;
    days and months that may be exchanged are refused where the order depends on it) and one column per asset; m and S are
    mean and sample covariance of the relative changes from row to row, times `per_year` (rows in a year, so that return and
    risk are those of a year; 1 leaves them per row). `covariances`: a .csv file with the columns `asset` and `return`, then
    one per asset, a row for each in the same order; the covariances must be symmetric and positive semidefinite. The
    reported value is minus the energy: the return less risk_aversion times the variance, less penalties. UsageError names
    file, line and column.
    """
    if (prices is None) == (covariances is None):
        raise UsageError("problem 'portfolio': give one of prices=FILE.csv and covariances=FILE.csv.")
    if not (0 <= risk_aversion < np.inf and 0 < per_year < np.inf):
        raise UsageError("problem 'portfolio': risk_aversion may not be negative, per_year must be positive.")
    names, returns, covariance = _from_prices(prices) if prices is not None else _from_covariances(str(covariances))
    returns, covariance = returns * per_year, covariance * per_year
    n = len(names)
    if not 1 <= pick <= n:
        raise UsageError(f"problem 'portfolio': pick must lie between 1 and {n}, the number of assets, not {pick}.")
    scaled = risk_aversion * covariance / pick**2
    pairs = {(i, j): float(2 * scaled[i, j]) for i, j in combinations(range(n), 2)}
    budget = Constraint(f"pick {pick}", dict.fromkeys(range(n), 1), "=", pick)
    objective = Qubo(0.0, np.diag(scaled) - returns / pick, pairs)
    program = BinaryProgram(names=tuple(names), objective=objective, constraints=(budget,))

    def decode(outcome: int) -> str:
        x = np.array([outcome >> i & 1 for i in range(n)])
        if not x.sum():
            return f"pick nothing NOT {pick}"
        share = x / x.sum()
        text = f"return {100 * share @ returns:.2f} %, risk {100 * np.sqrt(max(share @ covariance @ share, 0.0)):.2f} %"
        wrong = "" if x.sum() == pick else f" NOT {pick} but {x.sum()}"
        return f"pick {', '.join(program.chosen(outcome))}: {text}{wrong}"

    return binary_problem("portfolio", program, decode, quantity="return - risk", maximize=True, penalty=penalty)


Assets = tuple[list[str], Float[np.ndarray, " n"], Float[np.ndarray, "n n"]]


def _from_prices(file: str) -> Assets:
    table = read_table(Path(file))
    dates, *names = table.columns
    if not names:
        raise UsageError(f"{file}: no column of prices after '{shortened(dates)}'.")
    check_oldest_first(table.columns[dates], table.where)
    if len(table.where) < 3:
        raise UsageError(f"{file}: a covariance needs at least 3 rows of prices, not {len(table.where)}.")
    prices = np.array([table.numbers(name) for name in names])
    if (prices <= 0).any():
        asset, row = np.argwhere(prices <= 0)[0]
        raise UsageError(f"{table.where[row]}: the price of {shortened(names[asset])} must be positive.")
    with np.errstate(over="ignore", invalid="ignore"):
        changes = prices[:, 1:] / prices[:, :-1] - 1
        if not np.isfinite(changes**2).all():
            raise UsageError(f"{file}: the prices change by too much: a square overflows.")
    return names, changes.mean(axis=1), np.atleast_2d(np.cov(changes))


def _from_covariances(file: str) -> Assets:
    table = read_table(Path(file))
    names = table.column("asset")
    columns = [name for name in table.columns if name not in ("asset", "return")]
    if columns != names:
        raise UsageError(f"{file}: the columns after 'asset' and 'return' must be the assets in the order of their rows.")
    matrix = np.array([table.numbers(name) for name in columns])
    for i, j in combinations(range(len(names)), 2):
        if abs(matrix[i, j] - matrix[j, i]) > 1e-9 * math.sqrt(abs(matrix[i, i])) * math.sqrt(abs(matrix[j, j])):
            raise UsageError(f"{table.where[j]}: the covariance of {names[i]} and {names[j]} is not symmetric.")
    if np.linalg.eigvalsh(matrix)[0] < -1e-9 * np.abs(matrix).max():
        raise UsageError(f"{file}: no covariances: the matrix has a negative eigenvalue.")
    return names, np.array(table.numbers("return")), (matrix + matrix.T) / 2
