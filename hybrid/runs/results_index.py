"""Many records at once: what is known of each as one flat row, kept in a private index, so that no line is hashed twice.

The index is a file of the results folder. A record's row counts while size, times and inode of its file are what they were when
every line was verified; a file that changed within `RACY_NS` of that is read again, for its times may not tell (as Git's index
does, Documentation/technical/racy-git.txt). An index that is lost, damaged or not this user's alone is made anew.
"""

import json
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from hybrid.base import json_lines
from hybrid.base.errors import RecordError
from hybrid.base.machine import version
from hybrid.runs import record
from hybrid.runs.options import flattened
from hybrid.runs.results_folder import Glance, Run, glance, iso, read

NAME, FORMAT = ".index", 1
RACY_NS = 2_000_000_000
MOST_BYTES = 2**30
VERIFIED_BYTES = 2**23
"""A list verifies so many bytes of records that are new, about one second."""


class IndexedRun(NamedTuple):
    """A record: its summary, and a flat row of everything that tables, filters and sums take; empty for a damaged one."""

    glance: Glance
    row: dict[str, Any]


def entries(folder: Path, *, most_bytes: int | None = None) -> list[IndexedRun]:
    """Every `.jsonl` file in the folder, the last written first; the index is brought up to date.

    At most so many bytes of records that the index does not have are verified; other finished runs are then "unchecked".
    """
    known, found, keys, changed = _load(folder), {}, {}, False
    left = float("inf") if most_bytes is None else float(most_bytes)
    paths = {path: _key(path) for path in folder.glob("*.jsonl")}
    for path, key in sorted(paths.items(), key=lambda one: (-(one[1] or [0, 0])[1], one[0].name)):
        if key is not None and path.name in known and known[path.name][0] == key:
            found[path.name] = known[path.name][1]
        else:
            left -= key[0] if key else 0
            found[path.name] = _read(path, verify=left >= 0)
            changed = True
        if key is not None and found[path.name].glance.state != "unchecked":
            keys[path.name] = key
    if changed or len(known) != len(keys):
        _save(folder, {name: (key, found[name]) for name, key in keys.items()})
    return sorted(found.values(), key=lambda one: (-one.glance.written, one.glance.id))


def columns_of(found: Iterable[IndexedRun]) -> list[str]:
    """Every column that a row has, in order; most rows have the same."""
    shapes = dict.fromkeys(tuple(entry.row) for entry in found)
    return list(dict.fromkeys(name for shape in shapes for name in shape))


def _key(path: Path) -> list[int] | None:
    try:
        at = path.stat()
    except OSError:
        return None
    return [at.st_size, at.st_mtime_ns, at.st_ctime_ns, at.st_ino]


def _read(path: Path, *, verify: bool) -> IndexedRun:
    seen = glance(path)
    if seen.state == "damaged" or seen.started is None:
        return IndexedRun(seen, {})
    if not verify:
        return IndexedRun(seen._replace(state="unchecked") if seen.state == "finished" else seen, {})
    try:
        run = read(path, brief=True)
    except RecordError as error:
        return IndexedRun(Glance(seen.id, seen.record, "damaged", seen.written, why=str(error)), {})
    return IndexedRun(seen, _row(seen, run))


def _row(seen: Glance, run: Run) -> dict[str, Any]:
    """A run as columns: what it gave and cost, then every input."""
    about, stop = run.about, run.stop or {}
    solution, report = stop.get("solution", {}), stop.get("report", {})
    row: dict[str, Any] = {"id": seen.id, "state": seen.state, "label": about.get("label"), "started": iso(about["time"])}
    row |= {"node": about.get("host"), "slurm_job": about.get("slurm_job"), "jobs": list(run.jobs)}
    row |= {"quantity": seen.quantity, "value": seen.value, "stderr": seen.stderr, "unit": seen.unit}
    row |= {name: report.get(name) for name in ("exact", "gap", "ratio", "baseline")} | {"verdict": seen.verdict}
    row |= {name: solution.get(name) for name in ("converged", "reason", "nfev", "njev", "iterations", "qpu_seconds")}
    billed = report.get("billed") or {}
    row |= {"total_shots": solution.get("shots", 0), "billed_seconds": (billed.get("seconds") or [None] * 3)[1]}
    row |= {"core_seconds": run.core_seconds, "seconds": run.ended.get("seconds"), "digest": stop.get("digest")}
    return row | {name: value for name, value in flattened(run.resolved).items() if name not in row}


def _load(folder: Path) -> dict[str, tuple[list[int], IndexedRun]]:
    """The index's entries by file name; empty where there is none that can be trusted."""
    try:
        file = os.open(folder / NAME, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | json_lines.PLAIN)
    except OSError:
        return {}
    with os.fdopen(file, "rb") as lines:
        at = os.fstat(file)
        others = hasattr(os, "geteuid") and (at.st_uid != os.geteuid() or at.st_mode & 0o077)
        if others or not stat.S_ISREG(at.st_mode) or at.st_size > MOST_BYTES:
            return {}
        try:
            if json.loads(lines.readline()) != _head():
                return {}
            return dict(_trusted(lines, at.st_mtime_ns - RACY_NS))
        except (ValueError, TypeError, KeyError, RecursionError):
            return {}


def _trusted(lines: Any, before_ns: int) -> Iterator[tuple[str, tuple[list[int], IndexedRun]]]:
    for line in lines:
        name, key, seen, row = json.loads(line)
        if max(key[1], key[2]) < before_ns:
            yield name, (key, IndexedRun(Glance(*seen), row))


def _head() -> dict[str, Any]:
    return {"index": FORMAT, "schema": record.SCHEMA, "version": version("hybrid-sandbox")}


def _save(folder: Path, found: dict[str, tuple[list[int], IndexedRun]]) -> None:
    """Write the index in one step; a folder that cannot be written has none."""
    new = folder / f"{NAME}.{os.getpid()}"
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(json.dumps(_head()) + "\n")
            file.writelines(json.dumps([name, key, one.glance, one.row]) + "\n" for name, (key, one) in found.items())
        os.replace(new, folder / NAME)
    except OSError:
        return
