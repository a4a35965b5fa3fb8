"""`hybrid doctor`: what stands between this machine and a run."""

import json
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hybrid.base.errors import CheckFailed
from hybrid.cli.layout import emit, wrapped

if TYPE_CHECKING:
    from hybrid.cli.doctor import Finding

HELP = """Look at this machine and installation: versions, cores, memory, simulators, optional parts, results folder.

Exits with 4 if something is broken without which no run can work; what is only worth knowing is marked ! and exits with 0.
Nothing is sent anywhere, nothing is left behind.
"""
MARKS = {"ok": "ok", "note": "!", "broken": "BROKEN"}
WIDTH = 20


def doctor(
    results: Annotated[
        Path, typer.Option(help="Folder of the records. Default: results.", metavar="DIR", show_default=False)
    ] = Path("results"),
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Examine and print."""
    from hybrid.cli.doctor import examine

    found = list(examine(results))
    emit(json.dumps(_json(found), indent=2) if as_json else text(found))
    if broken := [finding.name for finding in found if finding.state == "broken"]:
        raise CheckFailed(f"broken: {', '.join(broken)}.")


def text(found: list["Finding"]) -> str:
    """The report, topic by topic, with a last line that counts."""
    parts = [f"{topic}\n" + "\n".join(map(_row, group)) for topic, group in groupby(found, lambda finding: finding.topic)]
    return "\n\n".join([*parts, _verdict(found)])


def _row(finding: "Finding") -> str:
    first = f"  {MARKS[finding.state]:<6} {finding.name:<{WIDTH}} "
    row = wrapped(" ".join(finding.text.split()), first=first, indent=WIDTH + 10)
    return f"{row}\n{' ' * (WIDTH + 10)}-> {finding.remedy}" if finding.remedy else row


def _verdict(found: list["Finding"]) -> str:
    broken, notes = (sum(finding.state == state for finding in found) for state in ("broken", "note"))
    if broken:
        return f"{broken} broken: hybrid cannot run here until that is mended."
    return f"hybrid can run here; {notes} remark{'' if notes == 1 else 's'} (!)." if notes else "All is well."


def _json(found: list["Finding"]) -> dict[str, object]:
    return {"healthy": all(f.state != "broken" for f in found), "findings": [finding._asdict() for finding in found]}
