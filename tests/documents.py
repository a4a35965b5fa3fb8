"""The pages' commands and snippets, run as a reader runs them: `test_guide.py` looks for the outputs shown, and
`refresh_documents.py` makes their numbers anew."""

import os
import re
import shlex
import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from conftest import captured, run_command, text_of
from readme import ROOT, Block

from hybrid.runs.executors import local

BIN = Path(sys.executable).parent
ELSEWHERE = {
    "hybrid check": ("test_check.py", '"hybrid", "check"'),
    "hybrid check --experiments": ("test_track_record.py", '"hybrid", "check", "--experiments"'),
    "hybrid bench mine examples/vqe_tfim10_meluxina.toml": ("test_bench_mine.py", '"bench", "mine", "mine.toml"'),
    "hybrid doctor": ("test_doctor.py", '"doctor"'),
    "hybrid run examples/vqe_h2.toml --max-evals 10": ("test_examples.py", '"vqe_h2.toml": ["--max-evals", "10"]'),
}
"""Command that takes long -> the test file that runs it, and what says so there."""
QUICK = {"bench run": ("--processes", "1")}
"""Verbs of a command -> an option that the page gives and which is at most this here, so that it is quick."""
NEVER = {"test": "it runs these tests"}
"""Named block -> why no test runs it."""
NUMBER = re.compile(r"\b(?=[a-f]*\d)[0-9a-f]{12,64}\b|[-+]?\d[\d,.]*(?:e[-+]?\d+)?(?: (?:us|ms|s|min|h)\b)?")
"""A digest or an id of a run; a number, with the unit of a time because that changes with its size."""

CIRCUIT = re.compile(r"^(?P<head>\| `(?P<name>\S+)` .* )(?P<fidelity>[\d.]+), (?P<us>[\d.]+) us \|$", re.MULTILINE)
"""A row of the table of example circuits."""
BOUND = {"ramsey.qasm": ("--bind", "phi=0.8")}
"""Example circuit with a free parameter -> the value with which it is shown."""


class Output(NamedTuple):
    """A block of output, the commands of the block right above it (none for Python), and what they printed."""

    block: Block
    commands: list[list[str]]
    printed: str


@contextmanager
def checkout(folder: Path) -> Iterator[None]:
    """In this folder, which looks like a checkout with no results yet; on one core, where repetitions start no process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(local, "cores", lambda: 1)
        patch.setenv("XDG_STATE_HOME", str(folder / "state"))
        for name in ("seeds", "examples"):
            (folder / name).symlink_to(ROOT / name)
        patch.chdir(folder)
        patch.setenv("NO_COLOR", "1")
        patch.setenv("PATH", f"{BIN}:{os.environ['PATH']}")
        yield


def commands(block: Block) -> list[list[str]]:
    """The words of every `hybrid` command of a block; of the one that sets up first, only what is run then."""
    lines = [shlex.split(line, comments=True) for line in block.text.replace("\\\n", " ").splitlines()]
    if block.name == "start":
        lines = [words[words.index(".venv/bin/hybrid") :] for words in lines]
    assert all(words[0].endswith("hybrid") for words in lines if words), block.where
    return [quick(words[1:]) for words in lines if words]


def quick(words: list[str]) -> list[str]:
    """The command with its option of QUICK made no larger than the value there."""
    option, most = QUICK.get(" ".join(words[:2]), ("", ""))
    if option in words:
        at = words.index(option) + 1
        return [*words[:at], min(words[at], most, key=int), *words[at + 1 :]]
    return words


def outputs(section: Iterable[Block]) -> Iterator[Output]:
    """Run a section's blocks in their order, in the current folder; what is shown right below one, and what it printed."""
    printed, asked = "", list[list[str]]()
    for block in section:
        if block.file:
            Path(block.file).write_text(block.text)
        elif block.kind == "sh" and block.name not in NEVER:
            asked = commands(block)
            printed = "".join(_printed(words, block) for words in asked)
        elif block.kind == "python":
            asked, printed = [], _printed_by(block)
        elif block.adjacent:
            yield Output(block, asked, printed)


def _printed(words: list[str], block: Block) -> str:
    if " ".join(["hybrid", *words]) in ELSEWHERE:
        return ""
    done = run_command(*words)
    assert done.code == 0, f"{block.where}: hybrid {shlex.join(words)}\n{done.err}"
    return done.out


def _printed_by(block: Block) -> str:
    with warnings.catch_warnings(), captured(block.where) as (out, _):
        warnings.simplefilter("default")
        exec(compile(block.text, block.where, "exec"), {"__name__": "__main__"})  # noqa: S102
    printed = text_of(out)
    assert printed, block.where
    return printed


def words_of(line: str) -> list[str]:
    """The words of a line without its numbers, which may be anything."""
    return re.findall(r"[^\W\d_]+", NUMBER.sub(" ", line))
