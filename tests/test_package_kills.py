"""kill -9 at random moments of a rehearsal with its package: the same command again gives the same package, byte for byte.

HYBRID_PACKAGE_KILLS is the number of kills, 20 by default.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from hybrid.rehearsal.package.archive import TIMES

pytestmark = pytest.mark.slow
KILLS = int(os.environ.get("HYBRID_PACKAGE_KILLS", "20"))
WORDS = [
    "rehearse",
    "h2",
    "--shots",
    "100",
    "--max-evals",
    "8",
    "--device",
    "VLQ",
    "--max-time",
    "20s",
    "--package",
    "evidence",
]


def begin(folder):
    folder.mkdir(exist_ok=True)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen([sys.executable, "-m", "hybrid", *WORDS, "--quiet"], cwd=folder, **quiet)


def bytes_of(folder):
    """Every file but the times, and the archive; nothing unfinished is left beside them."""
    assert sorted(path.name for path in folder.iterdir()) == ["evidence", "evidence.zip", "results"]
    files = {path.relative_to(folder): path.read_bytes() for path in (folder / "evidence").rglob("*") if path.is_file()}
    assert Path("evidence", TIMES) in files
    return {name: content for name, content in files.items() if name.name != TIMES} | {
        "archive": (folder / "evidence.zip").read_bytes()
    }


def test_killed_at_random_moments(tmp_path, capsys):
    began = time.monotonic()
    assert begin(tmp_path / "undisturbed").wait() == 0
    whole_s, expected = time.monotonic() - began, bytes_of(tmp_path / "undisturbed")
    rng, kills, finished, number = np.random.default_rng(1), 0, 0, 0
    while kills < KILLS:
        folder = tmp_path / f"disturbed{number}"
        process = begin(folder)
        try:
            process.wait(timeout=rng.uniform(0.1, 1.0) * whole_s)
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            kills += 1
            continue
        assert process.returncode == 0 and bytes_of(folder) == expected
        finished, number = finished + 1, number + 1
    assert begin(tmp_path / f"disturbed{number}").wait() == 0
    assert bytes_of(tmp_path / f"disturbed{number}") == expected
    with capsys.disabled():
        print(f"\n{kills} kills, {finished + 1} packages of {len(expected) - 1} files, each in {whole_s:.0f} s")
