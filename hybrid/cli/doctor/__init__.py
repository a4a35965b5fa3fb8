"""`hybrid doctor`: checks of this machine and installation.

The checks are independent: a missing or broken part becomes a finding and never ends the program.
"""

import json
from collections.abc import Callable, Iterator
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Annotated

import typer

from hybrid.base.errors import CheckFailed
from hybrid.cli.doctor.finding import Finding
from hybrid.cli.flags import RESULTS, Json, Results
from hybrid.cli.layout import emit, wrapped

HELP = """Check this machine and installation: versions, cores, memory, simulators, optional parts, results folder.

Exit code 4 if something is broken that every run needs. Remarks are marked ! and exit with 0. No data are sent, no files
are left. With --report it prints what a maintainer needs in an issue.
"""
MARKS = {"ok": "ok", "note": "!", "broken": "BROKEN"}
WIDTH = 20


def examine(results: Path = Path("results")) -> Iterator[Finding]:
    """Every finding, in the order of the report; nothing is raised, no file is left."""
    from hybrid.cli.doctor import installation, machine, results_folder, simulators, software

    looks: list[tuple[str, str, Callable[[], Iterator[Finding]]]] = [
        ("software", "hybrid", software.look),
        ("machine", "machine", machine.look),
        ("simulators", "trial", simulators.look),
        ("optional parts", "extras", software.extras),
        ("installation", "installation", installation.look),
        ("results", "folder", partial(results_folder.look, results)),
    ]
    for topic, name, look in looks:
        try:
            yield from look()
        except Exception as error:  # a check that fails is reported; the others go on
            yield Finding(topic, name, "note", f"could not be checked: {type(error).__name__}: {error}")


def doctor(
    results: Results = RESULTS,
    report: Annotated[
        bool, typer.Option("--report", help="Print it for an issue: no names of people or hosts, no paths.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Examine and print."""
    findings = list(examine(results))
    if report:
        from hybrid.cli.doctor.anonymous import anonymous

        findings = [anonymous(finding) for finding in findings]
    broken = [finding.name for finding in findings if finding.state == "broken"]
    about = {"healthy": not broken, "findings": [finding._asdict() for finding in findings]}
    fence = "```\n" if report else ""  # a block of the Markdown
    emit(json.dumps(about, indent=2) if as_json else f"{fence}{text(findings)}\n{fence}".rstrip())
    if broken:
        raise CheckFailed(f"broken: {', '.join(broken)}.")


def text(findings: list[Finding]) -> str:
    """The report, topic by topic; the last line says whether hybrid can run here."""
    parts = [f"{topic}\n" + "\n".join(map(_row, group)) for topic, group in groupby(findings, lambda finding: finding.topic)]
    return "\n\n".join([*parts, _verdict(findings)])


def _row(finding: "Finding") -> str:
    first = f"  {MARKS[finding.state]:<6} {finding.name:<{WIDTH}} "
    row = wrapped(" ".join(finding.text.split()), first=first, indent=WIDTH + 10)
    return f"{row}\n{' ' * (WIDTH + 10)}-> {finding.remedy}" if finding.remedy else row


def _verdict(findings: list[Finding]) -> str:
    broken, notes = (sum(finding.state == state for finding in findings) for state in ("broken", "note"))
    if broken:
        return f"{broken} broken: hybrid cannot run here until this is repaired."
    return f"hybrid can run here; {notes} remark{'' if notes == 1 else 's'} (!)." if notes else "Everything is in order."
