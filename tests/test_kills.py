"""kill -9 at random times: of parents alone, of workers alone, of whole groups. Nothing works on, nothing is locked, and the
same command, given until it ends, gives the digests of runs that nobody disturbed.

HYBRID_KILLS is the number of kills in all, 200 by default.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from hybrid.base.errors import Stopped
from hybrid.bench import rows
from hybrid.runs.record import Record

pytestmark = pytest.mark.slow
KILLS = int(os.environ.get("HYBRID_KILLS", "200"))
GONE_SECONDS = 10.0
NOISY = ["run", "h2", "--device", "meluxina-q", "--realizations", "4", "--shots", "40", "--max-evals", "600", "--force"]
FAKES = Path(__file__).parent / "bench_fakes.py"
FOREIGN = "qiskit:object=qiskit_aer:AerSimulator"


class Attacked(NamedTuple):
    """A command, whom it is attacked by, and its share of all kills."""

    name: str
    words: list[str]
    victims: tuple[str, ...]
    share: float


COMMANDS = (
    Attacked("exact", [*NOISY, "--backend", "exact", "--seed", "3"], ("parent",), 0.25),
    Attacked("checked by aer", [*NOISY, "--max-evals", "300", "--seed", "4"], ("group",), 0.15),
    Attacked("foreign", ["run", "h2", "--backend", FOREIGN, "--shots", "60", "--max-iterations", "8"], ("parent",), 0.15),
    Attacked("repeat", [*NOISY, "--backend", "exact", "--repeat", "3"], ("parent", "worker", "group"), 0.25),
    Attacked(
        "bench",
        ["bench", "run", "--workload", f"{FAKES}:plain", "--backend", f"{FAKES}:fake:delay_s=0.05"]
        + ["--processes", "4", "--retry", "--out", "r.jsonl"],
        ("parent", "worker", "group"),
        0.2,
    ),
)


def started(folder: Path, words: list[str]) -> subprocess.Popen[bytes]:
    line = [sys.executable, "-m", "hybrid", *_once_each(words)]
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(line, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)


def _once_each(words: list[str]) -> list[str]:
    """The last of a flag that is given twice."""
    if words.count("--max-evals") < 2:
        return words
    first = words.index("--max-evals")
    return words[:first] + words[first + 2 :]


def ended(process: subprocess.Popen[bytes], seconds: float) -> int:
    """Its exit code; one that hangs is killed with its group, and fails the test."""
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise


def family(leader: int) -> list[int]:
    """Processes of its session, and their descendants in sessions of their own, without the leader."""
    parents: dict[int, tuple[int, int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError):
            state, parent, _, session, *_ = path.read_text().rpartition(")")[2].split()
            if state != "Z":
                parents[int(path.parent.name)] = int(parent), int(session)
    members = {leader} | {pid for pid, (_, session) in parents.items() if session == leader}
    while more := {pid for pid, (parent, _) in parents.items() if parent in members} - members:
        members |= more
    return sorted(members & parents.keys() - {leader})


def working_in(folder: Path) -> list[int]:
    """Every process whose working folder this is."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cwd"):
        with suppress(OSError):
            if path.readlink() == folder:
                found.append(int(path.parent.name))
    return found


def attack(process: subprocess.Popen[bytes], victim: str) -> bool:
    """Kill; whether there was somebody to kill."""
    if process.poll() is not None:
        return False
    others = family(process.pid)
    if victim == "worker":
        if not others:
            return False
        with suppress(ProcessLookupError):
            os.kill(others[-1], signal.SIGKILL)
        return True
    if victim == "group":
        os.killpg(process.pid, signal.SIGKILL)
    os.kill(process.pid, signal.SIGKILL)
    return True


def outcome(folder: Path) -> object:
    """What must not depend on kills: digests of records; of a benchmark, how many processes of each cell were right."""
    digests = sorted(json.loads(path.read_text().splitlines()[-1])["body"]["digest"] for path in folder.glob("results/*.jsonl"))
    if digests:
        return digests
    return Counter(row["cell_id"] for row in rows.read(folder / "r.jsonl") if row["status"] == "ok")


@pytest.mark.parametrize("one", COMMANDS, ids=[one.name for one in COMMANDS])
def test_random_kills(one, tmp_path, capsys):
    rng, kills, rounds = np.random.default_rng(len(one.name)), Counter[str](), 0
    (tmp_path / "whole").mkdir()
    begun = time.monotonic()
    assert ended(started(tmp_path / "whole", one.words), 300) == 0, (tmp_path / "whole" / "log").read_text()
    took, expected = time.monotonic() - begun, outcome(tmp_path / "whole")
    while sum(kills.values()) < KILLS * one.share:
        folder = tmp_path / str(rounds)
        folder.mkdir()
        for victim in rng.choice(one.victims, 6).tolist():
            process = started(folder, one.words)
            time.sleep(rng.uniform(0.3, 0.9) * took)
            kills[victim] += attack(process, victim)
            code = ended(process, 120)
            allowed = (0, -signal.SIGKILL, 75) if victim == "worker" else (0, -signal.SIGKILL)
            assert code in allowed, (folder / "log").read_text()
            end = time.monotonic() + GONE_SECONDS
            while (left := working_in(folder)) and time.monotonic() < end:
                time.sleep(0.05)
            assert not left, (victim, [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in left])
        for path in folder.glob("results/*.jsonl"):
            try:
                Record(path).close()
            except Stopped:
                pytest.fail(f"{path} is locked by nobody")
        process = started(folder, one.words)
        assert ended(process, 300) == 0, (folder / "log").read_text()
        assert outcome(folder) == expected
        assert "This is a bug" not in (folder / "log").read_text()
        rounds += 1
    with capsys.disabled():
        print(f"\n{one.name}: {sum(kills.values())} kills {dict(kills)}, {rounds} runs, all as undisturbed")
