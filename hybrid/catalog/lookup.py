"""Finds and loads members: a member is one file with a function of the same name, whose options are keyword-only.

Names and signatures are read with `ast`, so that listing and checking import no member (and so no simulator). A member is
written `name:key=value,key=value`; one from outside is `package.module:function:key=value` or `./file.py:function:key=value`,
or has the name that its package gives it by an entry point; a data file stands for the member that reads its suffix
(`./my.edges` is `maxcut:graph=./my.edges`).
"""

import hashlib
import importlib
import importlib.util
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from hybrid.base.errors import HybridError, UsageError, shortened, unknown
from hybrid.base.files import check_file, looks_like_path, read_bytes
from hybrid.catalog.csv_files import TABLES, meant
from hybrid.catalog.families import FAMILIES, FOLDERS, PACKAGE, folder, names
from hybrid.catalog.packages import Offering, module_file, offer_of
from hybrid.catalog.signatures import Signature, converted, signature


@dataclass(frozen=True, slots=True)
class Member:
    """A checked reference to a member: every option converted to its type, `given` naming those that were written out.

    `offer` is the entry point that names it, None of one that is built in or named by its module or file.
    """

    family: str
    name: str
    signature: Signature
    options: dict[str, Any]
    given: frozenset[str]
    offer: Offering | None = None

    @property
    def files(self) -> list[Path]:
        """The files this reference depends on: data files among its options, and its own code when it is from outside."""
        data = [file[0] for value in self.options.values() if (file := _file_in(value))]
        return data if self.signature.file.is_relative_to(PACKAGE) else [self.signature.file, *data]

    def text(self, *, defaults: bool, as_first: bool = False) -> str:
        """Canonical `name:key=value,...` in signature order, options equal to their first default left out unless `defaults`.

        The first defaults are those of version 0.1, which the member's file keeps in FIRST where it has others today; so a new
        default is written out, and `as_first` leaves out what was not given. Options that the file lists in ADDED are newer:
        their defaults are never written. A file is written as its name and the first digits of its sha256, so that the text
        says what was read, not where; a member that a package offers as its name, the package, its version and these digits.
        """
        constants = self.signature.constants
        first = {key: option.default for key, option in self.signature.options.items()} | constants.get("FIRST", {})
        shown = {
            key: self.options[key]
            for key in self.signature.options
            if (self.options[key] != first[key] and not (as_first and key not in self.given))
            or (defaults and key not in constants.get("ADDED", ()))
        }
        body = ",".join(f"{key}={_canonical_value(value)}" for key, value in shown.items())
        name = self.name
        if self.offer is not None:
            name = offer_text(self.offer)
        elif not self.signature.file.is_relative_to(PACKAGE):
            name = f"{fingerprint(self.signature.file)}:{self.signature.name}"
        return f"{name}:{body}" if body else name


def parse(family: str, text: str) -> Member:
    """The member that `text` names, its options checked and completed; UsageError says what is allowed."""
    signature, name, rest, offer = _locate(family, text)
    options = {key: option.default for key, option in signature.options.items()}
    given: set[str] = set()
    for item in filter(None, rest.split(",")) if rest else ():
        key, equals, value = item.partition("=")
        key = key.strip()
        if not equals:
            raise UsageError(f"{FAMILIES[family]} '{shortened(text)}': write options as key=value, not '{shortened(item)}'.")
        if key not in signature.options:
            if not signature.options:
                raise UsageError(f"{FAMILIES[family]} '{signature.name}' has no options; '{shortened(key)}' was given.")
            raise unknown(f"option of {FAMILIES[family]} '{signature.name}':", key, signature.options)
        if key in given:
            raise UsageError(f"{FAMILIES[family]} '{shortened(text)}': option '{key}' is given twice.")
        options[key] = converted(value.strip(), signature.options[key], f"{FAMILIES[family]} '{signature.name}'")
        given.add(key)
    missing = [key for key, option in signature.options.items() if option.required and key not in given]
    if missing and (file := text.partition(":")[0]).lower().endswith(".csv"):
        raise UsageError(f"{file}: which problem is this table? By its columns, write {' or '.join(meant(file))}; {TABLES}.")
    if missing:
        raise UsageError(
            f"{FAMILIES[family]} '{signature.name}' needs {', '.join(missing)}: write {signature.name}:{missing[0]}=..."
        )
    return Member(family, name, signature, options, frozenset(given), offer)


def locate(family: str, text: str) -> Signature:
    """The signature of the member that `text` names, its options left unchecked."""
    return _locate(family, text).signature


def load(member: Member) -> Callable[..., Any]:
    """Import the member's function and bind its options; UsageError where the code of one from outside cannot be imported."""
    try:
        module = _import(member)
    except HybridError:
        raise
    except Exception as error:
        if member.signature.file.is_relative_to(PACKAGE):
            raise
        whose = f" of {member.offer.origin}" if member.offer is not None else ""
        raise UsageError(
            f"{FAMILIES[member.family]} '{shortened(member.name)}'{whose} cannot be imported: {type(error).__name__}: {error}."
        ) from error
    function = getattr(module, member.signature.name, None)
    if not callable(function):
        raise UsageError(f"{member.signature.file}: defines no function '{member.signature.name}'.")
    return partial(function, **member.options)


def fingerprint(path: Path) -> str:
    """File name and the first 16 hex digits of the sha256 of its content; UsageError when it cannot be read."""
    return f"{path.name}#{_sha256(path)}"


def offer_text(offer: Offering) -> str:
    """Name, package and version of what a package offers, and the first 16 hex digits of the sha256 of its file."""
    return f"{offer.label}#{_sha256(offer.file)}"


def _sha256(path: Path) -> str:
    return hashlib.sha256(read_bytes(path)).hexdigest()[:16]


class _Located(NamedTuple):
    """A member's signature, its name as written, the text of its options, and the entry point that names it."""

    signature: Signature
    name: str
    rest: str
    offer: Offering | None = None


def _locate(family: str, text: str) -> _Located:
    """A built-in member, one from outside, or the reader of a data file."""
    word = FAMILIES[family]
    head, _, rest = text.partition(":")
    suffix, owners = Path(head).suffix.lower(), suffixes(family)
    if suffix in owners:
        owner = owners[suffix]
        return _Located(owner, owner.name, f"{next(iter(owner.options))}={head}" + (f",{rest}" if rest else ""))
    if suffix == ".py" or ("." in head and "/" not in head and rest):
        function, _, options = rest.partition(":")
        if not function:
            raise UsageError(f"{word} '{shortened(text)}': name the function too, as in {head}:my_function.")
        return _Located(signature(_source(family, head), function), f"{head}:{function}", options)
    if looks_like_path(head):
        allowed = ", ".join(sorted(owners)) or "none"
        raise UsageError(f"{word} '{shortened(head)}': no {word} reads files ending in '{suffix}'. Allowed: {allowed}.")
    if head in names(family):
        return _Located(signature(folder(family) / f"{head}.py", head), head, rest)
    offer = offer_of(family, head)
    try:
        return _Located(signature(offer.file, head), head, rest, offer)
    except UsageError as error:
        raise UsageError(f"{word} '{head}' of {offer.origin}: {error}") from None


@cache
def suffixes(family: str) -> dict[str, Signature]:
    """File suffix -> the member that lists it in `SUFFIXES`; the file is the value of the member's first option."""
    members = [signature(folder(family) / f"{name}.py", name) for name in names(family) if family != "devices"]
    return {suffix: member for member in members for suffix in member.constants.get("SUFFIXES", ())}


def _source(family: str, head: str) -> Path:
    """The file of an outside module, found without importing it."""
    if head.endswith(".py"):
        try:
            check_file(Path(head))
        except UsageError as error:
            raise UsageError(f"{FAMILIES[family]} {error}") from None
        return Path(head)
    found = module_file(head)
    if found is None:
        raise UsageError(f"{FAMILIES[family]} '{shortened(head)}': no such module on the Python path.")
    return found


def _import(member: Member) -> Any:
    head = member.name.partition(":")[0]
    if member.offer is not None:
        return importlib.import_module(member.offer.module)
    if head.endswith(".py"):
        return import_file(member.signature.file)
    return importlib.import_module(head if ":" in member.name else f"hybrid.{FOLDERS[member.family].replace('/', '.')}.{head}")


def _file_in(value: Any) -> tuple[Path, str] | None:
    """The file that an option's value names, and the rest of the value: `./mine.py:name` is an object in a file."""
    if not isinstance(value, str) or re.fullmatch(r"\d+(/\d+)+", value):
        return None
    head, colon, rest = value.partition(":")
    if colon and head.endswith(".py"):
        return Path(head), f":{rest}"
    return (Path(value), "") if looks_like_path(value) else None


def _canonical_value(value: Any) -> str:
    """A value as it is written on the command line, files by fingerprint."""
    if file := _file_in(value):
        return fingerprint(file[0]) + file[1]
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)


def import_file(path: Path) -> ModuleType:
    """The module in a .py file, executed anew at every call."""
    path = path.resolve()
    spec = importlib.util.spec_from_file_location(f"hybrid_outside_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def named_object(text: str) -> Any:
    """The object `package.module:name` or `./mine.py:name`; UsageError says what is missing, or why importing failed."""
    head, _, name = text.partition(":")
    if not name:
        raise UsageError(f"'{shortened(text)}' names no object; write package.module:name or ./mine.py:name.")
    if head.endswith(".py"):
        check_file(Path(head))
    try:
        module = import_file(Path(head)) if head.endswith(".py") else importlib.import_module(head)
    except Exception as error:
        raise UsageError(f"'{shortened(head)}' cannot be imported: {type(error).__name__}: {error}") from error
    if not hasattr(module, name):
        raise unknown(f"name in {shortened(head)}:", name, [word for word in vars(module) if not word.startswith("_")])
    return getattr(module, name)
