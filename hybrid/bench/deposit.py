"""Rows as a folder to deposit in an archive such as Zenodo: without host names, with what is needed to read and repeat them.

The same rows give the same bytes: nothing in the folder tells when it was made.
"""

import hashlib
import json
import shlex
import shutil
import time
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from hybrid.base import json_lines
from hybrid.base.errors import UsageError
from hybrid.bench.environment import env_id
from hybrid.bench.rows import NULL_SUITE, Row, with_checksum

DISTRIBUTION, CHECKSUMS = "hybrid-sandbox", "SHA256SUMS"


def anonymous(rows: Sequence[Row]) -> list[Row]:
    """The rows, each once, with `machine-1`, `machine-2`, ... for host names, in notes too; ids and checksums computed anew."""
    once = {json.dumps(row, sort_keys=True): row for row in rows}.values()
    hosts = {host: f"machine-{number}" for number, host in enumerate(dict.fromkeys(_host(row) for row in once), start=1)}
    told = []
    for row in once:
        machine = row["environment"] | {"host": hosts[_host(row)]}
        note = row["note"].replace(_host(row), hosts[_host(row)]) if _host(row) else row["note"]
        changed = row | {"environment": machine, "env_id": env_id(machine), "note": note}
        told.append(with_checksum(changed) if "sum" in row else changed)
    return told


def _host(row: Row) -> str:
    return row["environment"]["host"]


def files(rows: Sequence[Row], verdicts: str) -> dict[str, bytes]:
    """File -> content, of rows without host names and the table of their verdicts; UsageError where there is no row."""
    if not rows:
        raise UsageError("these files hold no rows: there is nothing to deposit.")
    machines = {row["env_id"]: row["environment"] for row in rows}
    environments = [{"env_id": key, **machines[key]} for key in sorted(machines)]
    made = {
        "rows.jsonl": "".join(f"{json_lines.dump(row)}\n" for row in rows),
        "environments.json": json.dumps(environments, indent=2, ensure_ascii=False) + "\n",
        "README.md": _readme(rows, verdicts),
        "CITATION.cff": _citation(rows),
    }
    encoded = {name: text.encode() for name, text in made.items()}
    sums = "".join(f"{hashlib.sha256(encoded[name]).hexdigest()}  {name}\n" for name in sorted(encoded))
    return encoded | {CHECKSUMS: sums.encode()}


def write(made: Mapping[str, bytes], folder: Path) -> None:
    """The folder, whole or not at all; the same content once more changes nothing. UsageError where it holds something else."""
    if folder.exists():
        there = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} if folder.is_dir() else None
        if there == made:
            return
        if not folder.is_dir() or any(folder.iterdir()):
            raise UsageError(f"{folder}: exists and holds something else; nothing was changed. Name a new folder.")
    draft = folder.with_name(f".{folder.name}.unfinished")
    try:
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        for name, content in made.items():
            (draft / name).write_bytes(content)
        draft.replace(folder)
    except OSError as error:
        raise UsageError(f"{folder}: cannot be written ({error.strerror}).") from None


def _suites(rows: Sequence[Row]) -> list[str]:
    return sorted({row["suite"] for row in rows if not row["suite"].startswith(NULL_SUITE)} - {""})


def _day(rows: Sequence[Row]) -> str:
    """Of the last measurement, UTC."""
    return time.strftime("%Y-%m-%d", time.gmtime(max(row["time"] for row in rows)))


def _title(rows: Sequence[Row]) -> str:
    return f"Simulators of quantum circuits, measured and verified: {', '.join(_suites(rows)) or 'own workloads'}"


def _readme(rows: Sequence[Row], verdicts: str) -> str:
    cells = {row["cell_id"] for row in rows if not row["suite"].startswith(NULL_SUITE)}
    machines = {row["environment"]["host"]: _machine(row["environment"]) for row in rows}
    listed = "\n".join(f"- {name}: {about}" for name, about in machines.items())
    repeat = "\n".join(_commands(rows))
    return f"""# {_title(rows)}

{len(rows):,} processes, {len(cells):,} cells (workload, backend, call path, threads), last measured on
{_day(rows)}. Every answer that was timed was judged, outside the clock; a wrong answer keeps its time and is never ranked.

- `rows.jsonl`: a JSON object per process. `hybrid bench show rows.jsonl` reads it, `hybrid bench compare` compares
  another file with it.
- `environments.json`: processor, memory, system and versions of packages, by `env_id`. Host names are replaced.
- `CITATION.cff`: how to cite this. `{CHECKSUMS}`: for `sha256sum --check {CHECKSUMS}`.

## Who wins

```text
{verdicts}
```

## Machines

{listed}

## How to measure it again

```sh
pip install '{DISTRIBUTION}[simulators]=={metadata.version(DISTRIBUTION)}'
{repeat}
```
"""


def _machine(environment: Mapping[str, Any]) -> str:
    memory = f"{environment['memory_bytes'] / 2**30:.0f} GiB"
    return f"{environment['cpu']}, {environment['cores']} cores, {memory}, {environment['system']}"


def _commands(rows: Sequence[Row]) -> list[str]:
    """A command per suite; per workload for rows of no suite."""
    commands = [f"hybrid bench run --suite {suite} --out again.jsonl" for suite in _suites(rows)]
    backends: dict[tuple[str, str, int], list[str]] = {}
    for row in rows:
        if not row["suite"] and "score" not in row:
            cell = row["cell"]
            backends.setdefault((cell["workload"], cell["path"], cell["threads"]), []).append(cell["backend"])
    for (workload, path, threads), named in backends.items():
        words = ["--workload", workload, *(word for name in dict.fromkeys(named) for word in ("--backend", name))]
        words += ["--path", path, "--threads", str(threads), "--out", "again.jsonl"]
        commands.append(shlex.join(["hybrid", "bench", "run", *words]))
    return [*commands, "hybrid bench null --out again.jsonl", "hybrid bench show again.jsonl --brief"]


def _citation(rows: Sequence[Row]) -> str:
    about = metadata.metadata(DISTRIBUTION)
    return f"""cff-version: 1.2.0
message: If you use these results, please cite them as below, and the software that measured them.
type: dataset
title: "{_title(rows)}"
authors:
  - name: {about["Author"]}
date-released: {_day(rows)}
references:
  - type: software
    title: {DISTRIBUTION}
    version: {about["Version"]}
    authors:
      - name: {about["Author"]}
"""
