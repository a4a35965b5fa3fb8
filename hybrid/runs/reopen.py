"""Reopens a recorded run: finds its record, and reads its inputs again from the folder where it was started."""

import contextlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hybrid import catalog
from hybrid.base.errors import RecordError, UsageError
from hybrid.base.files import check_file, looks_like_path
from hybrid.runs import record
from hybrid.runs.results_folder import Run
from hybrid.runs.spec import FIRST_DEFAULTS, FIRST_RULES, Spec


def find(results: Path, run: str | Path) -> Path:
    """The record named by `latest`, an id, the start of an id or a path; UsageError where there is none, or several."""
    if isinstance(run, str) and not run.endswith(".jsonl"):
        return record.find(results, run)
    check_file(Path(run))
    return Path(run)


def at_home(text: str) -> str:
    """A member or device with the absolute path of its file, as it will be read from another folder."""
    head, colon, rest = text.partition(":")
    return f"{Path(head).resolve()}{colon}{rest}" if looks_like_path(head) and Path(head).exists() else text


@contextlib.contextmanager
def as_given(run: Run) -> Iterator[dict[str, Any]]:
    """Every input of a run as it was written or left to its first default.

    The working folder is the run's, or else this one, if the files are unchanged. RecordError names the file that
    changed or is missing.
    """
    given, path, rules = FIRST_DEFAULTS | run.about["given"], run.path, run.start.get("rules", FIRST_RULES)
    wrong: list[str] = []
    for folder in dict.fromkeys((Path(run.about["folder"]), Path.cwd())):
        if not folder.is_dir():
            continue
        with contextlib.chdir(folder), _importing_from(folder):
            catalog.signature.cache_clear()  # it goes by name, and another folder's file may have the same
            try:
                spec = Spec(**given)
                problem = "" if spec.id_under(rules) == run.start["id"] else _changed(run, spec)
            except UsageError as error:
                problem = f"{str(error).rstrip('.')}{_of_packages(run)}"
            try:
                if not problem:
                    yield given
                    return
            finally:
                catalog.signature.cache_clear()
            wrong.append(f"in {folder}: {problem.rstrip('.')}")
    raise RecordError(f"{path}:1: cannot be measured again: its inputs are not what they were. {'; '.join(wrong)}.")


@contextlib.contextmanager
def _importing_from(folder: Path) -> Iterator[None]:
    """Outside members are imported from the folder of the run after everything else, as `hybrid run` does."""
    sys.path.append(str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))


def _changed(run: Run, spec: Spec) -> str:
    then, now = (
        dict(re.findall(r"([^,=:\n]+)#([0-9a-f]{16})", "\n".join(str(value) for value in fields.values())))
        for fields in (run.resolved, spec.canonical())
    )
    files = [
        f"{name} changed (sha256 {then[name]} then, {now[name]} now)"
        for name in then
        if now.get(name, then[name]) != then[name]
    ]
    other = {name.partition("@")[0]: name for name in now if "@" in name}
    files += [
        f"{name} was recorded, {other[name.partition('@')[0]]} is installed"
        for name in then
        if name not in now and name.partition("@")[0] in other
    ]
    return ", ".join(files) or f"the same inputs are run {spec.id} today"


def _of_packages(run: Run) -> str:
    """The recorded members of other packages, each with the package and its version; empty where there are none."""
    text = "\n".join(str(value) for value in run.resolved.values())
    labels = dict.fromkeys(re.findall(r"([a-z][\w-]*@[^,=:\n#]+)#[0-9a-f]{16}", text))
    return f"; recorded with {', '.join(labels)}" if labels else ""
