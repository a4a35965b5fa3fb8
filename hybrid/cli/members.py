"""`hybrid list` and `hybrid show`: the catalogue, read without importing any member."""

import json
import sys
from math import isinf
from pathlib import Path
from typing import Annotated, Any

import typer

from hybrid import catalog
from hybrid.base.errors import UsageError
from hybrid.cli import completion
from hybrid.cli.layout import emit, paragraphs, table, wrapped
from hybrid.device.device import Device
from hybrid.device.profile import Number

FAMILY = f"One of: {', '.join(catalog.FAMILIES)}."
SHOW_HELP = """Show one member: its options with types and defaults, and its source; of a device, every number.

For example: hybrid show optimizer spsa, or hybrid show device meluxina-q --plot.
"""
MARKS = (
    "H read in the primary text, M secondary source, D derived or fitted, A assumed (one letter per entry of a list where "
    "they differ); * published for MeluXina-Q itself."
)
WIDTH = 24
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
WORDS = {"int": "whole number", "float": "number", "str": "text", "bool": "true | false"}


def list_members(
    family: Annotated[str | None, typer.Argument(help=FAMILY, metavar="[FAMILY]", autocompletion=completion.families)] = None,
    as_json: Json = False,
) -> None:
    """Print names and first lines."""
    families = list(catalog.FAMILIES) if family is None else [catalog.family_of(family)]
    found = {name: listing(name) for name in families}
    if as_json:
        emit(json.dumps(found, indent=2))
        return
    emit(
        "\n".join(
            f"{name}\n{table([(f'  {m}', line) for m, line in members.items()], WIDTH + 2)}" for name, members in found.items()
        )
    )


def listing(family: str) -> dict[str, str]:
    """The members of a family with their first lines."""
    return {member: _first_line(family, member) for member in catalog.names(family)}


def show_member(
    family: Annotated[str, typer.Argument(help=FAMILY, metavar="FAMILY", autocompletion=completion.families)],
    name: Annotated[
        str,
        typer.Argument(
            help="The member, as `hybrid list` names it, or one of your own.", metavar="NAME", autocompletion=completion.names
        ),
    ],
    plot: Annotated[bool, typer.Option("--plot", help="Draw the map of a device, as DEVICE.png.")] = False,
    out: Annotated[Path | None, typer.Option(help="Draw it there instead (PNG or SVG).", metavar="FILE")] = None,
    as_json: Json = False,
) -> None:
    """Print one member."""
    folder = catalog.family_of(family)
    if folder == "devices":
        device = Device.load(name)
        _show_device(device, out or (Path(f"{device.name}.png") if plot else None), as_json)
        return
    if plot or out is not None:
        raise UsageError(f"--plot and --out draw devices only, no {catalog.FAMILIES[folder]}.")
    signature = catalog.locate(folder, name)
    options = [
        {"name": o.name, "type": _type(o), "default": o.default, "required": o.required} for o in signature.options.values()
    ]
    if as_json:
        emit(json.dumps({"family": folder, "name": signature.name, "doc": signature.doc, "options": options}, indent=2))
        return
    rows = [(f"  {o['name']}", f"{o['type']}; {_default(o)}") for o in options]
    head = f"options (write them as {signature.name}:key=value,key=value):\n" if options else "no options"
    emit(f"{catalog.FAMILIES[folder]} {signature.name}\n\n{paragraphs(signature.doc)}\n\n{head}{table(rows, WIDTH)}")


def _type(option: catalog.Option) -> str:
    kind = " | ".join(option.choices) or WORDS[option.type]
    return f"{kind} | none" if option.optional else kind


def _default(option: dict[str, Any]) -> str:
    default = option["default"]
    return (
        "required" if option["required"] else f"default {str(default).lower() if default in (None, True, False) else default}"
    )


def _first_line(family: str, member: str) -> str:
    return Device.load(member).title if family == "devices" else catalog.locate(family, member).doc.partition("\n")[0]


def _show_device(device: Device, plot: Path | None, as_json: bool) -> None:
    if plot is not None:
        from hybrid.cli.pictures import need_matplotlib

        need_matplotlib()
        from hybrid.figures.device_map import device_map

        device_map(device, plot)
        print(f"drawn: {plot}", file=sys.stderr)
    emit(_device_json(device) if as_json else _device_text(device))


def _device_text(device: Device) -> str:
    parts = [wrapped(f"device {device.label}: {device.title}"), wrapped(device.caveat)]
    if device.numbers:
        known = ", ".join(key for key, number in device.numbers.items() if number.known_for_target)
        known = f"{known}; all the rest is a choice" if known else "nothing"
        rows = [("  dephasing", device.dephasing)]
        for key, number in device.numbers.items():
            rows += _number_rows(key, number)
            if key == "t2_star":
                rows += _circuit_rows(device)
        legend = wrapped(MARKS, first="marks: ", indent=7)
        parts += [f"{wrapped(f'known for MeluXina-Q itself: {known}.')}\n{legend}", table(rows, WIDTH)]
    if options := device.open_options:
        rows = [(f"  {key}", takes) for key, takes in options.items()]
        parts.append(f"options (write them as {device.name}:key=value,key=value):\n{table(rows, WIDTH)}")
    return "\n\n".join(parts)


def _circuit_rows(device: Device) -> list[tuple[str, str]]:
    """T2* as circuits see it, beside that of isolated qubits."""
    times = ", ".join(f"{t * 1e6:.4g}" for t in device.circuit_t2_star_s or ())
    factor = f"isolated T2* x {device.context_t2star_factor:g}, in every circuit that has a two-qubit gate"
    return [("  t2_star in circuits", f"{times} us"), ("", factor)]


def _number_rows(key: str, number: Number) -> list[tuple[str, str]]:
    """Two rows: the number with its unit; its mark, range, source and reason."""
    spread = f" range {number.range_text}" if number.range_text else ""
    target = "*" if number.known_for_target else " "
    return [(f"{target} {key}", str(number)), ("", f"{number.mark}{spread} [{number.source}] {number.reason}".rstrip())]


def _device_json(device: Device) -> str:
    numbers = {key: {name: _plain(getattr(n, name)) for name in n.__slots__} for key, n in device.numbers.items()}
    about = {"name": device.name, "label": device.label, "title": device.title, "caveat": device.caveat}
    about |= {"sha256": device.sha256, "dephasing": device.dephasing, "circuit_t2_star_s": device.circuit_t2_star_s}
    options = [{"name": key, "takes": takes} for key, takes in device.open_options.items()]
    return json.dumps(about | {"options": options, "numbers": numbers}, indent=2, allow_nan=False)


def _plain(value: Any) -> Any:
    """JSON has no infinity: it is written as TOML writes it."""
    if isinstance(value, tuple):
        return [_plain(entry) for entry in value]
    return "inf" if isinstance(value, float) and isinf(value) else value
