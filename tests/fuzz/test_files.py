"""Damaged files of every kind: read, or refused in words; no traceback, no hang, no large memory, nothing read wrongly.

HYBRID_FUZZ is the number of damaged files, 10,000 by default.
"""

import os
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from limits import check_ended, limited, timed
from mutations import damaged
from readers import NotCompared
from samples import KINDS, Kind

from hybrid.base.errors import HybridError
from hybrid.base.files import looks_like_path

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore"), pytest.mark.usefixtures(limited.__name__)]
TOTAL = int(os.environ.get("HYBRID_FUZZ", "10000"))
BY_COMMAND = 25
"""One in so many goes through the command line too."""


def read(kind: Kind, path: Path) -> tuple[str, Any]:
    """How it ended, and what was read; anything but an error in words goes through."""
    with timed():
        try:
            return "read", kind.read(path)
        except HybridError as error:
            assert str(error).strip(), kind.name
            return type(error).__name__, None


def check_command(kind: Kind, path: Path, command: Any) -> None:
    """The command ends with a documented exit code, in words; its JSON is JSON."""
    if not kind.words or not looks_like_path(path.name):
        return
    with timed():
        done = command(*(word.format(path) for word in kind.words))
    check_ended(done, as_json="--json" in kind.words)


def compared(kind: Kind, path: Path, found: Any) -> str:
    """AssertionError where the second reader reads something else."""
    try:
        kind.agree(path, found)
    except NotCompared:
        return "read, not compared"
    return "read twice"


@pytest.mark.parametrize("kind", KINDS, ids=[kind.name for kind in KINDS])
def test_damaged_files(kind, tmp_path, command, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ended: Counter[str] = Counter()
    wrong: list[str] = []
    count = -(-TOTAL * kind.weight // sum(one.weight for one in KINDS))
    for i in range(count):
        rng = np.random.default_rng([i, KINDS.index(kind)])
        path = tmp_path / kind.name
        path.write_bytes(damaged(kind.contents[i % len(kind.contents)], rng))
        try:
            how, found = read(kind, path)
            if how == "read":
                how = compared(kind, path, found)
            if i % BY_COMMAND == 0:
                check_command(kind, path, command)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            where = traceback.extract_tb(error.__traceback__)[-1]
            wrong.append(f"number {i}: {type(error).__name__}: {error} ({where.filename}:{where.lineno})"[:1500])
            how = "WRONG"
        ended[how] += 1
    with capsys.disabled():
        print(f"\n{kind.name}: {count} damaged files, {dict(ended)}")
    assert not wrong, "\n".join(wrong)
    assert ended["read twice"] < count


ANYTHING = st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace"))


@settings(max_examples=300)
@given(kind=st.sampled_from(KINDS), content=ANYTHING)
def test_any_bytes(kind, content, tmp_path_factory):
    folder = tmp_path_factory.getbasetemp() / "any"
    folder.mkdir(exist_ok=True)
    path = folder / kind.name
    path.write_bytes(content)
    read(kind, path)


@pytest.mark.parametrize("kind", KINDS, ids=[kind.name for kind in KINDS])
def test_undamaged_files_are_read(kind, tmp_path, command):
    """Or the damaged ones would show nothing."""
    for content in kind.contents:
        path = tmp_path / kind.name
        path.write_bytes(content)
        how, found = read(kind, path)
        assert how == "read" and compared(kind, path, found) == "read twice"
