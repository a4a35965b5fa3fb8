"""`--json`: one JSON object on stdout and nothing else, with finite numbers or null, for every verb and kind of problem."""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import typer.main

from hybrid import catalog
from hybrid.cli.app import app

SEEDS, EXAMPLES = Path(__file__).parent.parent / "seeds", Path(__file__).parent.parent / "examples"
TABLES = {
    "items.csv": "item,value,weight\na,3,2\nb,4,3\nc,2,1\n",
    "prices.csv": "date,A,B,C\n31.01.2024,1,2,3\n29.02.2024,1.1,2,2.9\n31.03.2024,1.2,2.1,3\n",
    "points.csv": "x,y,kind\n" + "".join(f"{i / 7},{(i * 3 % 7) / 7},{'ab'[i % 2]}\n" for i in range(12)),
    "own.lp": "Maximize\n obj: 3 x + 5 y + 8 z\nSubject To\n c: x + y + z <= 2\nBinary\n x y z\nEnd\n",
    "own.edges": "a b 1\nb c 2\nc a 1\n",
    "own.coo": "0 0 -1\n0 1 2\n",
    "own.xyz": "2\n\nH 0 0 0\nH 0 0 0.735\n",
    "own.pauli": "1 ZZ\n0.5 XI\n",
}
PROBLEMS = {
    "beh2": "beh2:active=2e2o",
    "circles": "circles:n=12",
    "fcidump": f"{SEEDS}/lih_sto3g_2e5o.fcidump:active=2e2o",
    "h2o": "h2o:active=2e2o",
    "heisenberg": "heisenberg:n=3",
    "hubbard": "hubbard:n=2",
    "knapsack": "knapsack:items={}/items.csv,capacity=4",
    "lih": "lih:active=2e2o",
    "lp": "{}/own.lp",
    "maxcut": "{}/own.edges",
    "mis": "mis:graph={}/own.edges",
    "molecule": "{}/own.xyz",
    "moons": "moons:n=12",
    "number_partition": "number_partition:items={}/items.csv",
    "partition": "partition:graph=ring,n=4",
    "pauli": "{}/own.pauli",
    "portfolio": "portfolio:prices={}/prices.csv,pick=1",
    "qubo": "{}/own.coo",
    "table": "table:file={}/points.csv,label=kind",
    "tfim": "tfim:n=3",
    "xxz": "xxz:n=3",
}
"""Small ones of those that are large, or need a file."""
LEARNING = ("circles", "moons", "table")
LIVE = set() if find_spec("pyscf") else {"molecule"}
"""What needs the extra 'chemistry', where that is not installed."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("json")
    for name, text in TABLES.items():
        (folder / name).write_text(text)
    return folder


@pytest.fixture(scope="module")
def anyway() -> list[str]:
    """The flag that runs what could show nothing, where there is one."""
    run: Any = typer.main.get_command(app)
    flags = {flag for parameter in run.commands["run"].params for flag in parameter.opts}
    return ["--force"] if "--force" in flags else []


def refuse(word: str) -> None:
    raise AssertionError(f"{word} is no JSON")


def answer(command, *words: object) -> Any:
    """What stands on stdout, as strict JSON."""
    code, out, err = command(*words, "--json")
    assert code in (0, 1, 4), err
    found = json.loads(out, parse_constant=refuse)
    assert isinstance(found, dict)
    return found


@pytest.mark.slow  # every problem and every verb once: about two minutes
@pytest.mark.parametrize("name", [name for name in catalog.names("problems") if name not in LIVE])
@pytest.mark.parametrize(
    "how", [(), ("--device", "meluxina-q", "--shots", "20"), ("--dry-run",)], ids=["exact", "noisy", "dry"]
)
def test_every_problem(command, folder, anyway, name, how):
    words = PROBLEMS.get(name, name).format(folder)
    points = ["vqc"] if name in LEARNING else []
    found = answer(command, "run", *points, words, "--max-evals", 2, "--results", folder / "results", *how, *anyway)
    assert isinstance(found, dict) and "id" in found


VERBS = {
    "run": "run h2 --max-evals 2 --shots 20 --device meluxina-q",
    "sweep": "sweep h2 --seed 0,1 --max-evals 2 --executor local:processes=1",
    "sample": "sample ghz:n=3 --device meluxina-q --shots 20",
    "schedule": "schedule ghz:n=3 --device meluxina-q",
    "list": "list problems",
    "show": "show device meluxina-q",
    "explain": "explain {run} --realizations 8",
    "mitigate": "mitigate {run} --realizations 8",
    "rehearse": "rehearse h2 --device VLQ --shots 50 --max-evals 2 --max-time 1s",
    "characterize": "characterize meluxina-q --only readout --shots 100",
    "doctor": "doctor",
    "check": "check",
    "runs list": "runs list",
    "runs table": "runs table",
    "runs account": "runs account",
    "runs show": "runs show {run}",
    "runs diff": "runs diff {run} {run}",
    "runs replay": "runs replay {run}",
    "runs plot": "runs plot {run} --out {folder}/run.svg",
    "qpu list": "qpu list",
    "bench capability": "bench capability meluxina-q --only mirror --shots 20",
    "bench score": "bench score meluxina-q --shots 20",
    "bench list": "bench list",
    "bench plan": "bench plan --workload ghz:n=3 --backend exact",
    "bench verify": "bench verify --workload ghz:n=3 --backend exact",
    "bench run": "bench run --workload ghz:n=3 --backend exact --backend aer --processes 2 --out {folder}/g.jsonl",
    "bench show": "bench show {bench}",
    "bench compare": "bench compare {bench} --backend aer --backend exact",
    "bench null": "bench null --out {folder}/null.jsonl",
    "bench merge": "bench merge {bench} --out {folder}/merged.jsonl",
    "bench export": "bench export --zenodo {folder}/deposit {bench}",
}
WITHOUT = {
    "bench mine": "it measures for minutes: tests/test_bench_mine.py",
    "qpu release": "it needs a machine that is held: tests/test_lease.py",
    "runs sign": "it needs a key: tests/test_signatures.py",
    "runs verify": "it needs a signature: tests/test_signatures.py",
}


def verbs_with_json() -> set[str]:
    """Every command that takes --json."""

    def below(found: Any, words: tuple[str, ...]) -> set[str]:
        if hasattr(found, "commands"):
            return set().union(*(below(one, (*words, name)) for name, one in found.commands.items()))
        return {" ".join(words)} if any("--json" in parameter.opts for parameter in found.params) else set()

    return below(typer.main.get_command(app), ())


def test_every_verb_has_an_example():
    assert verbs_with_json() == {*VERBS, *WITHOUT}


@pytest.fixture(scope="module")
def made(folder, anyway, request) -> dict[str, object]:
    """A run and a file of results to talk about."""
    call = request.getfixturevalue("command")
    words = "run tfim:n=3 --max-evals 3 --shots 30 --device meluxina-q --results"
    run = answer(call, *words.split(), folder / "results", *anyway)
    words = "bench run --workload ghz:n=3 --backend exact --backend aer --processes 2 --out"
    assert call(*words.split(), folder / "made.jsonl").code == 0
    return {"run": run["record"], "bench": folder / "made.jsonl", "folder": folder}


@pytest.mark.slow
@pytest.mark.parametrize("verb", VERBS)
def test_every_verb(command, folder, anyway, made, verb):
    words = VERBS[verb].format(**made).split() + (anyway if verb == "run" else [])
    if verb.startswith(("run", "explain", "mitigate", "rehearse")):
        words += ["--results", str(folder / "results")]
    answer(command, *words)
