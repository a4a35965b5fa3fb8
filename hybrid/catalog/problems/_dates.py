"""The order in time of a column of dates, as banks, spreadsheets and programs write them."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from hybrid.base.errors import UsageError, shortened

FORMATS = (
    *("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%d.%m.%Y", "%d.%m.%y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y"),
    *("%d/%m/%y", "%m/%d/%y", "%d-%m-%y", "%m-%d-%y", "%y-%m-%d", "%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%b %d, %Y", "%B %d, %Y"),
    *("%d %B %Y", "%Y-%m", "%Y/%m", "%m/%Y", "%m.%Y", "%b %Y", "%B %Y"),
)
"""Of strptime; a column may fit several of them."""
TIME = re.compile(r"(.*\d)[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d*)?)?\s*(?:Z|UTC|([+-])(\d{2}):?(\d{2}))?", re.ASCII)
NUMBER = re.compile(r"-?\d{1,15}(\.\d*)?", re.ASCII)
PERIOD = re.compile(r"(\d{4})[- ]?(Q[1-4]|W[0-5]\d)", re.ASCII)

Moment = datetime | float | str


def check_oldest_first(cells: Sequence[str], where: Sequence[str]) -> None:
    """UsageError with the line ("file:line") of a cell that is no date as the first is one, or that is not after the one
    before; also where days and months may be exchanged and the order depends on it. Numbers count as dates, and so do
    quarters and weeks (2024Q1, 2024-W03)."""
    readings = _readings(cells)
    if not readings:
        at = next(i for i in range(1, len(cells) + 1) if not _readings(cells[:i])) - 1
        like = f" as '{shortened(cells[0])}' is" if at else ""
        raise UsageError(f"{where[at]}: '{shortened(cells[at])}' is no date{like}; write 2024-01-31.")
    falls = [_first_fall(reading) for reading in readings]
    if all(fall is None for fall in falls):
        return
    if None in falls:
        raise UsageError(
            f"{where[0]}: '{shortened(cells[0])}' and the others may begin with the day or with the month, and only "
            "one of the two puts the oldest row first; write them as 2024-01-31."
        )
    fall = min(fall for fall in falls if fall is not None)
    raise UsageError(
        f"{where[fall]}: '{shortened(cells[fall])}' follows '{shortened(cells[fall - 1])}'; write the oldest row first."
    )


def _first_fall(moments: Sequence[Moment]) -> int | None:
    """The first that is not after the one before it."""
    pairs = zip(moments, moments[1:], strict=False)
    return next((i for i, (before, after) in enumerate(pairs, 1) if not before < after), None)  # pyright: ignore[reportOperatorIssue]


def _readings(cells: Sequence[str]) -> list[list[Moment]]:
    """Every way to read all cells as moments."""
    if all(map(NUMBER.fullmatch, cells)):
        return [[float(cell) for cell in cells]]
    if all(map(PERIOD.fullmatch, cells)):
        return [[re.sub("[- ]", "", cell) for cell in cells]]
    moments = [_moments(cells, form) for form in FORMATS]
    return [list(moment) for moment in moments if moment is not None]


def _moments(cells: Sequence[str], form: str) -> list[datetime] | None:
    """The cells read by one format, with a time of day after it where there is one; None where one does not fit."""
    moments = []
    for cell in cells:
        timed = TIME.fullmatch(cell)
        try:
            moment = datetime.strptime(timed[1] if timed else cell, form)
        except ValueError:
            return None
        if timed:
            moment += timedelta(hours=int(timed[2]), minutes=int(timed[3]), seconds=int(timed[4] or 0))
            if timed[5]:
                moment -= timedelta(hours=int(timed[5] + timed[6]), minutes=int(timed[5] + timed[7]))
        moments.append(moment)
    return moments
