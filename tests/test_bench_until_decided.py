"""Undecided cells are measured further, by a rule that errs no more often; whoever reads the file applies the same rule."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from bench_fakes import Fake
from bench_rows import cell
from probes import probed_once
from scipy import stats

from hybrid.base.errors import RecordError
from hybrid.bench import rows as row_files
from hybrid.bench.cells import grid
from hybrid.bench.compare import of_backends
from hybrid.bench.contests import contests
from hybrid.bench.harness import Harness, ProcessLimits, ProcessOutcome
from hybrid.bench.job import encode_answer
from hybrid.bench.looks import LOOKS, PARTS, seen
from hybrid.bench.rows import with_checksum
from hybrid.bench.statistics import ALPHA
from hybrid.bench.summary import compared, figures
from hybrid.bench.until_decided import run_until_decided, undecided
from hybrid.cli.bench_brief import brief
from hybrid.cli.bench_text import shown

pytestmark = pytest.mark.usefixtures(probed_once.__name__)
HERE = Path(__file__).parent / "bench_fakes.py"
BENCH = Harness(ProcessLimits(120.0, 2**30))
CLOSE, LEVEL = (f"{HERE}:plain:n={n}" for n in (2, 3))


class Killed(BaseException):
    """What nobody catches."""


@pytest.fixture
def drawn(monkeypatch):
    """Processes that are never started: honest answers, and seconds drawn by cell and by the number of the process.

    On CLOSE the second backend takes 12 % longer at 8 % scatter, on LEVEL it is as fast at 0.5 % (a tie that no number of
    processes breaks); the third is five times slower on both. `drawn.stop` kills the run at that process.
    """

    class Drawn:
        stop: int | None = None
        count = 0
        numbers = Counter[str]()

    def measure(self, cell, *, repeat=True):
        if Drawn.count == Drawn.stop:
            raise Killed
        Drawn.count += 1
        backend = int(cell.backend.options.get("hold_mb", 0))
        close = cell.plain["workload"].endswith("n=2")
        number = Drawn.numbers[cell.id] = Drawn.numbers[cell.id] + 1
        rng = np.random.default_rng([number, backend, close])
        factor = (1.0, 1.12 if close else 1.0, 5.0)[backend]
        seconds = 0.01 * factor * float(np.exp((0.08 if close else 0.005) * rng.standard_normal()))
        phases = {"first_s": seconds, "repeats_s": [seconds], "loops": 1, "cores_used": 1.0}
        answer = encode_answer(Fake("honest", 0.0, 0).answer(cell.task.built.job))
        report = {"phase": "done", "phases": phases, "memory": {}, "answers": [answer]}
        return ProcessOutcome("ok", "", report, 0.1)

    monkeypatch.setattr(Harness, "measure", measure)
    return Drawn


def three_of_two():
    return grid([f"{HERE}:plain:n=2,3"], [f"{HERE}:fake:hold_mb={mb}" for mb in (0, 1, 2)])


def counted(rows):
    """Processes by width and backend."""
    return Counter((row["cell"]["n_qubits"], row["cell"]["backend"].rpartition("=")[2][-1:]) for row in rows)


def outcomes(rows):
    return {contest.asked.cell["n_qubits"]: contest.outcome for contest in contests(figures(rows), None)}


def test_only_what_is_undecided_is_measured_further(drawn, tmp_path):
    """The slow one and the tie that cannot be broken stay at nine; the close pair goes on until a look decides it."""
    notes = []
    rows = run_until_decided(three_of_two(), tmp_path / "r.jsonl", BENCH, note=notes.append)
    found = sorted(counted(rows).values())
    assert found[:4] == [9] * 4 and found[4] == found[5] and found[5] in LOOKS[1:]
    assert outcomes(rows) == {2: "won", 3: "undecided"}
    assert notes[0] == "2 cells are undecided after 9 processes: measuring 18"
    assert outcomes(_first(rows, 9))[2] == "undecided"
    assert all(row["looks"] == list(LOOKS) for row in rows) and len({row["session"] for row in rows}) == 1


def _first(rows, count):
    """So many processes of each cell."""
    ids = {row["cell_id"] for row in rows}
    return [row for one in ids for row in [row for row in rows if row["cell_id"] == one][:count]]


@pytest.mark.parametrize("stop", [20, 60])
def test_killed_and_continued_it_ends_the_same(drawn, tmp_path, stop):
    """Killed in the first look and in a later one; then no byte changes, and a merged file says the same."""
    whole = run_until_decided(three_of_two(), tmp_path / "whole.jsonl", BENCH)
    drawn.count, drawn.stop = 0, stop
    drawn.numbers.clear()
    path = tmp_path / "r.jsonl"
    with pytest.raises(Killed):
        run_until_decided(three_of_two(), path, BENCH)
    before = path.read_bytes()
    drawn.stop = None
    rows = run_until_decided(three_of_two(), path, BENCH)
    after = path.read_bytes()
    assert after.startswith(before) and len(before) < len(after)
    assert run_until_decided(three_of_two(), path, BENCH) == rows and path.read_bytes() == after
    assert counted(rows) == counted(whole) and outcomes(rows) == outcomes(whole)
    row_files.merge([path, tmp_path / "r.jsonl"], tmp_path / "merged.jsonl")
    assert brief(figures(row_files.read(tmp_path / "merged.jsonl")), None) == brief(figures(rows), None)


def test_a_file_begun_without_it_is_continued(drawn, tmp_path):
    from hybrid.bench.run import run

    path = tmp_path / "r.jsonl"
    plain = run(three_of_two(), path, BENCH, processes=9)
    assert not any("looks" in row for row in plain) and outcomes(plain)[2] == "undecided"
    assert len(undecided(plain, {one.id for one in three_of_two()}, 9)) == 2
    rows = run_until_decided(three_of_two(), path, BENCH)
    assert rows[: len(plain)] == plain and outcomes(rows)[2] == "won"
    assert all("looks" in row for row in rows[len(plain) :])


# ---- the rule, as whoever reads the file applies it


def with_looks(rows):
    return [with_checksum({k: v for k, v in row.items() if k != "sum"} | {"looks": list(LOOKS)}) for row in rows]


@pytest.mark.parametrize(
    ("counts", "used", "part"), [((9, 9), 9, 0.8), ((13, 27), 9, 0.8), ((18, 30), 18, 0.1), ((30, 40), 27, 0.1)]
)
def test_two_are_compared_at_the_last_look_they_share(counts, used, part):
    a, b = (list(range(count)) for count in counts)
    assert seen(a, b, looks=True) == (a[:used], b[:used], part)
    assert seen(a, b, looks=False) == (a, b, 1.0)


def test_the_parts_are_all_of_the_error():
    assert sum(PARTS) == pytest.approx(1) and len(PARTS) == len(LOOKS)


def test_before_the_first_look_there_is_no_verdict():
    rows = with_looks(cell("ghz:n=4", "a", processes=8) + cell("ghz:n=4", "b", processes=8, seconds=9.0))
    assert [contest.outcome for contest in contests(figures(rows), None)] == ["too few"]


def test_a_p_that_would_do_for_one_look_may_not_do_for_three():
    """Of 18 processes p must be below 0.001 at the second look; here it is 0.0071 (SciPy)."""
    base = [1.0 + 0.1 * k for k in range(18)]
    new = [one + 0.58 for one in base]
    (one,), (three,) = (compared([seen(base, new, looks=looks)]) for looks in (False, True))
    expected = stats.mannwhitneyu(base, new, method="exact").pvalue
    assert one.p == three.p == pytest.approx(expected) and 0.1 * ALPHA < expected < ALPHA
    assert (one.word, three.word) == ("slower", "same")
    assert three.p_holm == pytest.approx(10 * expected)


def test_tables_say_how_many_looks_there_were():
    rows = cell("ghz:n=4", "a", processes=18) + cell("ghz:n=4", "b", processes=18, seconds=2e-3)
    for write in (brief, shown):
        once, thrice = (" ".join(write(figures(some), None).split()) for some in (rows, with_looks(rows)))
        assert "p < 0.01 after Holm" in once and "p after Holm below" not in once
        assert "p after Holm below 0.008 at 9, 0.001 at 18, 0.001 at 27 processes, 0.01 in all" in thrice


def test_two_backends_of_a_file_are_compared_by_the_same_rule():
    """Of 14 processes nine are used."""
    rows = cell("ghz:n=4", "a", processes=14) + cell("ghz:n=4", "b", processes=14, seconds=1.3e-3)
    (plain,), (looked,) = (of_backends(some, "a", "b").compared for some in (rows, with_looks(rows)))
    assert plain.verdict.p < looked.verdict.p and looked.verdict.word == "slower"


def test_other_looks_than_these_are_refused(tmp_path):
    (row,) = cell("ghz:n=4", "a", processes=1)
    bad = with_checksum({k: v for k, v in row.items() if k != "sum"} | {"looks": [3, 4]})
    path = tmp_path / "r.jsonl"
    path.write_text(row_files.json_lines.dump(bad) + "\n")
    with pytest.raises(RecordError, match=r"r.jsonl:1: .*'looks' is \[3, 4\], not \[9, 18, 27\]"):
        row_files.read(path)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--suite", "s@1", "--processes", "9"), "--until-decided and --processes contradict each other"),
        (("--suite", "grid@1"), "grid@1 asks nothing of the kind"),
    ],
)
def test_what_it_does_not_go_with(words, message, command):
    done = command("bench", "run", *words, "--until-decided", "--out", "r.jsonl")
    assert done.code == 2 and message in done.err


def test_the_command(drawn, command, tmp_path, monkeypatch):
    """What a run takes is said before, what it left undecided and how to go on after it; then the same with the flag."""
    monkeypatch.chdir(tmp_path)
    words = ["bench", "run", "--workload", CLOSE, "--out", "r.jsonl"]
    words += [word for mb in (0, 1) for word in ("--backend", f"{HERE}:fake:hold_mb={mb}")]
    assert "2 cells are in questions left undecided: --until-decided measures them further" in command(*words).err
    done = command(*words, "--until-decided")
    assert "9 processes a cell take about" in done.err and "undecided after 9 processes: measuring 18" in done.err
    assert "wins:" in done.out
