"""The flags of `hybrid rehearse` for evidence: a package is written, executed again, or compared with a machine."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hybrid.base.errors import CheckFailed, UsageError
from hybrid.base.uncertainty import with_uncertainty
from hybrid.cli.layout import emit, table, wrapped
from hybrid.cli.pictures import say
from hybrid.cli.progress import Display

if TYPE_CHECKING:
    from hybrid.rehearsal.package.archive import Written
    from hybrid.rehearsal.package.on_machine import MachineComparison
    from hybrid.rehearsal.package.verification import Verification
    from hybrid.rehearsal.rehearsal import Rehearsal

FLAGS: dict[str, tuple[Any, Any]] = {
    "package": (
        Annotated[
            Path | None,
            typer.Option(help="Write the evidence for an application into this new folder, and FOLDER.zip.", metavar="FOLDER"),
        ],
        None,
    ),
    "redact": (
        Annotated[bool, typer.Option("--redact", help="Leave problem data and names out of the package.")],
        False,
    ),
    "verify": (
        Annotated[
            Path | None,
            typer.Option(
                help="Execute a package again; with --backend qiskit:object=... run its circuits there.", metavar="FOLDER"
            ),
        ],
        None,
    ),
    "with_code": (
        Annotated[bool, typer.Option("--with-code", help="Of --verify: execute Python that the package brings.")],
        False,
    ),
}
"""Flags by name, with their defaults."""
MACHINE_FLAGS = ("backend", "shots", "seed")
"""Fields of the Spec that mean something beside --verify."""
SHOTS = 1000
"""Of every circuit on a machine where no number is given."""
NUMBER, FILE = 11, 16
"""Columns."""


def check(package: Path | None, redact: bool, quiet: bool) -> None:
    """UsageError, before anything is played, where no package can be written; a note where it will have no pictures."""
    if package is None:
        if redact:
            raise UsageError("--redact leaves things out of a package: name its folder with --package FOLDER.")
        return
    from importlib.util import find_spec

    from hybrid.rehearsal.package.archive import check_folder

    check_folder(package)
    if find_spec("matplotlib") is None:
        say("the package will have no pictures: matplotlib is missing. pip install 'hybrid-sandbox[plot]' brings it.", quiet)


def write(rehearsal: "Rehearsal", package: Path, results: Path, *, redact: bool, quiet: bool) -> "Written":
    """The package of a rehearsal, with a word on stderr while it is made."""
    with Display(sys.stderr, quiet=quiet) as display:
        display.work("writing the package")
        from hybrid.figures.rehearsal_package import write_package

        return write_package(rehearsal, package, results, redact=redact)


def written_text(written: "Written") -> str:
    """Where the package is."""
    rows = [
        ("package", f"{written.folder}, {written.files} files; begin with {written.folder / 'README.md'}"),
        ("archive", f"{written.archive}, sha256 {written.sha256}"),
        ("next", f"hybrid rehearse --verify {written.folder}"),
    ]
    return table(rows, 16)


def verify(folder: Path, words: list[str], flags: dict[str, Any], *, with_code: bool, as_json: bool, quiet: bool) -> None:
    """Execute a package again, or run its circuits on a machine, and print what holds; CheckFailed where something does not."""
    others = [f"--{name.replace('_', '-')}" for name in flags if name not in MACHINE_FLAGS]
    if words or others:
        named = ", ".join([*words, *others])
        raise UsageError(f"--verify takes everything from the package; leave {named} out.")
    if "backend" not in flags and flags:
        raise UsageError(
            "--shots and --seed go with --backend qiskit:object=...; without it the package is executed as it was."
        )
    from hybrid.rehearsal.package.archive import listed

    listed(folder)  # a folder without a package is refused before a second of imports
    if "backend" in flags:
        _on_machine(folder, flags["backend"], flags.get("shots", SHOTS), flags.get("seed", 0), as_json, quiet)
        return
    with Display(sys.stderr, quiet=quiet) as display:
        display.work("executing the package again")
        from hybrid.figures.rehearsal_package import verify_package

        verification = verify_package(folder, with_code=with_code, watch=display.work)
    emit(json.dumps(verification.to_json()) if as_json else _verified(verification))
    if verification.failed:
        raise CheckFailed(f"{folder}: {len(verification.failed)} findings do not hold.")


def _verified(verification: "Verification") -> str:
    lines = [wrapped(verification.sentence), ""]
    for one in verification.findings:
        state = {True: "ok", False: "FAIL", None: "-"}[one.holds]
        lines.append(wrapped(f"{one.what}: {one.words}", first=f"{state:5}", indent=5))
    return "\n".join(lines)


def _on_machine(folder: Path, backend: str, shots: int, seed: int, as_json: bool, quiet: bool) -> None:
    if shots < 1:
        raise UsageError(f"--shots must be at least 1 on a machine, not {shots}.")
    with Display(sys.stderr, quiet=quiet) as display:
        display.work("running the circuits of the package")
        from hybrid.rehearsal.package.on_machine import compare

        comparisons = compare(folder, backend, shots, seed)
    emit(json.dumps([one.to_json() for one in comparisons]) if as_json else "\n\n".join(_compared(one) for one in comparisons))
    if differing := sum(one.differing for one in comparisons):
        raise CheckFailed(f"{differing} circuits differ from the rehearsal.")


def _compared(comparison: "MachineComparison") -> str:
    about = f"Each circuit with {comparison.shots:,} shots, compared with {comparison.against}."
    names = ("machine", "rehearsed", "no noise", "p", "p (Holm)")
    lines = [wrapped(comparison.sentence), about, "", f"{'circuit':<{FILE}}{''.join(f'{name:>{NUMBER}}' for name in names)}"]
    for one in comparison.circuits:
        cells = (with_uncertainty(one.mean, one.stderr, 5), f"{one.rehearsed:.5f}", f"{one.noise_free:.5f}")
        cells += (f"{one.p:.2g}", f"{one.p_holm:.2g}")
        lines.append(f"{one.file:<{FILE}}{''.join(f'{cell:>{NUMBER}}' for cell in cells)}")
    return "\n".join(lines)
