"""The folders are the catalogue: a member is one file, its function carries the file's name, its options are keyword-only.

Names and signatures are read with `ast`, so that listing and checking import no member (and so no simulator). A member is
written `name:key=value,key=value`; somebody's own is `package.module:function:key=value`, or `./file.py:function:key=value`;
a data file is the member that claims its suffix (`./my.edges` is `maxcut:graph=./my.edges`).
"""

import ast
import hashlib
import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from hybrid import device_options
from hybrid.errors import UsageError, shortened, unknown
from hybrid.files import looks_like_path, read_bytes, read_toml
from hybrid.outside import import_file

PACKAGE = Path(__file__).parent
FAMILIES = {
    "adapters": "adapter",
    "algorithms": "algorithm",
    "ansatze": "ansatz",
    "backends": "backend",
    "circuits": "circuit",
    "devices": "device",
    "optimizers": "optimizer",
    "problems": "problem",
    "workloads": "workload",
}
"""Folder -> the word for one member."""


@dataclass(frozen=True, slots=True)
class Option:
    """One keyword-only parameter: what type it takes, its default, and the allowed words if it is a `Literal`."""

    name: str
    type: str
    default: Any
    choices: tuple[str, ...] = ()
    optional: bool = False
    required: bool = False


@dataclass(frozen=True, slots=True)
class Signature:
    """What `ast` tells of a member without importing it."""

    name: str
    doc: str
    options: dict[str, Option]
    constants: dict[str, Any]
    file: Path


@dataclass(frozen=True, slots=True)
class Member:
    """A checked reference to a member: every option converted to its type, `given` naming those that were written out."""

    family: str
    name: str
    signature: Signature
    options: dict[str, Any]
    given: frozenset[str]

    @property
    def files(self) -> list[Path]:
        """The files this reference depends on: data files among its options, and its own code when it is from outside."""
        data = [found[0] for value in self.options.values() if (found := _file_in(value))]
        return data if self.signature.file.is_relative_to(PACKAGE) else [self.signature.file, *data]

    def text(self, *, defaults: bool) -> str:
        """Canonical `name:key=value,...` in signature order, options equal to their default left out unless `defaults`.

        A file is written as its name and the first digits of its sha256, so that the text says what was read, not where.
        """
        shown = {
            key: self.options[key]
            for key, option in self.signature.options.items()
            if defaults or self.options[key] != option.default
        }
        body = ",".join(f"{key}={_canonical_value(value)}" for key, value in shown.items())
        name = self.name
        if not self.signature.file.is_relative_to(PACKAGE):
            name = f"{fingerprint(self.signature.file)}:{self.signature.name}"
        return f"{name}:{body}" if body else name


def family_of(word: str) -> str:
    """The folder for `optimizer` or `optimizers`; UsageError with the nearest otherwise."""
    for folder, singular in FAMILIES.items():
        if word in (folder, singular):
            return folder
    raise unknown("family", word, FAMILIES)


def names(family: str) -> list[str]:
    """Members of a family, sorted: its folder's files."""
    return [*_names(family)]


@cache
def _names(family: str) -> tuple[str, ...]:
    suffix = ".toml" if family == "devices" else ".py"
    return tuple(sorted(path.stem for path in (PACKAGE / family).glob(f"*{suffix}") if not path.stem.startswith("_")))


def parse(family: str, text: str) -> Member:
    """The member that `text` names, its options checked and completed; UsageError says what is allowed."""
    signature, name, rest = _locate(family, text)
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
        options[key] = _convert(value.strip(), signature.options[key], f"{FAMILIES[family]} '{signature.name}'")
        given.add(key)
    missing = [key for key, option in signature.options.items() if option.required and key not in given]
    if missing:
        raise UsageError(
            f"{FAMILIES[family]} '{signature.name}' needs {', '.join(missing)}: write {signature.name}:{missing[0]}=..."
        )
    return Member(family, name, signature, options, frozenset(given))


def locate(family: str, text: str) -> Signature:
    """The signature of the member that `text` names, its options left unchecked."""
    return _locate(family, text)[0]


def load(member: Member) -> Callable[..., Any]:
    """Import the member's function and bind its options."""
    module = _import(member)
    function = getattr(module, member.signature.name, None)
    if not callable(function):
        raise UsageError(f"{member.signature.file}: defines no function '{member.signature.name}'.")
    return partial(function, **member.options)


def device_file(text: str) -> Path:
    """The profile that `text` names, options aside: built in, or somebody's own .toml file; UsageError otherwise."""
    head, _ = device_options.split(text)
    if looks_like_path(head):
        if not head.endswith(".toml"):
            raise UsageError(f"device '{shortened(head)}': a device profile is a .toml file.")
        return Path(head)
    if head not in names("devices"):
        raise unknown("device", head, names("devices"))
    return PACKAGE / "devices" / f"{head}.toml"


def device_text(text: str, dephasing: str | None = None) -> str:
    """Canonical `device:key=value,...`: options sorted, those that change nothing left out, a file by its fingerprint.

    `dephasing` counts as an option; UsageError where it contradicts the options or the profile.
    """
    head, settings = device_options.split(text)
    path = device_file(text)
    name = fingerprint(path) if looks_like_path(head) else head
    if not settings and dephasing is None:
        return name
    options = device_options.parse(path.stem, settings, device_options.offer(read_toml(path)[0]), dephasing).text
    return f"{name}:{options}" if options else name


def fingerprint(path: Path) -> str:
    """File name and the first 16 hex digits of the sha256 of its content; UsageError when it cannot be read."""
    return f"{path.name}#{hashlib.sha256(read_bytes(path)).hexdigest()[:16]}"


def _locate(family: str, text: str) -> tuple[Signature, str, str]:
    """Signature, name as written and the options' text of a built-in, an outside member or a data file."""
    word = FAMILIES[family]
    head, _, rest = text.partition(":")
    suffix, owners = Path(head).suffix.lower(), _owners(family)
    if suffix in owners:
        found = owners[suffix]
        return found, found.name, f"{next(iter(found.options))}={head}" + (f",{rest}" if rest else "")
    if suffix == ".py" or ("." in head and "/" not in head and rest):
        function, _, options = rest.partition(":")
        if not function:
            raise UsageError(f"{word} '{shortened(text)}': name the function too, as in {head}:my_function.")
        return signature(_source(family, head), function), f"{head}:{function}", options
    if looks_like_path(head):
        allowed = ", ".join(sorted(owners)) or "none"
        raise UsageError(f"{word} '{shortened(head)}': no {word} reads files ending in '{suffix}'. Allowed: {allowed}.")
    if head not in names(family):
        raise unknown(word, head, names(family))
    return signature(PACKAGE / family / f"{head}.py", head), head, rest


@cache
def _owners(family: str) -> dict[str, Signature]:
    """File suffix -> the member that claims it in its `SUFFIXES`; the file goes to the member's first option."""
    found = [signature(PACKAGE / family / f"{name}.py", name) for name in names(family) if family != "devices"]
    return {suffix: member for member in found for suffix in member.constants.get("SUFFIXES", ())}


def _source(family: str, head: str) -> Path:
    """The file of an outside module, found without importing the module itself."""
    if head.endswith(".py"):
        if not Path(head).is_file():
            raise UsageError(f"{FAMILIES[family]} '{shortened(head)}': no such file.")
        return Path(head)
    try:
        found = importlib.util.find_spec(head)
    except (ImportError, ValueError):
        found = None
    if found is None or found.origin is None:
        raise UsageError(f"{FAMILIES[family]} '{shortened(head)}': no such module on the Python path.")
    return Path(found.origin)


def _import(member: Member) -> Any:
    """The module that holds the member."""
    head = member.name.partition(":")[0]
    if head.endswith(".py"):
        return import_file(member.signature.file)
    return importlib.import_module(head if ":" in member.name else f"hybrid.{member.family}.{head}")


@cache
def signature(file: Path, function: str) -> Signature:
    """Read the function's docstring and keyword-only parameters, and the module's literal constants, from the source."""
    try:
        tree = ast.parse(file.read_text(encoding="utf-8"), filename=str(file))
    except (SyntaxError, UnicodeDecodeError) as error:
        raise UsageError(f"{file}: not valid Python: {error}.") from None
    constants: dict[str, Any] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            try:
                constants[node.targets[0].id] = ast.literal_eval(node.value)
            except ValueError:
                continue
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    if function not in functions:
        raise unknown(f"function in {file}:", function, functions)
    arguments = functions[function].args
    options = {
        argument.arg: _option(file, argument, default)
        for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    }
    return Signature(function, ast.get_docstring(functions[function]) or "", options, constants, file)


def _option(file: Path, argument: ast.arg, default: ast.expr | None) -> Option:
    """One keyword-only parameter as an Option; the annotation must be bool, int, float, str or a Literal of strings."""
    note, optional, choices = argument.annotation, False, ()
    if isinstance(note, ast.BinOp) and isinstance(note.right, ast.Constant) and note.right.value is None:
        note, optional = note.left, True
    if isinstance(note, ast.Subscript) and ast.unparse(note.value) == "Literal":
        values = ast.literal_eval(note.slice)
        choices, kind = (values if isinstance(values, tuple) else (values,)), "str"
    elif isinstance(note, ast.Name) and note.id in ("bool", "int", "float", "str"):
        kind = note.id
    else:
        written = ast.unparse(note) if note else "none"
        raise UsageError(
            f"{file}:{argument.lineno}: option '{argument.arg}' has type {written}; "
            "options are bool, int, float, str or a Literal of strings (or None)."
        )
    value = None if default is None else ast.literal_eval(default)
    if kind == "float" and isinstance(value, int):
        value = float(value)
    return Option(argument.arg, kind, value, choices, optional, required=default is None)


def _convert(text: str, option: Option, owner: str) -> Any:
    """The option's value from its text; UsageError names the option, the value and what is allowed."""
    where = f"{owner}: option '{option.name}'"
    if option.optional and text.lower() == "none":
        return None
    if option.choices:
        if text not in option.choices:
            raise unknown(f"value of {where}:", text, option.choices)
        return text
    if option.type == "bool":
        if text.lower() not in ("true", "false"):
            raise UsageError(f"{where} takes true or false, not '{shortened(text)}'.")
        return text.lower() == "true"
    if option.type == "str":
        return text
    try:
        number = int(text) if option.type == "int" else float(text)
    except ValueError:
        kind = "a whole number" if option.type == "int" else "a number"
        raise UsageError(f"{where} takes {kind}, not '{shortened(text)}'.") from None
    if number != number or number in (float("inf"), float("-inf")):
        raise UsageError(f"{where} takes a finite number, not '{shortened(text)}'.")
    return number


def _file_in(value: Any) -> tuple[Path, str] | None:
    """The file that an option's value names, and what stands behind it: `./mine.py:name` is an object in a file."""
    if not isinstance(value, str):
        return None
    head, colon, rest = value.partition(":")
    if colon and head.endswith(".py"):
        return Path(head), f":{rest}"
    return (Path(value), "") if looks_like_path(value) else None


def _canonical_value(value: Any) -> str:
    """A value as it is written on the command line, files by fingerprint."""
    if found := _file_in(value):
        return fingerprint(found[0]) + found[1]
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)
