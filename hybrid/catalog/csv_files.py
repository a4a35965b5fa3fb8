"""What a .csv file given as a problem may be meant as, by its header and first row. Standard library only."""

import csv
import re
from pathlib import Path

from hybrid.base.files import NUMBER, read_text

DATE = re.compile(r"\d{4}-\d\d?(-\d\d?)?|\d\d?[./]\d\d?[./]\d{2,4}|\d{4}")
TABLES = (
    "a portfolio takes a row per date with a price of every asset, a knapsack the columns item, value and weight, a graph two "
    "ends and perhaps a weight, a classifier its labelled points"
)
PERIODS = {"date", "day", "week", "month", "quarter", "year", "time"}


def meant(file: str) -> list[str]:
    """The problems that the table may be, as they are written, the likeliest first."""
    lines = [line for line in read_text(Path(file)).removeprefix("\ufeff").splitlines() if line.strip() and line[0] != "#"]
    delimiter = next((d for d in ",;\t" if lines and d in lines[0]), ",")
    names, first, *_ = [*([cell.strip() for cell in row] for row in csv.reader(lines[:2], delimiter=delimiter)), [], []]
    if {"item", "weight"} <= {*names}:
        return [f"knapsack:items={file},capacity=10" if "value" in names else f"number_partition:items={file}"]
    if {"asset", "return"} <= {*names}:
        return [f"portfolio:covariances={file},pick=2"]
    numbers = [bool(NUMBER.fullmatch(cell)) for cell in first]
    dated = bool(names and first) and (names[0].lower() in PERIODS or bool(DATE.fullmatch(first[0])))
    if dated and len(numbers) > 1 and all(numbers[1:]):
        return [f"portfolio:prices={file},pick=2"]
    labels = [name for name, number in zip(names, numbers, strict=False) if not number]
    points = f"{file}:label={labels[-1] if len(labels) == 1 else 'COLUMN'}"
    graph = [f"maxcut:graph={file}"] if len(names) in (2, 3) and numbers[:2] == [False, False] else []
    return [*graph, points]
