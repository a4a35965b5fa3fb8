"""Members that installed packages offer by entry points of the group `hybrid.members`, found without running their code.

An entry point `FAMILY.NAME = package.module:NAME` offers a function, `device.NAME = package` the profile NAME.toml in the
folder of that package. A name that is built in cannot be offered again, nor one that another package offers.
"""

import os
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from hybrid.base.errors import UsageError, shortened, unknown
from hybrid.catalog.families import FAMILIES, names

if TYPE_CHECKING:
    from importlib import metadata

GROUP = "hybrid.members"
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_DEVICE = re.compile(r"[a-z][a-z0-9_-]*")
_MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)


class Offering(NamedTuple):
    """One entry point: `entry` as it is written, and the `refusal` that says why it offers no member, empty where it does.

    `module` holds the function, or is the package in whose folder the device's profile is.
    """

    family: str
    name: str
    module: str
    package: str
    version: str
    entry: str
    refusal: str = ""

    @property
    def origin(self) -> str:
        """The package and its version, for people."""
        return f"{self.package} {self.version}"

    @property
    def label(self) -> str:
        """Name, package and version, as records name the member."""
        return f"{self.name}@{self.package}-{self.version}"

    @property
    def file(self) -> Path:
        """The member's file; UsageError names the package in which it is missing."""
        found = module_file(self.module)
        if found is not None and self.family == "devices":
            found = found.parent / f"{self.name}.toml"
        if found is None or not found.is_file():
            missing = f"module {self.module}" if found is None else found.name
            raise UsageError(f"{FAMILIES[self.family]} '{self.name}' of {self.origin}: the package has no {missing}.")
        return found


def offers() -> tuple[Offering, ...]:
    """Every entry point of the group, sorted by package and entry, those that are refused among them.

    What lies in the working folder is not installed, and offers nothing.
    """
    here = os.getcwd()
    return _offers(tuple(place for place in sys.path if place and os.path.realpath(place) != here))


def offered(family: str) -> dict[str, Offering]:
    """The members of a family that packages offer, by name; without those that are refused."""
    return {offer.name: offer for offer in offers() if offer.family == family and not offer.refusal}


def knows(family: str, name: str) -> bool:
    """Whether a member of this name is built in or offered by a package."""
    return name in names(family) or name in offered(family)


def offer_of(family: str, name: str) -> Offering:
    """The member of this name, which is not built in; UsageError for a refused or an unknown one."""
    for offer in offers():
        if (offer.family, offer.name) == (family, name):
            if offer.refusal:
                raise UsageError(f"{FAMILIES[family]} '{name}' of {offer.origin}: {offer.refusal}.")
            return offer
    raise unknown(FAMILIES[family], name, [*names(family), *offered(family)])


def module_file(module: str) -> Path | None:
    """The file of a module, found without importing the module or the packages that it is in; None where there is none."""
    places: list[str] | None = None
    found: ModuleSpec | None = None
    parts = module.split(".")
    for depth in range(1, len(parts) + 1):
        name = ".".join(parts[:depth])
        try:
            found = next(filter(None, (finder.find_spec(name, places, None) for finder in sys.meta_path)), None)
            places = [] if found is None else list(found.submodule_search_locations or [])
        except (ImportError, KeyError, ValueError):  # KeyError: a namespace package inside another one
            return None
        if found is None or (depth < len(parts) and not places):
            return None
    return None if found is None or not found.has_location or found.origin is None else Path(found.origin)


@lru_cache(maxsize=4)
def _offers(path: tuple[str, ...]) -> tuple[Offering, ...]:
    """The offers of the packages on this path: their metadata are read once in a process."""
    read: dict[str, list[Offering]] = {}
    for folder in _stating(path):
        from importlib import metadata  # loads as much as the rest of a start: only where a package has the group

        package = metadata.Distribution.at(folder)
        try:
            name, version = package.metadata["Name"], package.version
        except Exception:  # remains of an installation: nothing names the package
            continue
        if name not in read:  # the first on the path is the one that is imported
            read[name] = [_offer(entry, value, name, version) for entry, value in _entries(package)]
    found = sorted((one for several in read.values() for one in several), key=lambda one: (one.package, one.family, one.name))
    wanted = Counter((offer.family, offer.name) for offer in found if not offer.refusal)
    return tuple(_alone(offer, found) if wanted[offer.family, offer.name] > 1 else offer for offer in found)


def _stating(path: Iterable[str]) -> Iterator[Path]:
    """The metadata folders of installed packages, in the order of the path, in which entry points of the group are stated."""
    for place in path:
        try:
            names = sorted(name for name in os.listdir(place) if name.endswith((".dist-info", ".egg-info")))
        except OSError:
            continue
        for name in names:
            with suppress(OSError, UnicodeDecodeError):
                if GROUP in (Path(place) / name / "entry_points.txt").read_text(encoding="utf-8"):
                    yield Path(place) / name


def _entries(package: "metadata.Distribution") -> list[tuple[str, str]]:
    """Name and value of every entry point of the group; of a file that cannot be read, one that says so."""
    try:
        return [(entry.name, entry.value) for entry in package.entry_points if entry.group == GROUP]
    except Exception as error:  # somebody else's file, which may hold anything
        return [(f"entry_points.txt: {shortened(str(error))}", "")]


def _offer(entry: str, value: str, package: str, version: str) -> Offering:
    """An entry point as an offer, refused where its name or value is not of the form that the group asks for."""
    word, _, name = entry.partition(".")
    module, _, function = (part.strip() for part in value.partition(":"))
    family = next((family for family, singular in FAMILIES.items() if singular == word), "")
    offer = Offering(family, name, module, package, version, f"{entry} = {value}")
    if not family:
        return offer._replace(refusal=str(unknown("family", word, FAMILIES.values())).rstrip("."))
    pattern, example = (_DEVICE, "ring-12") if family == "devices" else (_NAME, "my_name")
    if not pattern.fullmatch(name):
        return offer._replace(refusal=f"the name '{shortened(name)}' is not of the form {word}.{example}")
    if not _MODULE.fullmatch(module) or function != ("" if family == "devices" else name):
        form = f"the package whose folder holds {name}.toml" if family == "devices" else f"package.module:{name}"
        return offer._replace(refusal=f"the entry point says '{shortened(value)}'; write {form}")
    if name in names(family):
        return offer._replace(refusal=f"{word} '{name}' is built in, and stays what it is; the package needs another name")
    return offer


def _alone(offer: Offering, found: list[Offering]) -> Offering:
    """The offer, refused because other packages offer the same."""
    others = [o.origin for o in found if (o.family, o.name) == (offer.family, offer.name) and o.package != offer.package]
    if offer.refusal or not others:
        return offer
    written = "name its file" if offer.family == "devices" else f"write {offer.module}:{offer.name}"
    return offer._replace(refusal=f"{', '.join(others)} offers it too; {written} for the one of {offer.package}")
