"""Signatures of members, read from the source with `ast`: reading one imports no member, and so no simulator."""

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from hybrid.base.errors import UsageError, shortened, unknown

WORDS = {"int": "whole number", "float": "number", "str": "text", "bool": "true | false"}
TOO_LARGE = 1e150
"""Squares of numbers, which standard errors need, must stay finite."""


@dataclass(frozen=True, slots=True)
class Option:
    """One keyword-only parameter: what type it takes, its default, and the allowed words if it is a `Literal`."""

    name: str
    type: str
    default: Any
    choices: tuple[str, ...] = ()
    optional: bool = False
    required: bool = False

    @property
    def takes(self) -> str:
        """What the option takes, for people: `whole number`, `exact | sampled | none`."""
        kind = " | ".join(self.choices) or WORDS[self.type]
        return f"{kind} | none" if self.optional else kind

    @property
    def default_text(self) -> str:
        """The default as it is written."""
        default = self.default
        return str(default).lower() if default is None or isinstance(default, bool) else str(default)


@dataclass(frozen=True, slots=True)
class Signature:
    """Name, docstring, options and constants of a member, read without importing it."""

    name: str
    doc: str
    options: dict[str, Option]
    constants: dict[str, Any]
    file: Path


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


def converted(text: str, option: Option, owner: str) -> Any:
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
    if not abs(number) < TOO_LARGE:
        raise UsageError(f"{where} takes a finite number below {TOO_LARGE:g}, not '{shortened(text)}'.")
    return number
