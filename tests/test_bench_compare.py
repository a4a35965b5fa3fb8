"""Comparisons of rows made by hand: who may be compared, what is said first, and who ranks."""

import json

import numpy as np
import pytest

from hybrid.base.errors import UsageError
from hybrid.bench.cells import cell_id
from hybrid.bench.compare import of_backends, of_files
from hybrid.bench.environment import env_id
from hybrid.bench.schema import complaint, row_schema
from hybrid.bench.statistics import Comparison
from hybrid.bench.summary import figures, measured_floor, questions, ranks
from hybrid.bench.units import duration, size
from hybrid.cli.bench_changes import compared, quoted
from hybrid.cli.bench_text import shown

HOST = {"host": "one", "cpu": "fast", "cores": 2, "governor": "performance", "affinity": [], "memory_bytes": 1, "system": "x"}


def row(
    seconds,
    *,
    workload="ghz",
    backend="aer",
    status="ok",
    right=True,
    session="a" * 12,
    suite="",
    note="",
    answer=None,
    **environment,
):
    """A row that the schema takes."""
    cell = {"workload": workload, "version": 1, "circuit": "0" * 16, "task": "expectations", "backend": backend}
    cell |= {"path": "compiled", "threads": 1, "n_qubits": 3, "n_steps": 9, "n_points": 1, "shots": 0}
    machine = HOST | {"python": "3.11.7", "versions": {"numpy": "2.0.0"}} | environment
    done = status in ("ok", "wrong")
    phases = {"import_s": 0.1, "first_s": 2 * seconds, "repeats_s": [1.2 * seconds, seconds], "loops": 9} if done else {}
    judged = {"tier": "L1", "reference": "dense", "name": "error", "metric": 0.0, "tolerance": 1e-6, "right": right}
    found = {
        "schema": 1,
        **{"cell_id": cell_id(cell), "env_id": env_id(machine), "session": session, "suite": suite, "time": 1.0},
        **{"elapsed_s": 1.0, "cell": cell, "environment": machine, "limits": {"time_s": 60.0, "memory_bytes": 1}},
        **{"phases": phases, "memory": {"baseline_bytes": 10, "peak_bytes": 30} if done else {}},
        "precision": {"asked": None, "observed": "double"},
        **{"verification": judged if done else None, "answer": answer, "status": status, "note": note},
    }
    assert not complaint(found, row_schema())
    return found


def nine(factor=1.0, seed=0, n=9, **rest):
    """Nine processes of about a millisecond with 1 % scatter."""
    scatter = np.random.default_rng(seed).standard_normal(n)
    return [row(float(1e-3 * factor * np.exp(0.01 * s)), **rest) for s in scatter]


def test_different_hosts_are_refused():
    with pytest.raises(UsageError, match=r"different machines: a on one \(fast\); b on two \(fast\)"):
        of_files(nine(), nine(host="two"), ("a", "b"))
    with pytest.raises(UsageError, match="no cell in common"):
        of_files(nine(), nine(workload="other"), ("a", "b"))
    with pytest.raises(UsageError, match="b: holds no times"):
        of_files(nine(), [], ("a", "b"))


def test_different_sessions_are_labelled_and_the_same_one_is_not():
    again = of_files(nine(), nine(2, session="b" * 12), ("a", "b"))
    assert not again.controlled and "drift of the machine is not controlled" in compared(again)
    rows = nine() + nine(2, seed=1, backend="exact")
    together = of_backends(rows, "aer", "exact")
    assert together.controlled and "drift" not in compared(together)
    (pair,) = together.compared
    assert pair.verdict.word == "slower" and pair.verdict.ratio == pytest.approx(2, rel=0.02)


def test_status_changes_come_first_and_do_not_rank():
    base = nine() + nine(workload="qft") + nine(workload="bv")
    new = nine(1.5, session="b" * 12) + nine(0.1, workload="qft", status="wrong", right=False, note="fidelity 0.3")
    new += [row(1, workload="bv", status="timeout", note="killed after 60 s")]
    found = of_files(base, new, ("old", "new"))
    assert [(a.state, b.state) for a, b in found.changed] == [("ok", "wrong"), ("ok", "timeout")]
    assert [pair.base.cell["workload"] for pair in found.compared] == ["ghz"]
    assert found.mean == pytest.approx(1.5, rel=0.02)  # the ten times faster wrong answer is not in it
    text = compared(found)
    assert text.index("ok -> wrong") < text.index("slower")
    assert "fidelity 0.3" in text and max(map(len, text.splitlines())) <= 80


def test_unverified_cells_never_rank():
    rows = nine(right=None) + nine(5, backend="exact", right=None)
    found = of_backends(rows, "aer", "exact")
    assert not found.compared and len(found.unranked) == 1 and found.mean is None
    assert "unverified" in compared(found)
    (places,) = ranks(questions(figures(rows)), 0.0)
    assert places == [None, None]


def test_two_methods_that_agree_verify_each_other():
    def measured(backend, *answer):
        return nine(backend=backend, right=None, answer=list(answer))

    both = [*measured("aer", 0.5, -0.25), *measured("exact", 0.5 + 1e-6, -0.25)]
    assert [figure.partner for figure in figures(both)] == ["exact", "aer"]
    assert ranks(questions(figures(both)), 0.0) == [[1, 1]]
    third = [*both, *measured("mps", 0.5, -0.2)]
    assert [figure.verified for figure in figures(third)] == [True, True, False]
    same = [*measured("aer", 0.5), *measured("aer:precision=single", 0.5), *measured("aer:path=bound", 0.5)]
    assert not any(figure.verified for figure in figures(same))  # one method in three dresses
    other = [*measured("aer", 0.5), *measured("aer:method=matrix_product_state", 0.5)]
    assert all(figure.verified for figure in figures(other))
    unsteady = [*measured("aer", 0.5), *measured("exact", 0.5), row(1e-3, backend="exact", right=None, answer=[0.6])]
    assert not any(figure.verified for figure in figures(unsteady))


def test_wrong_keeps_its_time_and_is_last():
    rows = nine(0.1, backend="mps", status="wrong", right=False) + nine(2, backend="exact") + nine()
    (group,) = questions(figures(rows))
    assert [figure.cell["backend"] for figure in group] == ["aer", "exact", "mps"]
    assert ranks([group], 0.0) == [[1, 2, None]]
    assert group[2].typical_s == pytest.approx(1e-4, rel=0.02)
    text = shown(figures(rows), None)
    assert "WRONG" in text and max(map(len, text.splitlines())) <= 80


def test_ranks_are_shared_where_nothing_is_beyond_doubt():
    rows = nine() + nine(1.02, seed=1, backend="exact") + nine(3, backend="reference")
    assert ranks(questions(figures(rows)), 0.0) == [[1, 1, 3]]
    few = nine(n=3) + nine(9, n=3, backend="exact")
    assert ranks(questions(figures(few)), 0.0) == [[None, None]]
    assert "too few for a verdict on speed" in shown(figures(few), None)


def test_environments_are_never_pooled():
    rows = nine(n=4) + nine(2, n=5, versions={"numpy": "2.1.0"})
    assert [len(figure.seconds) for figure in figures(rows)] == [4, 5]
    found = of_files(nine(), nine(versions={"numpy": "2.1.0"}), ("a", "b"))
    assert found.differences == ["numpy 2.0.0 -> 2.1.0"]


def test_the_floor_of_this_machine_raises_the_bar():
    rng = np.random.default_rng(2)
    null = [row(float(1e-3 * np.exp(0.3 * s)), suite="null@1") for s in rng.standard_normal(18)]
    base, new = nine(), nine(1.15, seed=1)
    assert of_files(base, new, ("a", "b")).compared[0].verdict.word == "slower"
    noisy = of_files(base, new, ("a", "b"), null)
    assert noisy.floor is not None and noisy.floor > 0.15
    assert noisy.compared[0].verdict.word == "same"
    elsewhere = [r | {"environment": r["environment"] | {"host": "two"}} for r in null]
    assert measured_floor(elsewhere, base[0]["environment"]) is None
    assert figures(null) == []  # noise is no result


def test_an_early_end_counts_until_the_cell_is_measured_again():
    crash = row(1, status="crashed", note="signal SIGSEGV")
    (figure,) = figures([*nine(n=2), crash])
    assert figure.status == "crashed" and not figure.verified
    (figure,) = figures([crash, *nine(n=2)])
    assert figure.status == "ok" and figure.verified
    (figure,) = figures([row(1, status="wrong", right=False), *nine(n=2)])
    assert figure.status == "wrong"


@pytest.mark.parametrize(
    ("verdict", "text"),
    [
        (Comparison(1.344, 1.28, 1.412, 1e-5, 1e-4, "slower"), "1.34x (1.28-1.41) slower"),
        (Comparison(1 / 1.344, 1 / 1.412, 1 / 1.28, 1e-5, 1e-4, "faster"), "1.34x (1.28-1.41) faster"),
        (Comparison(0.98, 0.95, 1.02, 0.3, 0.3, "same"), "same (0.98x, 0.95-1.02)"),
        (Comparison(2.0, 0.0, float("inf"), 0.1, 0.1, "too few"), "2.0x the time, no verdict"),
        (Comparison(1 / 3750, 0.0, float("inf"), 0.1, 0.1, "too few"), "3,750x less time, no verdict"),
        (Comparison(11.2, 9.7, 12.4, 1e-5, 1e-4, "slower"), "11x (10-12) slower"),
    ],
)
def test_how_a_verdict_is_quoted(verdict, text):
    assert quoted(verdict) == text


def test_what_changed_most_is_told_first():
    def side(*factors, **rest):
        return [r for k, f in enumerate(factors) for r in nine(f, workload=f"w{k}", seed=k, **rest)]

    base = side(1, 1, 1, 1, 1) + nine(workload="gone")
    text = compared(of_files(base, side(1, 0.2, 2, 3, 0.5, session="b" * 12), ("old", "new")))
    assert [line.split()[0] for line in text.splitlines() if line.startswith("  w")] == ["w3", "w2", "w1", "w4", "w0"]
    assert "only old: gone by aer" in text
    assert '"same": no significant difference' in text
    few = compared(of_backends([*nine(n=3), *nine(50, n=3, backend="exact")], "aer", "exact"))
    assert "50x the time, no verdict" in few and "too few processes" in few


def test_units():
    assert [duration(s) for s in (123.4, 1.0, 0.9999, 0.0321, 4.5e-6, 3e-8, None)] == [
        *("123 s", "1.00 s", "1.00 s", "32.1 ms", "4.50 us", "30 ns", "-")
    ]
    assert [size(n) for n in (0, 999, 1000, 16_777_216, 2**34, None)] == ["0 B", "999 B", "1 kB", "16.8 MB", "17.2 GB", "-"]


def write(path, rows):
    path.write_text("".join(json.dumps(r, sort_keys=True) + "\n" for r in rows))
    return path


def test_compare_and_show_on_the_command_line(tmp_path, command):
    one, two = write(tmp_path / "a.jsonl", nine()), write(tmp_path / "b.jsonl", nine(0.5, session="b" * 12))
    far = write(tmp_path / "far.jsonl", nine(host="two"))
    code, out, _ = command("bench", "compare", one, two)
    assert code == 0 and "faster" in out and "drift of the machine is not controlled" in out
    code, out, _ = command("bench", "compare", one, two, "--json")
    assert json.loads(out)["cells"][0]["word"] == "faster"
    code, _, err = command("bench", "compare", one, far)
    assert code == 2 and "different machines" in err
    code, _, err = command("bench", "compare", one)
    assert code == 2 and "two files, or one file and --backend twice" in err
    code, _, err = command("bench", "compare", one, "--backend", "aer", "--backend", "axer")
    assert code == 2 and "Did you mean 'aer'?" in err
    code, out, _ = command("bench", "show", one, two)
    assert code == 0 and "ghz" in out
    code, out, _ = command("bench", "show", one, "--json")
    assert json.loads(out)["cells"][0]["verified"] is True
    code, _, err = command("bench", "show", tmp_path / "none.jsonl")
    assert code == 2 and "no such file" in err
    code, out, _ = command("bench", "merge", one, two, "--out", tmp_path / "c.jsonl")
    assert code == 0 and "18 rows" in out
    code, _, err = command("bench", "merge", one, "--out", two)
    assert code == 2 and "exists already" in err
