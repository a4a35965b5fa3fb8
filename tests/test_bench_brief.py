"""Who wins, in few lines: what is beyond doubt is told as such, and nothing else is; it can be pasted."""

from bench_rows import cell, everything, row, write

from hybrid.bench import naming
from hybrid.bench.contests import contests
from hybrid.bench.summary import figures
from hybrid.bench.units import multiple
from hybrid.cli.bench_brief import brief
from hybrid.cli.bench_text import shown


def outcomes(rows, floor=None):
    return {contest.asked.cell["workload"]: contest.outcome for contest in contests(figures(rows), floor)}


def test_every_way_to_end():
    rows = cell("won:n=4", "a") + cell("won:n=4", "b", seconds=2e-3) + cell("won:n=4", "liar", seconds=1e-6, status="wrong")
    rows += cell("level:n=4", "a") + cell("level:n=4", "b", seconds=1.01e-3)
    rows += cell("alone:n=4", "a") + cell("alone:n=4", "mute", seconds=1e-6, right=None)
    rows += cell("none:n=4", "liar", status="wrong") + cell("none:n=4", "late", status="timeout")
    assert outcomes(rows) == {"won:n=4": "won", "level:n=4": "undecided", "alone:n=4": "alone", "none:n=4": "nobody"}
    (won,) = [contest for contest in contests(figures(rows), None) if contest.winner]
    assert won.winner is won.ranked[0] and won.winner.cell["backend"] == "a"
    assert won.margin(won.ranked[1])[0] == 2.0
    assert [figure.state for figure in won.rest] == ["wrong"]


def test_a_noisy_machine_decides_nothing():
    rows = cell("ghz:n=4", "a") + cell("ghz:n=4", "b", seconds=1.3e-3)
    assert outcomes(rows) == {"ghz:n=4": "won"}
    assert outcomes(rows, floor=0.5) == {"ghz:n=4": "undecided"}


def test_too_few_processes_decide_nothing():
    rows = cell("ghz:n=4", "a", processes=3) + cell("ghz:n=4", "b", seconds=9.0, processes=3)
    assert outcomes(rows) == {"ghz:n=4": "too few"}
    told = " ".join(brief(figures(rows), None).split())
    assert "a ?" in told and "?: too few processes" in told


def test_the_brief_table_tells_them_apart():
    rows = cell("won:n=4", "a") + cell("won:n=4", "b", seconds=2e-3) + cell("won:n=4", "liar", seconds=1e-6, status="wrong")
    rows += cell("level:n=4", "a") + cell("level:n=4", "b", seconds=1.01e-3) + cell("level:n=4", "c", seconds=5e-3)
    rows += cell("alone:n=4", "a") + cell("none:n=4", "late", status="timeout")
    lines = brief(figures(rows), 0.02).partition("\nworkload")[2].splitlines()
    at = {name: next(i for i, line in enumerate(lines) if line.startswith(name)) for name in ("won", "level", "alone", "none")}
    assert lines[at["won"]].split() == ["won:n=4", "a", "1.04", "ms"]
    assert lines[at["won"] + 1] == "    b 2.0x (1.9-2.1); wrong: liar"
    assert lines[at["level"]].split() == ["level:n=4", "undecided", "1.04", "ms"]
    assert lines[at["level"] + 1] == "    not told apart: a, b 1.01x (0.98-1.04); c 5.0x"
    assert lines[at["alone"]].split() == ["alone:n=4", "(a)", "1.04", "ms"]
    assert lines[at["none"]].split() == ["none:n=4", "no", "right", "answer"]
    assert lines[at["none"] + 1] == "    timeout: late"


def test_the_long_table_says_who_wins():
    rows = cell("won:n=4", "b", seconds=2e-3) + cell("won:n=4", "a") + cell("level:n=4", "a") + cell("level:n=4", "b")
    told = shown(figures(rows), None)
    assert "a wins: 2.0x (1.9-2.1) faster than b" in told and "undecided between a and b" in told
    assert told.index("level:n=4  ") < told.index("won:n=4  ")  # by workload, whatever the order of the file


def test_the_answer_stands_first():
    """Who wins how often and by how much, before any method; interval and verdict never seem to contradict each other."""
    rows = cell("won:n=4", "a") + cell("won:n=4", "b", seconds=2e-3) + cell("won:n=4", "liar", seconds=1e-6, status="wrong")
    rows += cell("near:n=4", "a") + cell("near:n=4", "b", seconds=1.3e-3) + cell("alone:n=4", "a")
    for write_text in (brief, shown):
        told = " ".join(write_text(figures(rows), 0.5).split())
        assert told.startswith(
            "Fastest beyond doubt in 1 of 3 questions: a in 1, by 2.0x (1.9-2.1) before b at won:n=4. "
            "Undecided: 1; ahead there, but not beyond doubt: a in 1."
        )
        assert "One backend alone was right in 1." in told and "Wrong answers: liar." in told
        assert "not told apart" not in told and "ahead, not decided:" in told and "1.30x (1.2" in told
    told = " ".join(brief(figures(rows), 0.5).split())
    assert "a ahead, not decided: b 1.30x" in told and "the 95 % interval of this pair alone is above 1" in told


def test_a_file_that_decides_nothing_has_no_column_of_dashes():
    told = shown(figures(cell("ghz:n=4", "a", processes=2) + cell("ghz:n=4", "b", seconds=9.0, processes=2)), None)
    assert "rank\n" not in told and not [line for line in told.splitlines() if line.endswith(" -")]
    assert told.startswith("No verdict on speed in 1 of 1 questions: 2 processes a cell, about 9 are needed.")


def test_a_table_to_paste_keeps_to_80_columns_and_60_lines():
    """As many lines as m@1 may take in a README: 14 questions here, 20 there."""
    told = brief(figures(everything()), None)
    assert max(map(len, told.splitlines())) <= 80
    assert len(told.splitlines()) <= 46


def test_names_in_few_letters():
    cases = {
        "aer": "aer",
        "aer:method=matrix_product_state,bond=8": "aer MPS bond=8",
        "aer:precision=single": "aer single",
        "aer:method=density_matrix": "aer density matrix",
        "mine.py#0123456789abcdef:mine:rate=2": "mine rate=2",
    }
    for text, expected in cases.items():
        assert naming.brief(row("g", text)["cell"]) == expected
    assert naming.brief(row("g", "aer", path="rebuilt", threads=2)["cell"]) == "aer rebuilt x2"


def test_multiples():
    found = [multiple(*margin) for margin in ((1.344, 1.28, 1.412), (2.04, 1.96, 2.11), (11.2, 9.7, 12.4), (3748.2,), (1.0,))]
    assert found == ["1.34x (1.28-1.41)", "2.0x (2.0-2.1)", "11x (10-12)", "3,748x", "1.00x"]


def test_the_command(tmp_path, command):
    rows = write(tmp_path / "r.jsonl", cell("ghz:n=4", "a") + cell("ghz:n=4", "a", host="there", seconds=5.0))
    code, out, _ = command("bench", "show", rows, "--brief")
    assert code == 0 and out.count("(a)") == 2 and "here, A Processor" in out and "there, A Processor" in out
    code, _, err = command("bench", "show", rows, "--brief", "--json")
    assert code == 2 and "--brief and --json contradict each other" in err
    code, out, _ = command("bench", "show", write(tmp_path / "n.jsonl", [row("g", "a", suite="null@1")]), "--brief")
    assert code == 0 and "too few processes for an A/A floor" in out
    noise = [row("g", "a", suite="null@1", process=k) for k in range(18)]
    code, out, _ = command("bench", "show", write(tmp_path / "n.jsonl", noise))
    assert code == 0 and out.startswith("A/A floor of this machine: ")
    code, out, _ = command("bench", "show", write(tmp_path / "e.jsonl", []), "--brief")
    assert (code, out) == (0, "no results.\n")
