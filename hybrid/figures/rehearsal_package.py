"""The evidence package of a rehearsal with its pictures and its page: written, and executed again."""

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path

from hybrid.figures.rehearsal_page import page
from hybrid.rehearsal.package import archive, redaction
from hybrid.rehearsal.package.again import rehearsed_again
from hybrid.rehearsal.package.archive import Written
from hybrid.rehearsal.package.contents import contents
from hybrid.rehearsal.package.verification import Verification, check_no_code, verify
from hybrid.rehearsal.rehearsal import Rehearsal

ALT = "The value on each device beside the exact, the classical and the guessed one; the figures are in the table."


def write_package(
    rehearsal: Rehearsal, folder: Path | str, results: Path | str = "results", *, redact: bool = False
) -> Written:
    """Write the evidence of a rehearsal whose records are in `results` into a new folder, and an archive of it beside it.

    `redact` leaves out problem data and names. Without matplotlib the package has no pictures; its README then names none.
    UsageError: the folder holds something else, or cannot be written. RecordError: a missing or damaged record.
    """
    archive.check_folder(Path(folder))
    made = contents(rehearsal, Path(results), drawn, redact=redact)
    return archive.write(made.files, made.times, Path(folder))


def verify_package(
    folder: Path | str, *, with_code: bool = False, watch: Callable[[str], None] = lambda text: None
) -> Verification:
    """Execute a package again: its files, records, verdict and texts.

    UsageError where the folder holds none, and where it brings code of its own, unless `with_code`.
    """
    if not with_code:
        check_no_code(Path(folder))
    return verify(Path(folder), drawn, lambda rehearsal, records: rehearsed_again(rehearsal, records, watch), watch)


def drawn(rehearsal: Rehearsal) -> Mapping[str, bytes]:
    """The two pictures, where matplotlib is installed, and the page."""
    reveals = redaction.REVEALS if rehearsal.title == redaction.TITLE else ""
    if find_spec("matplotlib") is None:
        return {"report.html": page(rehearsal, None, reveals).encode()}
    from hybrid.figures.inline import svg
    from hybrid.figures.rehearsal import verdict_grid
    from hybrid.figures.rehearsal_values import values
    from hybrid.figures.style import encoded

    plot = svg(values(rehearsal), ALT, "values-")
    return {
        "figures/verdict.png": encoded(verdict_grid(rehearsal), "png"),
        "figures/values.png": encoded(values(rehearsal), "png"),
        "report.html": page(rehearsal, plot, reveals).encode(),
    }
