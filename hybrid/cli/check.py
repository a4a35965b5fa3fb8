"""`hybrid check`: published numbers recomputed on this machine."""

import json
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from hybrid.base.errors import CheckFailed, UsageError
from hybrid.cli import track_record
from hybrid.cli.flags import Json, split_names
from hybrid.cli.layout import emit, wrapped
from hybrid.cli.progress import Display

if TYPE_CHECKING:
    from hybrid.review.published_checks import CheckOutcome

HELP = """Recompute published numbers on this machine, within a minute.

Chemistry, spin chains, QAOA, gradients, noise, readout, two simulators against each other, statistics, seeds. Exits with 4
if one fails. Runs in a temporary folder, which is removed.

With --experiments: published experiments, predicted from published numbers of their machines, beside what was measured, some
three minutes. Exits with 4 if the median distance of shallow circuits is above 0.02.
"""


NAME, NUMBER = 44, 14
"""Columns."""


def check(
    experiments: Annotated[bool, typer.Option("--experiments", help="Predict published experiments instead.")] = False,
    only: Annotated[str | None, typer.Option(help="With --experiments: only some, by identifier.", metavar="NAME,...")] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="With --experiments: print a table in Markdown.")] = False,
    as_json: Json = False,
) -> None:
    """Compute, print each row when it is known, and fail at the end if one failed."""
    if experiments:
        track_record.check_experiments(split_names(only), as_json=as_json, markdown=markdown)
        return
    if only is not None or markdown:
        raise UsageError(f"{'--only' if only is not None else '--markdown'} goes with --experiments.")
    from hybrid.review.published_checks import outcomes

    done: list[CheckOutcome] = []
    if not as_json:
        emit(f"{'':4} {'number':<{NAME}} {'computed':>{NUMBER}} {'published':>{NUMBER}}")
    for outcome in _announced(outcomes()):
        done.append(outcome)
        if not as_json:
            emit(_row(outcome))
    failed = [outcome for outcome in done if not outcome.passed]
    seconds = sum(outcome.seconds for outcome in done)
    if as_json:
        emit(json.dumps({"passed": not failed, "seconds": round(seconds, 3), "checks": [o.to_json() for o in done]}, indent=2))
    else:
        emit(f"\n{len(done) - len(failed)} of {len(done)} pass, in {seconds:.0f} s.")
    if failed:
        names = "; ".join(outcome.check.name for outcome in failed)
        raise CheckFailed(f"{len(failed)} of {len(done)} published numbers fail here: {names}.")


def _announced(outcomes: Iterable["CheckOutcome"]) -> Iterator["CheckOutcome"]:
    """The outcomes, each announced while it is computed; nothing is announced while it is printed."""
    left = iter(outcomes)
    while True:
        with Display(sys.stderr, quiet=False) as display:
            display.work("computing the next number")
            outcome = next(left, None)
        if outcome is None:
            return
        yield outcome


def _row(outcome: "CheckOutcome") -> str:
    check = outcome.check
    computed, published = (_number(value, check.published) for value in (outcome.computed, check.published))
    head = f"{'ok' if outcome.passed else 'FAIL':4} {check.name:<{NAME}} {computed:>{NUMBER}} {published:>{NUMBER}}"
    detail = f"{outcome.error} " if outcome.error else ""
    return f"{head}\n{wrapped(f'{detail}within {check.tolerance:g}; {check.source}', first='     ', indent=5)}"


def _number(value: float, published: float) -> str:
    return f"{value:.10f}" if published else f"{value:.1e}"
