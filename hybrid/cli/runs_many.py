"""`hybrid runs list`, `table`, `account` and `plot --against`: many records at once."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from hybrid.base.errors import MissingPart, UsageError
from hybrid.cli import flags, runs_text
from hybrid.cli.layout import csv_text, emit, write_text
from hybrid.cli.sweep_text import columns
from hybrid.figures.page import Page
from hybrid.runs import results_index
from hybrid.runs.account import DEFAULT_BY, CostSum, account
from hybrid.runs.results_index import IndexedRun, columns_of, entries
from hybrid.runs.selection import select

LIST_HELP = """List the runs in a folder, the newest first, with damaged and foreign files.

Every line is verified once, and again when its file has changed. A folder that is new to this command is verified in steps:
what it has not come to is "unchecked"; `hybrid runs account` verifies all.
"""
TABLE_HELP = """Write one row per run: what it gave, what it cost, where it was made, and every input as a column.

The columns of members' options are named as problem.distance. pandas reads it in one line: pandas.read_csv(FILE),
pandas.read_json(FILE, lines=True) or pandas.read_parquet(FILE). Parquet needs pandas with pyarrow, or polars.
"""
ACCOUNT_HELP = """Sum what the runs in a folder cost: core hours, hours on a machine and by its site's bill, shots, jobs.

Core hours are the time of processors that this computer spent on the runs, interrupted ones included. The label is what --label
said when a run was started, the month that of its start. Sums do not depend on the order of the runs.
"""
Where = Annotated[
    str | None,
    typer.Option(
        "--where", help='Only such runs: "device=meluxina-q gap<0.1"; = != < <= > >= and ~ (contains).', metavar="CONDITIONS"
    ),
]
Sort = Annotated[
    str | None, typer.Option("--sort", help="Order by a column of `runs table`; -COLUMN downwards.", metavar="COLUMN")
]
Format = Annotated[Literal["table", "csv", "json"], typer.Option("--format", help="table, csv or json.")]
KINDS = {".csv": "csv", ".jsonl": "jsonl", ".json": "jsonl", ".parquet": "parquet", ".pq": "parquet"}


def _folder(results: Path) -> Path:
    if not results.is_dir() and results != flags.RESULTS:
        raise UsageError(f"{results}: no such folder.")
    return results


def list_runs(
    count: Annotated[int | None, typer.Option("-n", min=1, help="Only the first N.", metavar="N")] = None,
    where: Where = None,
    sort: Sort = None,
    results: flags.Results = flags.RESULTS,
    as_json: flags.Json = False,
) -> None:
    """Print a line per run."""
    limit = None if where or sort else results_index.VERIFIED_BYTES
    found = entries(_folder(results), most_bytes=limit)
    shown = [entry.glance for entry in (select(found, where, sort) if where or sort else found)[:count]]
    every = [entry.glance for entry in found]
    emit(json.dumps({"runs": [run.to_json() for run in shown]}) if as_json else runs_text.listed(shown, every, results))


def table_runs(
    where: Where = None,
    sort: Sort = None,
    out: Annotated[
        Path | None, typer.Option(help="File: .csv, .jsonl or .parquet. Default: CSV on stdout.", metavar="FILE")
    ] = None,
    results: flags.Results = flags.RESULTS,
    as_json: flags.Json = False,
) -> None:
    """Print or write the rows."""
    rows = _rows(select(entries(_folder(results)), where, sort))
    if as_json:
        emit(json.dumps({"runs": rows}))
        return
    kind = "csv" if out is None else KINDS.get(out.suffix.lower())
    if kind is None:
        raise UsageError(f"{out}: a table is written as {', '.join(KINDS)}.")
    if kind == "parquet" and out is not None:
        _write_parquet(rows, out)
        return
    text = csv_text(rows, ("id",)) if kind == "csv" else "\n".join(map(json.dumps, rows))
    if out is None:
        emit(text)
    else:
        write_text(out, text)


def _rows(found: Sequence[IndexedRun]) -> list[dict[str, Any]]:
    """The rows with the same columns in all, lists as text."""
    names = columns_of(found)
    rows: list[dict[str, Any]] = [dict(zip(names, map(entry.row.get, names), strict=True)) for entry in found if entry.row]
    for row in rows:
        row["jobs"] = " ".join(row["jobs"])
    return rows


def _write_parquet(rows: list[dict[str, Any]], out: Path) -> None:
    try:
        import polars  # type: ignore[import-not-found]

        polars.DataFrame(rows, infer_schema_length=None).write_parquet(out)
    except ImportError:
        try:
            import pandas  # pyright: ignore[reportMissingImports]

            pandas.DataFrame(rows).to_parquet(out)
        except ImportError:
            raise MissingPart("Parquet needs polars, or pandas with pyarrow: pip install polars. CSV needs nothing.") from None


def account_runs(
    by: Annotated[str, typer.Option(help="Columns that the sum is divided by.", metavar="COLUMN,...")] = ",".join(DEFAULT_BY),
    where: Where = None,
    format: Format = "table",
    results: flags.Results = flags.RESULTS,
    as_json: flags.Json = False,
) -> None:
    """Print the sums."""
    sums = account(select(entries(_folder(results)), where), [name.strip() for name in by.split(",") if name.strip()])
    rows = [one.group | {key: value for key, value in one._asdict().items() if key != "group"} for one in sums]
    if as_json or format == "json":
        emit(json.dumps({"sums": rows[:-1], "total": rows[-1]}))
    elif format == "csv":
        emit(csv_text(rows[:-1], ("runs",)))
    else:
        emit(_account_text(sums))


def _account_text(sums: list[CostSum]) -> str:
    names = list(sums[0].group)
    heads = [*names, "runs", "done", "core h", "QPU h", "billed h", "shots", "jobs"]
    rows = [[str(one.group.get(name, "")) or "-" for name in names] + _numbers(one) for one in sums]
    if names:
        rows[-1][0] = "all"
    return columns(heads, rows, left=len(names))


def _numbers(one: CostSum) -> list[str]:
    hours = (f"{value:.3g}" if value else "0" for value in (one.core_hours, one.qpu_hours, one.billed_hours))
    return [f"{one.runs:,}", f"{one.finished:,}", *hours, f"{one.shots:,}", f"{one.jobs:,}"]


def draw_against(results: Path, where: str | None, axis: str, target: Path, page: Page) -> None:
    """Draw the finished runs of a folder against an axis."""
    from hybrid.figures.against_axis import against_axis
    from hybrid.runs.axis_values import of_row

    chosen = [entry.row for entry in select(entries(_folder(results)), where) if entry.row.get("state") == "finished"]
    against_axis([of_row(row) for row in chosen], axis, target, page)
