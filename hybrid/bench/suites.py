"""Suites: fixed lists of cells. A published version never changes; a change is a new version."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from hybrid.base.errors import UsageError, unknown
from hybrid.base.files import line_of, looks_like_path, read_toml
from hybrid.bench.cells import PATHS, Cell, grid, thread_counts
from hybrid.bench.scores import ScoreCell
from hybrid.bench.scores import cells as score_cells

FOLDER = Path(__file__).with_name("suites")
KEYS = {"title": str, "about": str, "processes": int, "seconds": int, "time_limit_s": int, "cells": list, "device": str}
KINDS = {
    "workloads": {"workloads": list, "backends": list, "paths": list, "threads": str},
    "circuits": {"circuits": list, "backends": list, "shots": int},
}
"""Blocks of cells by the key that leads them: workloads by simulators, or circuits on the suite's `device`."""
WORDS = {str: "text, such as 1,2", list: "a list of texts", int: "a whole number"}
OPTIONAL = ("device", "paths", "threads")


@final
@dataclass(frozen=True)
class Suite:
    """A suite as its file describes it: `processes` per cell, `seconds` that all of it took on its home machine.

    `device` is the profile that is scored by default; empty in a suite that measures simulators.
    """

    name: str
    title: str
    about: str
    processes: int
    seconds: int
    time_limit_s: int
    blocks: tuple[dict[str, Any], ...]
    device: str = ""

    def cells(self) -> list[Cell]:
        """Every cell of a suite that measures simulators; threads `all` are this machine's."""
        grids = [
            grid(block["workloads"], block["backends"], block.get("paths", PATHS[:1]), thread_counts(block.get("threads", "1")))
            for block in self.blocks
        ]
        return list({str(cell): cell for cells in grids for cell in cells}.values())

    def scores(self, device: str | None = None) -> list[ScoreCell]:
        """Every cell of a suite that scores a device; UsageError for one that does not exist."""
        chosen = device or self.device
        return [cell for b in self.blocks for cell in score_cells(b["circuits"], b["backends"], chosen, b["shots"])]


def names() -> list[str]:
    """All suites, as NAME@VERSION."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def load(text: str) -> Suite:
    """The suite NAME@VERSION, or a TOML file; UsageError with file, line and key."""
    if looks_like_path(text):
        path = Path(text)
    elif text in names():
        path = FOLDER / f"{text}.toml"
    else:
        raise unknown("suite", text, names())
    table, source = read_toml(path)
    _check_keys(table, KEYS, lambda key: f"{path}:{line_of(source, key)}", {kind: kind.__name__ for kind in WORDS})
    lead = "circuits" if "device" in table else "workloads"
    for number, block in enumerate(table["cells"], start=1):
        _check_keys(block, KINDS[lead], lambda _, n=number: f"{path}: cells block {n}", WORDS)
    rest = {key: table[key] for key in ("title", "about", "processes", "seconds", "time_limit_s")}
    return Suite(path.stem, **rest, blocks=tuple(table["cells"]), device=table.get("device", ""))


def _check_keys(table: dict[str, Any], keys: dict[str, type], where: Callable[[str], str], words: dict[type, str]) -> None:
    needed = [key for key in keys if key not in OPTIONAL]
    for key in (*needed, *table):
        if key not in keys:
            raise UsageError(f"{where(key)}: unknown key '{key}'. Allowed: {', '.join(keys)}.")
        if not isinstance(table.get(key), keys[key]):
            raise UsageError(f"{where(key)}: '{key}' must be given as {words[keys[key]]}.")
