"""A package executed again: its files, its records measured once more, its rehearsal, and every text made from them.

Each finding says of one thing whether it holds. A package whose problem was left out has no records: what can be checked then
is that no file was changed, and that its texts, its bill and its form follow from its numbers.
"""

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, final

from hybrid.base.errors import HybridError, Interrupted, RecordError, Stopped, UsageError
from hybrid.base.json_lines import load
from hybrid.rehearsal.package import archive, kept_records, redaction
from hybrid.rehearsal.package.circuits import circuits
from hybrid.rehearsal.package.contents import REHEARSAL, Draw, ids, rendered
from hybrid.rehearsal.package.stored import rehearsal_of
from hybrid.rehearsal.rehearsal import Played, Rehearsal
from hybrid.review.replay import repeat
from hybrid.runs.results_folder import read

HOLDS = ("identical", "last digits")
"""Verdicts of a repeated record with which its numbers hold."""
CODE = (".py", ".pyc", ".pyd", ".so")
"""Suffixes of what Python imports."""
Again = Callable[[Rehearsal, Path], Rehearsal]
"""Makes the rehearsal again from the records in a folder."""


class PackageFinding(NamedTuple):
    """One thing of a package, whether it holds (None: cannot be said here), and in words how or why not."""

    what: str
    holds: bool | None
    words: str


@final
@dataclass(frozen=True)
class Verification:
    """Every finding of a package."""

    folder: str
    findings: tuple[PackageFinding, ...]

    @property
    def failed(self) -> tuple[PackageFinding, ...]:
        """What does not hold."""
        return tuple(one for one in self.findings if one.holds is False)

    @property
    def sentence(self) -> str:
        """The outcome in one sentence."""
        checked = sum(one.holds is not None for one in self.findings)
        if not self.failed:
            return f"The package holds: {checked} of {checked} findings."
        names = ", ".join(one.what for one in self.failed[:4]) + (", ..." if len(self.failed) > 4 else "")
        return f"The package does not hold: {len(self.failed)} of {checked} findings fail ({names})."

    def to_json(self) -> dict[str, Any]:
        """As one JSON object."""
        findings = [one._asdict() for one in self.findings]
        return {"sentence": self.sentence, "holds": not self.failed, "folder": self.folder, "findings": findings}


def verify(folder: Path, draw: Draw, again: Again, watch: Callable[[str], None] = lambda text: None) -> Verification:
    """Execute a package again. UsageError for a folder that holds none, RecordError where its numbers cannot be read."""
    listed = archive.listed(folder)
    files = archive.held(folder)
    findings = [*_unchanged(files, listed)]
    rehearsal = _rehearsal(folder, files)
    with contextlib.chdir(folder):
        if rehearsal.title == redaction.TITLE:
            findings.append(PackageFinding("records", None, "left out on request: only their owner can measure them again"))
        else:
            findings += _measured_again(rehearsal, watch)
            watch("rehearsing again from the records")
            findings.append(_rehearsed_again(rehearsal, again))
        watch("making every text again")
        findings += _made_again(rehearsal, files, draw)
    return Verification(str(folder), tuple(findings))


def check_no_code(folder: Path) -> None:
    """UsageError for a package with Python of its own: an ansatz from a file, say, is imported where a record is measured."""
    code = sorted(str(path) for path in folder.rglob("*") if path.suffix.lower() in CODE)
    if code:
        raise UsageError(f"{code[0]}: this package brings code, which is executed to verify it. Read it, then add --with-code.")


def _rehearsal(folder: Path, files: dict[str, bytes]) -> Rehearsal:
    if REHEARSAL not in files:
        raise RecordError(f"{folder / REHEARSAL}: is missing; without it nothing can be executed again.")
    try:
        return rehearsal_of(load(files[REHEARSAL]))
    except (ValueError, RecursionError, RecordError) as error:
        raise RecordError(f"{folder / REHEARSAL}: cannot be read ({error}).") from None


def _unchanged(files: dict[str, bytes], listed: dict[str, str]) -> Iterator[PackageFinding]:
    """One finding for all files, or one for each that was changed, is missing or was added."""
    wrong = {name: "is missing" for name in listed if name not in files}
    wrong |= {name: "was added since" for name in files if name not in listed}
    for name in files.keys() & listed.keys():
        if hashlib.sha256(files[name]).hexdigest() != listed[name]:
            wrong[name] = f"was changed since: its checksum is not that of {archive.CHECKSUMS}"
    if not wrong:
        yield PackageFinding("files", True, f"all {len(listed)} are as they were written")
    yield from (PackageFinding(name, False, words) for name, words in sorted(wrong.items()))


def _measured_again(rehearsal: Rehearsal, watch: Callable[[str], None]) -> Iterator[PackageFinding]:
    """Every record measured once more, and the numbers of the rehearsal beside those of its record."""
    named: dict[str, list[Played]] = {}
    for run in _runs(rehearsal):
        named.setdefault(run.id, []).append(run)
    every = ids(rehearsal)
    for number, id_ in enumerate(every, start=1):
        what = f"{kept_records.FOLDER}/{id_}.jsonl"
        watch(f"measuring record {number} of {len(every)} again")
        try:
            result, repeated = read(Path(what)).result, repeat(Path(what))
        except (Interrupted, Stopped):
            raise
        except (HybridError, OSError) as error:
            yield PackageFinding(what, False, str(error))
            continue
        holds = repeated.verdict in HOLDS
        words = f"{repeated.verdict}: {repeated.answers} answers measured again"
        if repeated.first is not None and not holds:
            first = repeated.first
            words += (
                f"; first difference in answer {first.n}, {first.quantity}: {first.recorded} recorded, {first.measured} now"
            )
        yield PackageFinding(what, holds, words)
        for run in named.get(id_, ()):
            there = None if result is None else (result.value, result.stderr, result.digest)
            if there != (run.value, run.stderr, run.digest):
                yield PackageFinding(f"{run.step} on {run.device}", False, f"{REHEARSAL} has {run.value}, its record {there}")


def _runs(rehearsal: Rehearsal) -> list[Played]:
    runs = [run for verdict in rehearsal.devices for run in verdict.runs]
    return runs if rehearsal.noiseless is None else [rehearsal.noiseless, *runs]


def _rehearsed_again(rehearsal: Rehearsal, again: Again) -> PackageFinding:
    """The rehearsal made anew from the records: every number of the verdict."""
    try:
        now = again(rehearsal, Path(kept_records.FOLDER))
    except (Interrupted, Stopped):
        raise
    except HybridError as error:
        return PackageFinding("verdict", False, f"cannot be made again: {error}")
    then, today = (json.loads(json.dumps(one.to_json())) for one in (rehearsal, now))
    changed = [*_differences("", then, today)]
    if not changed:
        return PackageFinding("verdict", True, f"the rehearsal made again from the records is the same: {rehearsal.sentence}")
    more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
    return PackageFinding("verdict", False, f"{changed[0]}{more}")


def _differences(at: str, then: Any, now: Any) -> Iterator[str]:
    """Every place where two JSON values differ, in words."""
    if isinstance(then, dict) and isinstance(now, dict):
        for key in then.keys() | now.keys():
            yield from _differences(f"{at}.{key}".lstrip("."), then.get(key), now.get(key))
    elif isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        for number, pair in enumerate(zip(then, now, strict=True)):
            yield from _differences(f"{at}[{number}]", *pair)
    elif then != now:
        yield f"{at} is {then} in the package, {now} made again"


def _made_again(rehearsal: Rehearsal, files: dict[str, bytes], draw: Draw) -> Iterator[PackageFinding]:
    """Circuits, texts, bill, form and pictures made anew from the numbers, each beside the file that is there."""
    left_out: dict[str, str] = {}
    made: dict[str, bytes] = {}
    if rehearsal.title != redaction.TITLE:
        try:
            exported = circuits(rehearsal, Path(kept_records.FOLDER))
        except HybridError as error:
            yield PackageFinding("circuits", False, f"cannot be made again: {error}")
        else:
            made, left_out = exported.files, exported.left_out
    given = {name: content for name, content in files.items() if name.startswith(("records/", "inputs/", "circuits/"))}
    made = made | rendered(rehearsal, given, left_out, draw)
    for name in sorted(made):
        if files.get(name) != made[name]:
            yield PackageFinding(name, False, "is not what follows from the numbers today")
    same = sum(files.get(name) == content for name, content in made.items())
    yield PackageFinding(
        "texts, bill, form, circuits and pictures", same == len(made), f"{same} of {len(made)} made again are the same"
    )
