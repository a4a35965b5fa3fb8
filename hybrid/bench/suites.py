"""Suites: frozen lists of cells. A published version never changes its meaning; what changes is a new version."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from hybrid.bench.cells import PATHS, Cell, grid, thread_counts
from hybrid.errors import UsageError, unknown
from hybrid.files import line_of, looks_like_path, read_toml

FOLDER = Path(__file__).with_name("suites")
KEYS = {"title": str, "about": str, "processes": int, "seconds": int, "time_limit_s": int, "cells": list}
CELL_KEYS = ("workloads", "backends", "paths", "threads")


@final
@dataclass(frozen=True)
class Suite:
    """A suite as its file tells it: `processes` per cell, `seconds` that all of it took where it belongs."""

    name: str
    title: str
    about: str
    processes: int
    seconds: int
    time_limit_s: int
    blocks: tuple[dict[str, Any], ...]

    def cells(self) -> list[Cell]:
        """Every cell; threads `all` are this machine's."""
        found = {}
        for block in self.blocks:
            threads = thread_counts(block.get("threads", "1"))
            for cell in grid(block["workloads"], block["backends"], block.get("paths", PATHS[:1]), threads):
                found[str(cell)] = cell
        return list(found.values())


def names() -> list[str]:
    """All suites, as NAME@VERSION."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def load(text: str) -> Suite:
    """The suite NAME@VERSION, or a TOML file of one's own; UsageError with file, line and key."""
    if looks_like_path(text):
        path = Path(text)
    elif text in names():
        path = FOLDER / f"{text}.toml"
    elif text == "grid@1":
        raise UsageError("grid@1 scores a device, not simulators: hybrid bench score DEVICE.")
    else:
        raise unknown("suite", text, names())
    found, source = read_toml(path)
    for key in (*KEYS, *found):
        if key not in KEYS:
            raise UsageError(f"{path}:{line_of(source, key)}: unknown key '{key}'. Allowed: {', '.join(KEYS)}.")
        if not isinstance(found.get(key), KEYS[key]):
            raise UsageError(f"{path}:{line_of(source, key)}: '{key}' must be given as {KEYS[key].__name__}.")
    for number, block in enumerate(found["cells"], start=1):
        _check_block(f"{path}: cells block {number}", block)
    rest = {key: found[key] for key in ("title", "about", "processes", "seconds", "time_limit_s")}
    return Suite(path.stem, **rest, blocks=tuple(found["cells"]))


def _check_block(where: str, block: dict[str, Any]) -> None:
    for key in (*CELL_KEYS[:2], *block):
        if key not in CELL_KEYS:
            raise UsageError(f"{where}: unknown key '{key}'. Allowed: {', '.join(CELL_KEYS)}.")
        kind = str if key == "threads" else list
        if not isinstance(block.get(key), kind):
            raise UsageError(f"{where}: '{key}' must be given as {'text, such as 1,2' if kind is str else 'a list of texts'}.")
