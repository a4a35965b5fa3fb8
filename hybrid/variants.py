"""Variants of a profile: `[variants.OPTION.CHOICE.<dotted key>]` replaces the whole entry of that key."""

import re
from copy import copy

from hybrid.device_options import BUILT_IN, DEFAULT
from hybrid.errors import unknown
from hybrid.profile import Profile

Places = dict[tuple[str, ...], tuple[str, ...]]
"""Where an entry is looked for -> where its replacement is."""


def declared(profile: Profile) -> dict[str, tuple[str, ...]]:
    """Choices by option, `default` first, of a profile that was read; UsageError for a name that cannot be an option's."""
    if "variants" not in profile.table:
        return {}
    found: dict[str, tuple[str, ...]] = {}
    for option in profile.table_at(("variants",)):
        if option in BUILT_IN:
            raise profile.error(("variants", option), "is an option of every device; the variant needs another name.")
        choices = profile.table_at(("variants", option))
        for choice in choices:
            if choice == DEFAULT:
                raise profile.error(("variants", option, choice), f"'{DEFAULT}' is the profile without the variant.")
            _replaced(profile, option, choice)
        for name, at in ((option, ()), *((choice, (option,)) for choice in choices)):
            if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
                raise profile.error(("variants", *at, name), "a name has small letters, digits and _, a letter first.")
        found[option] = (DEFAULT, *choices)
    return found


def varied(profile: Profile, chosen: dict[str, str]) -> Profile:
    """The same file, to be read again, with the entries that the chosen variants replace."""
    result = copy(profile)
    result.numbers = {}
    result.moved = {}
    for option, choice in chosen.items():
        result.moved |= _replaced(profile, option, choice)
        result.variant = ("variants", option, choice)
    return result


def _replaced(profile: Profile, option: str, choice: str, inside: tuple[str, ...] = ()) -> Places:
    """Every entry that one choice replaces; UsageError names a key that the profile does not have."""
    at = ("variants", option, choice)
    found: Places = {}
    for key in profile.table_at((*at, *inside)):
        path = (*inside, key)
        dotted = ".".join(path)
        if dotted in profile.numbers:
            found[path] = (*at, *path)
        elif any(known.startswith(f"{dotted}.") for known in profile.numbers):
            found |= _replaced(profile, option, choice, path)
        else:
            raise profile.error((*at, *path), str(unknown("key", dotted, profile.numbers)))
    return found
