"""`hybrid bench export`: results as a folder that an archive takes."""

import json
from pathlib import Path
from typing import Annotated

import typer

from hybrid.cli import bench_flags, flags
from hybrid.cli.bench_steps import read_rows
from hybrid.cli.layout import emit

HELP = """Write files of results as a folder to deposit: rows, machines, README with the verdicts, citation, checksums.

For example: hybrid bench export --zenodo deposit m.jsonl. Host names are replaced, and the same rows give the same bytes. Read
`rows.jsonl` before you publish it: notes of failed processes may name files.
"""


def export_rows(
    files: bench_flags.Files,
    zenodo: Annotated[Path, typer.Option("--zenodo", help="The folder, which is made.", metavar="FOLDER")],
    as_json: flags.Json = False,
) -> None:
    """Write the folder and print what is in it."""
    from hybrid.bench import deposit
    from hybrid.bench.naming import machines
    from hybrid.bench.scores import of_rows
    from hybrid.bench.summary import figures, measured_floor
    from hybrid.cli import bench_brief, bench_scores

    rows = deposit.anonymous(read_rows(files))
    here = machines(figures(rows)).values()
    verdicts = [bench_brief.brief(cells, measured_floor(rows, cells[0].environment)) for cells in here]
    verdicts += map(bench_scores.scored, of_rows(rows))
    made = deposit.files(rows, "\n\n".join(verdicts) or "Identical processes only: they measure the machine's noise.")
    deposit.write(made, zenodo)
    found = {"folder": str(zenodo), "files": sorted(made), "rows": len(rows)}
    emit(json.dumps(found, indent=2) if as_json else f"{zenodo}: {len(rows)} rows; {', '.join(sorted(made))}")
