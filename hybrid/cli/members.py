"""`hybrid list` and `hybrid show`: the catalogue, read without importing any member."""

import json
from math import isinf
from pathlib import Path
from typing import Annotated, Any

import typer

from hybrid import catalog
from hybrid.base.errors import UsageError
from hybrid.cli import completion
from hybrid.cli.flags import Json, Plot, Quiet
from hybrid.cli.layout import emit, one_line_each, paragraphs, table, wrapped
from hybrid.cli.offered import by_package, from_packages, overview
from hybrid.cli.page_flags import page
from hybrid.cli.pictures import picture, say
from hybrid.device.device import Device
from hybrid.device.profile import Number

FAMILY = f"One of: {', '.join(catalog.FAMILIES)}."
LIST_HELP = "List the names in every family, or one family with a line about each member."
SHOW_HELP = """Show one member: its options with types and defaults, and its source; of a device, every number.

For example: hybrid show optimizer spsa, or hybrid show device meluxina-q --plot.
"""
MORE = "A line each: hybrid list FAMILY. Options, sources: hybrid show FAMILY NAME."
MARKS = (
    "H read in the primary text, M secondary source, D derived or fitted, A assumed (one letter per entry of a list where "
    "they differ); * published for MeluXina-Q itself."
)
WIDTH = 24


def list_members(
    family: Annotated[str | None, typer.Argument(help=FAMILY, metavar="[FAMILY]", autocompletion=completion.families)] = None,
    as_json: Json = False,
) -> None:
    """Print the names of every family, or a line per member of one."""
    families = list(catalog.FAMILIES) if family is None else [catalog.family_of(family)]
    found, refused = from_packages(families, first_line)
    if as_json:
        lines = {name: {one: first_line(name, one) for one in catalog.names(name)} for name in families}
        for one in found:
            lines[one.family][one.name] = f"{one.line} [{one.origin}]"
        emit(json.dumps(lines, indent=2))
    elif family is None:
        rows = [(name, ", ".join(catalog.names(name))) for name in families]
        emit("\n\n".join([table(rows, max(map(len, families))), *overview(found), wrapped(MORE)]))
    else:
        lines = {name: first_line(families[0], name) for name in catalog.names(families[0])}
        emit("\n\n".join([f"{families[0]}\n{one_line_each(lines)}", *by_package(found)]))
    for note in refused:
        say(note, quiet=False)


def first_line(family: str, name: str) -> str:
    """The first line of a member's docstring; of a device its title."""
    return Device.load(name).title if family == "devices" else catalog.locate(family, name).doc.partition("\n")[0]


def show_member(
    family: Annotated[str, typer.Argument(help=FAMILY, metavar="FAMILY", autocompletion=completion.families)],
    name: Annotated[
        str,
        typer.Argument(
            help="The member, as `hybrid list` names it, or one of your own.", metavar="NAME", autocompletion=completion.names
        ),
    ],
    plot: Plot = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Print one member."""
    folder = catalog.family_of(family)
    if folder == "devices":
        _show_device(Device.load(name), plot, as_json, quiet)
        return
    if plot is not None:
        raise UsageError(f"--plot draws the map of a device; no {catalog.FAMILIES[folder]} has one.")
    signature = catalog.locate(folder, name)
    options = [
        {"name": o.name, "type": o.takes, "default": o.default, "required": o.required} for o in signature.options.values()
    ]
    offer = None if name in catalog.names(folder) else catalog.offered(folder).get(name)
    related = list(signature.constants.get("SEE_ALSO", ()))
    if as_json:
        about = {"family": folder, "name": signature.name, "doc": signature.doc, "options": options, "see_also": related}
        about |= {"package": None if offer is None else {"name": offer.package, "version": offer.version}}
        emit(json.dumps(about, indent=2))
        return
    defaults = {o.name: "required" if o.required else f"default {o.default_text}" for o in signature.options.values()}
    rows = [(f"  {o['name']}", f"{o['type']}; {defaults[o['name']]}") for o in options]
    head = f"options (write them as {signature.name}:key=value,key=value):\n" if options else "no options"
    whose = "" if offer is None else f" of {offer.origin} ({offer.entry})"
    parts = [
        wrapped(f"{catalog.FAMILIES[folder]} {signature.name}{whose}"),
        paragraphs(signature.doc),
        f"{head}{table(rows, WIDTH)}",
    ]
    if related:
        others = [(f"  {member}", ", ".join(catalog.locate(folder, member).options)) for member in related]
        parts.append(f"see also, with their options (hybrid show {catalog.FAMILIES[folder]} NAME):\n{table(others, WIDTH)}")
    emit("\n\n".join(parts))


def _show_device(device: Device, plot: Path | None, as_json: bool, quiet: bool) -> None:
    target = picture(plot, Path(f"{device.name}.png"))
    if target is not None:
        from hybrid.figures.device_map import device_map

        device_map(device, target, page())
        say(f"drawn: {target}", quiet)
    emit(_device_json(device) if as_json else _device_text(device))


def _device_text(device: Device) -> str:
    parts = [wrapped(f"device {device.label}: {device.title}"), wrapped(device.caveat)]
    if device.numbers:
        known = ", ".join(key for key, number in device.numbers.items() if number.known_for_target)
        known = f"{known}; everything else is a choice" if known else "nothing"
        rows, billing = [("  dephasing", device.dephasing)], []
        for key, number in device.numbers.items():
            if key.startswith("billing."):
                billing += _number_rows(key.removeprefix("billing."), number)
                continue
            rows += _number_rows(key, number)
            if key == "t2_star":
                rows += _circuit_rows(device)
        legend = wrapped(MARKS, first="marks: ", indent=7)
        words = "shots x shot_cycle; the profile has no [billing] table" if device.billing is None else device.billing.words
        parts += [f"{wrapped(f'known for MeluXina-Q itself: {known}.')}\n{legend}", table(rows, WIDTH)]
        parts.append("\n".join([wrapped(f"machine time: {words}", indent=2), *([table(billing, WIDTH)] if billing else [])]))
    if options := device.open_options:
        rows = [(f"  {key}", takes) for key, takes in options.items()]
        parts.append(f"options (write them as {device.name}:key=value,key=value):\n{table(rows, WIDTH)}")
    return "\n\n".join(parts)


def _circuit_rows(device: Device) -> list[tuple[str, str]]:
    """T2* in circuits, which is shorter than that of isolated qubits."""
    times = ", ".join(f"{t * 1e6:.4g}" for t in device.circuit_t2_star_s or ())
    factor = f"isolated T2* x {device.context_t2star_factor:g}, in every circuit that has a two-qubit gate"
    return [("  t2_star in circuits", f"{times} us"), ("", factor)]


def _number_rows(key: str, number: Number) -> list[tuple[str, str]]:
    spread = f" range {number.range_text}" if number.range_text else ""
    target = "*" if number.known_for_target else " "
    return [(f"{target} {key}", str(number)), ("", f"{number.mark}{spread} [{number.source}] {number.reason}".rstrip())]


def _device_json(device: Device) -> str:
    numbers = {key: {name: _plain(getattr(n, name)) for name in n.__slots__} for key, n in device.numbers.items()}
    about = {"name": device.name, "label": device.label, "title": device.title, "caveat": device.caveat}
    about |= {"sha256": device.sha256, "dephasing": device.dephasing, "circuit_t2_star_s": device.circuit_t2_star_s}
    about["billing"] = None if device.billing is None else device.billing.words
    options = [{"name": key, "takes": takes} for key, takes in device.open_options.items()]
    return json.dumps(about | {"options": options, "numbers": numbers}, indent=2, allow_nan=False)


def _plain(value: Any) -> Any:
    """JSON has no infinity: it is written as TOML writes it."""
    if isinstance(value, tuple):
        return [_plain(entry) for entry in value]
    return "inf" if isinstance(value, float) and isinf(value) else value
