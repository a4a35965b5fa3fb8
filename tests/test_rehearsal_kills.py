"""A rehearsal that is killed at random moments and started again prints the same bytes as one that nobody disturbed.

HYBRID_REHEARSAL_KILLS is the number of kills, 20 by default.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.slow
KILLS = int(os.environ.get("HYBRID_REHEARSAL_KILLS", "20"))
WORDS = [
    "rehearse",
    "h2",
    "--device",
    "VLQ",
    "--device",
    "meluxina-q",
    "--shots",
    "300",
    "--max-evals",
    "60",
    "--max-time",
    "25s",
    "--json",
]


def started(folder: Path) -> subprocess.Popen[bytes]:
    """The command in a folder of its own; what it says goes to a file there."""
    folder.mkdir(exist_ok=True)
    with (folder / "out").open("wb") as out, (folder / "err").open("ab") as err:
        line = [sys.executable, "-m", "hybrid", *WORDS]
        return subprocess.Popen(line, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True)


def test_the_same_bytes_after_kills(tmp_path):
    rng = np.random.default_rng(5)
    begun = time.monotonic()
    assert started(tmp_path / "calm").wait(600) == 0
    whole_s = time.monotonic() - begun  # sets how long to wait before a kill, and nothing else
    kills = 0
    while kills < KILLS:
        process = started(tmp_path / "disturbed")
        time.sleep(float(rng.uniform(0.05, 0.4)) * whole_s)
        if process.poll() is not None:  # it was through: from the start
            for path in (tmp_path / "disturbed" / "results").glob("*.jsonl"):
                path.unlink()
            continue
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(60)
        kills += 1
    assert started(tmp_path / "disturbed").wait(600) == 0, (tmp_path / "disturbed" / "err").read_text()
    assert (tmp_path / "disturbed" / "out").read_bytes() == (tmp_path / "calm" / "out").read_bytes()
