"""Shell completion of members, their options and their values; it reads the catalogue and imports no member.

`hybrid --install-completion` installs Typer's script for your shell. At every TAB it calls this command, with the line in
environment variables. Where nothing matches, the shell offers file names.
"""

import io
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import NoReturn

import typer

from hybrid import catalog
from hybrid.base.errors import HybridError, printable
from hybrid.device.options import DEPHASING
from hybrid.measure.choices import WORDS
from hybrid.runs.spec import MEMBERS

VARIABLE = "_HYBRID_COMPLETE"
"""The variable by which a shell's script asks for a completion."""
MAX_RUNS = 200
"""At most so many runs are offered, the newest."""
Completer = Callable[[typer.Context, str], list[str]]


def answer(app: typer.Typer) -> NoReturn:
    """Print the matches and exit; no error is ever printed into the line that is being typed."""
    before = _join_words() if os.environ[VARIABLE] == "complete_bash" else ""
    out, code = io.StringIO(), 1
    with redirect_stdout(out), redirect_stderr(io.StringIO()), suppress(Exception):
        try:
            app(standalone_mode=False)
        except SystemExit as left:  # how typer ends a completion
            code = left.code if isinstance(left.code, int) else 1
    with suppress(OSError):
        print(printable("\n".join(line.removeprefix(before) for line in out.getvalue().splitlines())), flush=True)
    sys.exit(code)


def _join_words() -> str:
    """Join the words that bash broke at `:` and `=`; returns the part of the last word before the piece at the cursor.

    Bash replaces that piece only, so the part before it is removed from every answer: for `adam : lea` it is `adam:`.
    """
    line = os.environ.get("COMP_WORDS", "")
    separator = "\n" if "\n" in line else " "
    pieces = line.split(separator)
    current = int(os.environ.get("COMP_CWORD") or len(pieces) - 1)
    pieces = (pieces + [""] * current)[: current + 1]
    words, before = [""], ""
    for previous, piece in zip(["", *pieces], pieces, strict=False):
        glued = piece and (_breaks(piece) or _breaks(previous))
        before = words.pop() if glued else ""
        words.append(before + piece)
    if _breaks(pieces[-1]):
        before = words[-1]
    os.environ["COMP_WORDS"], os.environ["COMP_CWORD"] = separator.join(words[1:]), str(len(words) - 2)
    return before.partition("=")[2] if before.startswith("--") else before


def _breaks(piece: str) -> bool:
    return piece != "" and not piece.strip(":=")


def words(ctx: typer.Context, incomplete: str) -> list[str]:
    """The positional words of `hybrid run`: an algorithm or a problem, and after an algorithm a problem."""
    given = ctx.params.get("words") or []
    if not given:
        return [*_member("algorithms", incomplete), *_member("problems", incomplete)]
    return _member("problems", incomplete) if len(given) == 1 else []


def of_family(family: str) -> Completer:
    """A completer for a member of a family, with its options."""
    return lambda ctx, incomplete: _member(family, incomplete)


def of_words(allowed: Iterable[str]) -> Completer:
    """A completer for one of a few words."""
    return lambda ctx, incomplete: list(allowed)


def families(ctx: typer.Context, incomplete: str) -> list[str]:
    """The families of the catalogue: the singular, and the plural where it is being typed."""
    plurals = [folder for folder in catalog.FAMILIES if incomplete and folder.startswith(incomplete)]
    return [*catalog.FAMILIES.values(), *plurals]


def names(ctx: typer.Context, incomplete: str) -> list[str]:
    """Members of the family that was given before; `hybrid show` takes no options."""
    with suppress(HybridError):
        return _names(catalog.family_of(str(ctx.params.get("family"))))
    return []


def runs(ctx: typer.Context, incomplete: str) -> list[str]:
    """`latest` and the ids in the results folder."""
    folder = Path(ctx.params.get("results") or "results")
    with suppress(OSError):
        records = sorted(folder.glob("*.jsonl"), key=lambda path: path.stat().st_mtime, reverse=True)
        return ["latest", *(path.stem for path in records if path.stem.startswith(incomplete))][:MAX_RUNS]
    return ["latest"]


def of_field(name: str) -> Completer | None:
    """The completer for a flag that is a field of the Spec; None for a number."""
    families = {**MEMBERS, "device": "devices", "mitigate": "mitigations"}
    allowed = {**WORDS, "dephasing": DEPHASING}
    if name in families:
        return of_family(families[name])
    return of_words(allowed[name]) if name in allowed else runs if name == "initial_point" else None


def _member(family: str, incomplete: str) -> list[str]:
    """Names, and after `name:` the options; for code from outside only that of a file, because no module is imported here."""
    head, colon, rest = incomplete.partition(":")
    if head.endswith(".py"):
        function, colon, rest = rest.partition(":")
        head = f"{head}:{function}"
    elif not colon:
        matches = [name for name in _names(family) if name.startswith(incomplete)]
        has_options = incomplete in matches and _options(family, head)
        return [*matches, f"{incomplete}:"] if has_options else matches
    elif not catalog.knows(family, head):
        return []
    return [f"{head}:{text}" for text in _settings(_options(family, head), rest)] if colon else []


def _names(family: str) -> list[str]:
    """Built in, and offered by packages."""
    return [*catalog.names(family), *catalog.offered(family)]


def _options(family: str, head: str) -> dict[str, catalog.Option]:
    with suppress(HybridError, OSError):
        return _device_options(head) if family == "devices" else catalog.locate(family, head).options
    return {}


def _device_options(head: str) -> dict[str, catalog.Option]:
    from hybrid.device.device import Device

    open_options = Device.load(head).open_options
    words = {name: tuple(word.strip() for word in text.partition(";")[0].split("|")) for name, text in open_options.items()}
    return {
        name: catalog.Option(name, "str", None, choices=choices if len(choices) > 1 else ()) for name, choices in words.items()
    }


def _settings(options: dict[str, catalog.Option], text: str) -> Iterator[str]:
    """The last item of `key=value,key=val` completed. A single matching key comes with values too, because a shell puts a
    blank after a single answer."""
    done, comma, item = text.rpartition(",")
    key, equals, _ = item.partition("=")
    given = {setting.partition("=")[0] for setting in done.split(",")}
    fitting = [name for name in options if (name == key if equals else name.startswith(key)) and name not in given]
    values = _values(options[fitting[0]]) if len(fitting) == 1 else []
    keys = fitting if not equals and len(values) < 2 else []
    yield from (f"{done}{comma}{name}=" for name in keys)
    yield from (f"{done}{comma}{fitting[0]}={value}" for value in values)


def _values(option: catalog.Option) -> list[str]:
    if option.choices:
        values = list(option.choices)
    elif option.type == "bool":
        values = ["true", "false"]
    else:
        values = [] if option.default is None else [str(option.default)]
    return [*values, "none"] if option.optional else values
