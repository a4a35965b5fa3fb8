"""Labelled points from a CSV file, a classification problem."""

from pathlib import Path

import numpy as np

from hybrid.base.errors import UsageError, shortened
from hybrid.base.types import Dataset
from hybrid.catalog.problems._data import check_split, dataset
from hybrid.catalog.problems._inputs import read_table

SUFFIXES = (".csv",)
MAX_CLASSES = 10


def table(*, file: str, label: str, columns: str | None = None, test: float = 0.3, seed: int = 0) -> Dataset:
    """Labelled data from a CSV table.

    Column `label` names the class, the others are features, or only `columns` (a+b+c).

    Classes are numbered in the order of their sorted names; features must be numbers. UsageError names file, line and column.
    """
    check_split("table", test, seed)
    source = read_table(Path(file))
    labels = source.column(label)
    names = [name for name in source.columns if name != label] if columns is None else columns.split("+")
    if label in names or len(set(names)) < len(names) or not names:
        raise UsageError(f"problem 'table': columns must be distinct features other than the label '{shortened(label)}'.")
    rows = [source.numbers(name) for name in names]
    classes = sorted(set(labels))
    if len(classes) > MAX_CLASSES:
        raise UsageError(
            f"{file}: column '{shortened(label)}' names {len(classes)} classes; at most {MAX_CLASSES}: is it a number?"
        )
    y = np.array([classes.index(name) for name in labels])
    return dataset("table", np.array(rows).T, y, names, classes, test, seed)
