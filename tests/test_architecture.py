"""The house: its rooms in order, arrows one way, no circle, one name one meaning; each rule is shown a house that breaks it."""

import ast
import importlib
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import hybrid

PACKAGE = Path(hybrid.__file__).parent
ROOMS = (
    *("cli", "figures", "rehearsal", "review", "bench", "qiskit_api", "runs", "characterization", "measure", "simulators"),
    *("compilation", "device", "catalog", "base"),
)
"""From the top floor down: a room imports only rooms that stand after it in this list."""
WITHOUT_CODE = {"guide"}
LOOSE = {"__init__", "__main__", "extend"}
MOST_ROOMS, MOST_LINES, MOST_FUNCTION_LINES = 15, 350, 60
OUTSIDERS = {
    "typer": ("cli/",),
    "rich": ("cli/",),
    "matplotlib": ("figures/",),
    "qiskit_aer": ("simulators/aer.py", "bench/adapters/aer.py", "bench/adapters/pauli_prop.py"),
    "highspy": ("catalog/problems/lp.py",),
    "distributed": ("runs/executors/dask.py",),
    "pyscf": ("catalog/problems/molecule.py",),
}
"""Package -> who may import it."""
ONLY = {
    "catalog/optimizers/": {"numpy", "hybrid.base.types", "hybrid.catalog.optimizers"},
    "catalog/algorithms/": {"numpy", "qiskit", "hybrid.base", "hybrid.catalog"},
    "catalog/ansatze/": {"numpy", "qiskit", "hybrid.base", "hybrid.catalog"},
    "catalog/circuits/": {"numpy", "qiskit", "hybrid.base", "hybrid.catalog"},
    "bench/workloads/": {
        "numpy",
        "jaxtyping",
        "hybrid.base",
        "hybrid.bench.job",
        "hybrid.bench.judge",
        "hybrid.bench.workloads",
    },
    "bench/adapters/": {"numpy", "hybrid.base", "hybrid.bench.job", "hybrid.bench.adapters"},
    "catalog/lookup.py": {"hybrid"},
    "catalog/signatures.py": {"hybrid"},
    "device/billing.py": {"hybrid"},
    "device/device.py": {"hybrid"},
    "device/naming.py": {"hybrid"},
    "device/options.py": {"hybrid"},
    "device/profile.py": {"hybrid"},
    "measure/choices.py": {"hybrid"},
    "rehearsal/rehearsal.py": {"hybrid"},
    "runs/record.py": {"hybrid"},
    "runs/result.py": {"hybrid"},
    "runs/results_folder.py": {"hybrid"},
    "runs/results_index.py": {"hybrid"},
    "runs/spec.py": {"hybrid"},
    "runs/verdict.py": {"hybrid"},
    "runs/verdict_text.py": {"hybrid"},
}
"""Where -> all it may import besides the standard library: members know no backend, and what a listing reads loads nothing."""
EXCEPTIONS = {
    "catalog/optimizers/scipy.py": {"scipy"},
    "bench/adapters/aer.py": {"qiskit", "qiskit_aer"},
    "bench/adapters/exact.py": {"qiskit", "hybrid.simulators.engine"},
    "bench/adapters/pauli_prop.py": {"qiskit", "qiskit_aer"},
    "bench/adapters/qiskit.py": {"qiskit"},
    "bench/adapters/reference.py": {"qiskit"},
    "bench/workloads/_trajectories.py": {"hybrid.bench.adapters.aer"},  # a reference by trajectories, beyond dense ones
    "device/device.py": {"qiskit.providers"},  # the type of `Device.backend()`; tests/test_light_start.py: not loaded
}


@cache
def nodes(path: Path) -> list[ast.AST]:
    """Every node of a file's syntax tree, read once."""
    return [*ast.walk(ast.parse(path.read_text(encoding="utf-8")))]


@cache
def imports(path: Path) -> list[tuple[str, list[str]]]:
    """Every module that a file imports anywhere in it, for types alone too, with the names taken."""
    return [*_imports(path)]


def _imports(path: Path) -> Iterator[tuple[str, list[str]]]:
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from ((alias.name, []) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ".", [alias.name for alias in node.names]


def sources(house: Path) -> dict[str, Path]:
    """Every file of Python by its path within the house."""
    return {path.relative_to(house).as_posix(): path for path in sorted(house.rglob("*.py"))}


def graph(house: Path) -> dict[str, set[str]]:
    """File -> the files of the house that it imports."""
    files = sources(house)
    arrows: dict[str, set[str]] = {}
    for name, path in files.items():
        arrows[name] = set()
        for module, taken in imports(path):
            if module.split(".")[0] != "hybrid":
                continue
            base = module.replace(".", "/").removeprefix("hybrid").lstrip("/")
            for found in [f"{base}/{taken_name}".lstrip("/") for taken_name in taken] or [base]:
                arrows[name] |= {f for f in (f"{found}.py", f"{found}/__init__.py", f"{base}.py") if f in files}
    return arrows


def rooms_are_few_and_described(house: Path) -> list[str]:
    folders = {path.name for path in house.iterdir() if path.is_dir() and path.name != "__pycache__"}
    wrong = [f"{len(folders)} rooms, {MOST_ROOMS} at most"] if len(folders) > MOST_ROOMS else []
    wrong += [f"{name}: not in the list of rooms" for name in folders - {*ROOMS} - WITHOUT_CODE]
    wrong += [f"{path.name}: loose" for path in house.glob("*.py") if path.stem not in LOOSE]
    for room in folders & {*ROOMS}:
        text = ast.get_docstring(ast.parse((house / room / "__init__.py").read_text())) or ""
        wrong += [f"{room}/__init__.py: does not say '{word}'" for word in ("Imports", "Offers") if word not in text]
    return wrong


def arrows_point_down(house: Path) -> list[str]:
    wrong = []
    for name, targets in graph(house).items():
        room = name.split("/")[0]
        for target in targets:
            other = target.split("/")[0]
            if room in ROOMS and other != room and (other not in ROOMS or ROOMS.index(other) < ROOMS.index(room)):
                wrong.append(f"{name} imports {target}")
    return wrong


def no_circle_between_files(house: Path) -> list[str]:
    arrows = {name: {t for t in targets if t != name} for name, targets in graph(house).items()}
    while free := [name for name, targets in arrows.items() if not targets]:
        arrows = {name: targets - {*free} for name, targets in arrows.items() if name not in free}
    # what is left leads to a circle; a file that no other of them imports is only on the way
    while way := [name for name in arrows if not any(name in targets for targets in arrows.values())]:
        arrows = {name: targets for name, targets in arrows.items() if name not in way}
    return sorted(arrows)


def no_class_name_twice(house: Path) -> list[str]:
    every = (node for path in sources(house).values() for node in nodes(path))
    seen = Counter(node.name for node in every if isinstance(node, ast.ClassDef))
    return [name for name, times in seen.items() if times > 1 for _ in range(times)]


def others_are_imported_where_allowed(house: Path) -> list[str]:
    wrong = []
    for name, path in sources(house).items():
        only = next((allowed for place, allowed in ONLY.items() if name.startswith(place)), None)
        for module, _ in imports(path):
            root = module.split(".")[0]
            if root in OUTSIDERS and not name.startswith(OUTSIDERS[root]):
                wrong.append(f"{name} imports {module}")
            if only is None or root in sys.stdlib_module_names:
                continue
            allowed = only | EXCEPTIONS.get(name, set())
            if not any(module == one or module.startswith(f"{one}.") for one in allowed):
                wrong.append(f"{name} imports {module}")
    return wrong


def files_and_functions_are_short(house: Path) -> list[str]:
    wrong = []
    for name, path in sources(house).items():
        text = path.read_text(encoding="utf-8")
        if (lines := text.count("\n")) > MOST_LINES:
            wrong.append(f"{name}: {lines} lines")
        for node in nodes(path):
            if isinstance(node, ast.FunctionDef) and (length := (node.end_lineno or 0) - node.lineno + 1) > MOST_FUNCTION_LINES:
                wrong.append(f"{name}: {node.name} has {length} lines")
    return wrong


RULES = {
    rooms_are_few_and_described: {"attic/__init__.py": '"""Imports nothing. Offers nothing."""\n'},
    arrows_point_down: {"base/low.py": "def f():\n    from hybrid.runs.spec import Spec\n"},
    no_circle_between_files: {"base/a.py": "import hybrid.base.b\n", "base/b.py": "from hybrid.base import a\n"},
    no_class_name_twice: {"base/a.py": "class Plan: ...\n", "runs/a.py": "class Plan: ...\n"},
    others_are_imported_where_allowed: {"catalog/optimizers/a.py": "import scipy\n", "runs/a.py": "import typer\n"},
    files_and_functions_are_short: {"base/long.py": "\n" * 400, "base/f.py": "def f():\n" + "    print()\n" * 70},
}
"""Rule -> files that break it."""


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_keeps_the_rule(rule):
    assert rule(PACKAGE) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_rule_can_be_broken(rule, tmp_path):
    files = {"runs/spec.py": "", **RULES[rule]}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    for room in {name.split("/")[0] for name in files}:
        (tmp_path / room / "__init__.py").write_text('"""Imports nothing. Offers nothing."""\n')
    assert len(rule(tmp_path)) == len(RULES[rule])


def test_no_room_hides_a_public_function():
    for path in sorted(PACKAGE.glob("*/**/*.py")):
        module = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
        importlib.import_module(module)
    assert all(callable(getattr(hybrid, name)) for name in hybrid.__all__)
    assert not {*ROOMS, *WITHOUT_CODE} & {*hybrid.__all__}
