"""What looking around and a worker load: no simulator, no socket."""

import ast
import subprocess
import sys

import pytest

from hybrid import catalog

STANDARD = set(sys.stdlib_module_names)
OF_AN_ADAPTER = {"numpy", "hybrid.bench.job", "hybrid.base.errors", "hybrid.bench.adapters"}


def within(module: str, allowed: set[str]) -> bool:
    return any(module == name or module.startswith(name + ".") for name in allowed)


def test_a_run_opens_no_socket(tmp_path):
    """Every way to reach a network goes through the `socket.*` audit events; none may be raised."""
    code = f"""
import sys
def deny(event, arguments):
    if event.startswith(("socket.", "urllib.", "http.", "ftplib.", "smtplib.")):
        raise SystemExit(f"network: {{event}} {{arguments}}")
sys.addaudithook(deny)
words = "run h2 --device meluxina-q --shots 100 --max-evals 4 --force --results"
sys.argv = ["hybrid", *words.split(), {str(tmp_path)!r}]
from hybrid.cli.app import main
main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "energy" in done.stdout


def test_a_run_does_not_load_scipy_stats(tmp_path):
    """It takes as long to import as a small run takes; exact values draw Sobol points, shots take quantiles."""
    code = f"""
import sys
from hybrid.cli.app import main
for words in ("h2 --max-evals 1", "h2 --shots 100 --max-evals 4 --force"):
    sys.argv = ["hybrid", "run", *words.split(), "--device", "meluxina-q", "--results", {str(tmp_path)!r}]
    try:
        main()
    except SystemExit as left:
        assert not left.code, (words, left.code)
    assert "scipy.stats" not in sys.modules, words
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


LOOKING = ["--help", "list", "show device meluxina-q", "show optimizer spsa", "guide", "guide run"]


def test_looking_around_loads_no_simulator():
    """One command after the other in one process, which has loaded nothing heavy after any of them."""
    code = f"""
import sys
from hybrid.cli.app import main
for words in {LOOKING!r}:
    sys.argv = ["hybrid", *words.split()]
    try:
        main()
    except SystemExit as left:
        assert not left.code, (words, left.code)
    heavy = {{"numpy", "qiskit", "qiskit_aer", "scipy", "matplotlib", "jaxtyping"}} & set(sys.modules)
    assert not heavy, (words, heavy)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_importing_hybrid_is_light():
    code = (
        "import hybrid, sys; assert not {'numpy', 'qiskit', 'qiskit_aer'} & set(sys.modules); hybrid.Spec; print(dir(hybrid))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", sorted((catalog.folder("adapters")).glob("*.py")), ids=lambda path: path.stem)
def test_an_adapter_needs_only_numpy_until_it_loads(path):
    """A worker in an interpreter of its own has the simulator, and none of what this package depends on."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            assert all(name.partition(".")[0] in STANDARD or within(name, OF_AN_ADAPTER) for name in names)


def test_jobs_and_adapters_load_without_our_dependencies():
    code = """
import sys
for name in ("qiskit", "qiskit_aer", "scipy", "jaxtyping", "typer", "rich", "threadpoolctl"):
    sys.modules[name] = None
from hybrid import catalog
for name in catalog.names("adapters"):
    required = [key for key, option in catalog.locate("adapters", name).options.items() if option.required]
    catalog.load(catalog.parse("adapters", name + (f":{required[0]}=a:b" if required else "")))()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
