"""`hybrid check`: every number passes here, a wrong one is seen, nothing is left behind."""

import json
import math
import os
import subprocess
import sys

import pytest

from hybrid.cli import app
from hybrid.review import published_checks as check

FAST = tuple(c for c in check.CHECKS if c.name.startswith(("RY", "QAOA p=1, P", "depolarising")))


def leave(monkeypatch, *words: str) -> int:
    """The exit code of the command, run in this process."""
    monkeypatch.setattr(sys, "argv", ["hybrid", *words])
    monkeypatch.setattr(sys, "path", [*sys.path])
    try:
        app.main()
    except SystemExit as left:
        assert isinstance(left.code, int)
        return left.code
    return 0


@pytest.mark.slow
def test_every_number_passes_here(tmp_path):
    (tmp_path / "temporary").mkdir()
    (tmp_path / "here").mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "hybrid", "check", "--json"],
        cwd=tmp_path / "here",
        env=os.environ | {"TMPDIR": str(tmp_path / "temporary")},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert told["passed"] is True
    assert told["seconds"] < 60
    assert len(told["checks"]) == len(check.CHECKS) >= 12
    for row in told["checks"]:
        assert row["passed"], row
        assert abs(row["computed"] - row["published"]) <= row["tolerance"]
        assert row["source"]
        assert row["error"] is None
    assert not list((tmp_path / "here").iterdir())
    assert not list((tmp_path / "temporary").iterdir())


def test_the_names_are_short_and_differ():
    assert len({c.name for c in check.CHECKS}) == len(check.CHECKS)
    assert all(len(c.name) <= 44 for c in check.CHECKS)  # the column of the report


def test_the_report(monkeypatch, capsys):
    monkeypatch.setattr(check, "CHECKS", FAST)
    assert leave(monkeypatch, "check") == 0
    out, err = capsys.readouterr()
    assert err == ""
    lines = out.splitlines()
    assert max(map(len, lines)) <= 80
    assert "ok   QAOA p=1, Petersen graph, fixed angles         0.8655626087   0.8655630000" in lines
    assert "     within 1e-06; Wurtz & Lykov" in out
    assert lines[-1].startswith(f"{len(FAST)} of {len(FAST)} pass, in ")


@pytest.mark.parametrize("shift", [2.0, -2.0, math.nan])
def test_a_wrong_number_is_seen(monkeypatch, capsys, shift):
    """Two tolerances beside the published number; a number that is none at all."""
    wrong = [c._replace(published=c.published + shift * c.tolerance) if "Petersen" in c.name else c for c in FAST]
    monkeypatch.setattr(check, "CHECKS", tuple(wrong))
    assert leave(monkeypatch, "check") == 4
    out, err = capsys.readouterr()
    assert out.count("FAIL ") == 1
    assert "FAIL QAOA p=1, Petersen graph" in out
    assert err == f"hybrid: 1 of {len(FAST)} published numbers fail here: QAOA p=1, Petersen graph, fixed angles.\n"
    assert leave(monkeypatch, "check", "--json") == 4
    told = json.loads(capsys.readouterr().out)
    assert told["passed"] is False
    assert [row["passed"] for row in told["checks"]].count(False) == 1


def test_a_broken_computation_fails_its_row_alone(monkeypatch, capsys):
    def broken(folder):
        (folder / "left.txt").write_text("behind")
        raise RuntimeError("the simulator is away")

    monkeypatch.setattr(check, "CHECKS", (FAST[0]._replace(compute=broken), *FAST[1:]))
    assert leave(monkeypatch, "check") == 4
    out, _ = capsys.readouterr()
    assert "RuntimeError: the simulator is away" in out
    assert out.count("\nok ") == len(FAST) - 1
    assert max(map(len, out.splitlines())) <= 80
    assert leave(monkeypatch, "check", "--json") == 4
    row = json.loads(capsys.readouterr().out)["checks"][0]
    assert (row["passed"], row["computed"], row["error"]) == (False, None, "RuntimeError: the simulator is away")


def test_a_fault_in_the_code_is_seen(monkeypatch):
    """Readout errors that are not applied; angles twice as large, as the paper's convention would have them."""
    rows = {c.name: c for c in check.CHECKS}
    readout, petersen = rows["stand-in: <Z> as read out - law"], rows["QAOA p=1, Petersen graph, fixed angles"]
    monkeypatch.setattr("hybrid.device.readout.Readout.mix", lambda self, distributions: distributions)
    ((gamma,), beta) = check.FIXED_ANGLES[1]
    monkeypatch.setitem(check.FIXED_ANGLES, 1, ([2 * gamma], beta))
    assert [(outcome.passed, outcome.error) for outcome in check.outcomes([readout, petersen])] == [(False, ""), (False, "")]
