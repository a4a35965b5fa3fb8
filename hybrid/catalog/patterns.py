"""Regular expressions of how members are written, in the syntax that Python and ECMAScript share: for JSON Schemas.

An expression accepts what `parse` accepts but for what only a run can know: whether files are there, and what a function says
to its options. `several`: as in a sweep, where an option takes lists and ranges of values.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

from hybrid.base.errors import UsageError
from hybrid.catalog.families import FAMILIES, names
from hybrid.catalog.lookup import locate, suffixes
from hybrid.catalog.packages import offered
from hybrid.catalog.ranges import RANGE_TEXT
from hybrid.catalog.signatures import Option, Signature

_DIGITS = r"[0-9](?:_?[0-9])*"
WHOLE = rf"[+-]?{_DIGITS}"
NUMBER = rf"[+-]?(?:{_DIGITS}(?:\.(?:{_DIGITS})?)?|\.{_DIGITS})(?:[eE][+-]?{_DIGITS})?"


class Spelling(NamedTuple):
    """How one member is written: its name, empty for an expression of many, the whole expression, and a line about it."""

    name: str
    pattern: str
    about: str


def of_family(family: str, *, several: bool = False, apart: str = "") -> list[Spelling]:
    """Every way to name a member of a family: built in, offered by a package, by a data file, by code of one's own.

    Characters in `apart` are in no value of an option, because they part one member from the next.
    """
    written = [_member(name, one, origin, several, apart) for name, one, origin in _members(family)]
    for suffix, owner in suffixes(family).items():
        others = [option for key, option in owner.options.items() if key != next(iter(owner.options))]
        pattern = _with_needed(rf"[^:]*\.{any_case(suffix[1:])}", others, several, apart)
        written.append(Spelling("", pattern, f"A file {suffix}, read by {owner.name}."))
    data = "|".join(any_case(suffix[1:]) for suffix in suffixes(family))
    other = rf"(?![^:]*\.(?:{data})(?::|$))" if data else ""
    rest = f"[^{apart}]*" if apart else ".*"
    own = rf"{other}(?:[^:]*\.[pP][yY]|[^:/]*\.[^:/]*):[A-Za-z_]\w*(?::{rest})?"
    return [*written, Spelling("", own, f"One of your own: ./mine.py:my_{FAMILIES[family]}, or package.module:name.")]


def bare(family: str) -> list[str]:
    """The names of a family's members that need no option."""
    return [name for name, one, _ in _members(family) if not any(option.required for option in one.options.values())]


def _members(family: str) -> Iterator[tuple[str, Signature, str]]:
    """Name, signature and package of the members that have names; those of a broken package are left out, as in a list."""
    for name in names(family):
        yield name, locate(family, name), ""
    for name, offer in offered(family).items():
        with suppress(UsageError):
            yield name, locate(family, name), f" ({offer.origin})"


def _member(name: str, signature: Signature, origin: str, several: bool, apart: str) -> Spelling:
    options = [*signature.options.values()]
    told = [f"{o.name} ({o.takes}; {'required' if o.required else f'default {o.default_text}'})" for o in options]
    about = f"{signature.doc.partition(chr(10))[0]}{origin} Options: {', '.join(told) or 'none'}."
    return Spelling(name, _with_needed(re.escape(name), options, several, apart), about)


def _with_needed(head: str, options: Sequence[Option], several: bool, apart: str) -> str:
    """`HEAD:key=value,...` with a look ahead at every option that must be there."""
    needed = "".join(rf"(?=.*[:,]\s*{re.escape(o.name)}\s*=)" for o in options if o.required)
    return needed + with_options(head, {o.name: value(o, apart) for o in options}, several=several)


def whole_text(pattern: str) -> str:
    """The expression of a text that is this and nothing else."""
    return f"^(?:{pattern})$"


def with_options(head: str, values: Mapping[str, str], *, several: bool) -> str:
    """`HEAD:key=value,...` by the expressions of head and values."""
    items = [rf"\s*{re.escape(key)}\s*=\s*{_listed(one) if several else f'(?:{one})'}\s*" for key, one in values.items()]
    item = f"(?:{'|'.join(items)})?" if items else ""
    return f"{head}(?::{item}(?:,{item})*)?"


def value(option: Option, apart: str = "") -> str:
    """The expression of an option's value."""
    if option.choices:
        one = "|".join(map(re.escape, option.choices))
    else:
        kinds = {"bool": f"{any_case('true')}|{any_case('false')}", "int": WHOLE, "float": NUMBER, "str": f"[^,{apart}]*"}
        one = kinds[option.type]
    return f"{one}|{any_case('none')}" if option.optional else one


def any_case(word: str) -> str:
    """A word in small letters, capitals, or both."""
    return "".join(f"[{letter}{letter.upper()}]" if letter.isalpha() else re.escape(letter) for letter in word)


def listed(one: str) -> str:
    """Values, and ranges of numbers, separated by commas."""
    return rf"\s*(?:{one}|{RANGE_TEXT})\s*(?:,\s*(?:{one}|{RANGE_TEXT})\s*)*"


def _listed(one: str) -> str:
    """The same for an option, whose later values hold no `=`, or they would be the next option."""
    further = one.replace("[^,", "[^,=")
    return rf"(?:{one}|{RANGE_TEXT})\s*(?:,\s*(?!\s*(?:,|$))(?:{further}|{RANGE_TEXT})\s*)*"
