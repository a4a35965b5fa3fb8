"""Lists and ranges, written out: `1..3` is 1, 2, 3; `0.4..1..0.2` is 0.4, 0.6, 0.8, 1.0; `n=1..2,m=x,y` are two options."""

import re
from collections.abc import Iterator
from decimal import Decimal

from hybrid.base.errors import UsageError, shortened

MOST = 100_000
"""The most values of one range."""
_NUMBER = r"[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?"
RANGE_TEXT = rf"{_NUMBER}(?:\.\.{_NUMBER}){{1,2}}"
"""The expression of a range, without groups."""
RANGE = re.compile(rf"({_NUMBER})\.\.({_NUMBER})(?:\.\.({_NUMBER}))?")


def values(text: str, whole: str) -> Iterator[str]:
    """The numbers of a range, in decimals and so without rounding, or the text itself.

    UsageError, which quotes the `whole` text, for an empty range, a step that is not above zero and more than `MOST` values.
    """
    match = RANGE.fullmatch(text.strip())
    if match is None:
        yield text
        return
    first, last, step = Decimal(match[1]), Decimal(match[2]), Decimal(match[3] or 1)
    if last < first or step <= 0 or (last - first) // step >= MOST:
        why = f"is empty; write {match[2]}..{match[1]}" if last < first and step > 0 else "is not allowed"
        raise UsageError(
            f"'{shortened(whole)}': a range is first..last or first..last..step, upwards and of at most {MOST:,} values; "
            f"'{shortened(text)}' {why}."
        )
    yield from (str(first + k * step) for k in range(int((last - first) // step) + 1))


def listed(text: str) -> list[str]:
    """The values of `1,3..5`: 1, 3, 4, 5."""
    return [value for item in text.split(",") for value in values(item.strip(), text)]


def options(text: str, whole: str) -> list[tuple[str, list[str]]]:
    """Key and values of every option in `n=1..2,m=x,y`; an item without a key goes on with the list of the option before it.

    A key without `=` has no values, and is refused where the member's text is read.
    """
    found: list[tuple[str, list[str]]] = []
    for item in filter(None, text.split(",")):
        key, equals, value = item.partition("=")
        if not equals and found:
            found[-1][1].extend(values(item, whole))
        else:
            found.append((key, [*values(value, whole)] if equals else []))
    return found
