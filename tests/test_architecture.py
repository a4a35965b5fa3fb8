"""The arrows of the design, walked in the syntax tree; a member of every family from outside; no socket is opened."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from hybrid import catalog
from hybrid.cli.app import main
from hybrid.session import run
from hybrid.spec import Spec

PACKAGE = Path(catalog.__file__).parent
STANDARD = set(sys.stdlib_module_names)
LAYERS = [
    {"errors", "machine", "randomness"},
    {"doctor", "files", "job", "types"},
    {"answers", "device_options", "excitations", "judge", "mutation", "outside"},
    {"catalog", "profile", "record", "result"},
    {"variants"},
    {"device", "error_budget", "gate", "qasm3", "runs", "spec"},
    {"allocation", "angles", "circuit_file", "classical_bits", "counts", "diagonalization", "difference", "gradients"}
    | {"inputs", "loop"},
    {"estimate", "schedule", "transpile"},
    {"decoupling", "detuning", "infidelity"},
    {"noise"},
    {"exact", "resources"},
    {"execution"},
    {"mitigation", "sensitivity"},
    {"program"},
    {"compilation"},
    {"extrapolation", "measure", "outcomes"},
    {"prepare"},
    {"gated_session"},
    {"laws", "planning", "plot", "qiskit_api", "sampling", "session"},
    {"acceptance", "audit", "bench", "characterization", "check", "explaining", "repetition"},
    {"capability"},
    {"plot_bench", "plot_characterize", "plot_device", "plot_explain", "plot_histogram"},
    {"bench_report"},
    {"cli"},
]
PACKAGES = {"bench", "bench_report", "characterization", "cli", "doctor", "exact", "plot_bench", "qiskit_api", "types"}
"""Lowest first. A module imports only from layers below its own; members are reached through the catalogue alone."""
UPWARD = {("device", "hybrid.qiskit_api")}
"""`Device.backend()` opens a door far above it, when it is called."""
MAY_IMPORT = {
    "adapters": {"numpy", "hybrid.job", "hybrid.errors", "hybrid.adapters"},
    "workloads": {"numpy", "jaxtyping", "hybrid.job", "hybrid.errors", "hybrid.judge", "hybrid.workloads"},
    "optimizers": {"numpy", "hybrid.types", "hybrid.optimizers"},
    "algorithms": {"numpy", "qiskit", "hybrid.types", "hybrid.errors", "hybrid.excitations", "hybrid.algorithms"},
    "ansatze": {
        "numpy",
        "qiskit",
        "hybrid.types",
        "hybrid.errors",
        "hybrid.circuit_file",
        "hybrid.excitations",
        "hybrid.ansatze",
    },
    "circuits": {"numpy", "qiskit", "hybrid.errors", "hybrid.circuits"},
    "problems": {
        "numpy",
        "scipy",
        "jaxtyping",
        "qiskit",
        "highspy",
        "pyscf",
        "hybrid.types",
        "hybrid.errors",
        "hybrid.files",
        "hybrid.problems",
    },
    "backends": {
        "numpy",
        "jaxtyping",
        "qiskit",
        "qiskit_aer",
        "hybrid.types",
        "hybrid.errors",
        "hybrid.backends",
        "hybrid.counts",
        "hybrid.exact",
        "hybrid.machine",
        "hybrid.noise",
        "hybrid.outside",
    },
}
ADAPTER = "optimizers/scipy.py"
"""The one optimiser that is not written here: it lends SciPy's own, which need SciPy and a thread to ask from."""
STANDARD_ONLY = (
    *("catalog", "device", "device_options", "difference", "doctor", "error_budget", "errors", "files", "inputs", "machine"),
    *("outside", "profile", "record", "result", "runs", "spec", "variants"),
)
ADAPTERS = {
    "aer": {"qiskit", "qiskit_aer"},
    "exact": {"qiskit", "hybrid.exact", "hybrid.machine", "hybrid.types"},
    "qiskit": {"qiskit"},
    "reference": {"qiskit"},
}
"""What an adapter of our own dependencies imports late; optional simulators are imported by name, `simulator(...)`."""
OWNERS = {
    "typer": ("cli",),
    "rich": ("cli",),
    "matplotlib": ("plot",),
    "qiskit_aer": ("backends/aer", "adapters/aer"),
    "highspy": ("problems/lp",),
    "pyscf": ("problems/molecule",),
}


def imports(path: Path) -> set[str]:
    """Every module that a file imports anywhere in it, type-checking blocks left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    found: set[str] = set()
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            module = node.module or ""
            found |= {f"hybrid.{alias.name}" for alias in node.names} if module == "hybrid" else {module}
    return found


def within(module: str, allowed: set[str]) -> bool:
    return any(module == name or module.startswith(name + ".") for name in allowed)


FILES = sorted(PACKAGE.rglob("*.py"))


def test_layers_name_every_module():
    modules = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__", "__main__"}
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")} - set(catalog.FAMILIES)
    assert packages == PACKAGES
    assert modules | PACKAGES == set().union(*LAYERS)
    assert sum(map(len, LAYERS)) == len(set().union(*LAYERS))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_follow_the_arrows(path):
    top = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    for module in imports(path):
        root = module.partition(".")[0]
        if root in OWNERS:
            assert str(path.relative_to(PACKAGE)).startswith(OWNERS[root]), f"{path}: who may import {root}: {OWNERS[root]}"
        if str(path.relative_to(PACKAGE)) == ADAPTER:
            assert within(module, MAY_IMPORT[top] | {"scipy", "functools", "queue", "threading", "typing"})
        elif top in MAY_IMPORT:
            allowed = MAY_IMPORT[top] | (ADAPTERS.get(path.stem, set()) if top == "adapters" else set())
            assert root in STANDARD or within(module, allowed), f"{path} imports {module}"
            assert not (top == "optimizers" and root in STANDARD), f"{path} imports {module}"
        elif root == "hybrid" and top not in ("__init__", "__main__") and (top, module) not in UPWARD:
            target = module.split(".")[1] if "." in module else "__init__"
            own = next(i for i, layer in enumerate(LAYERS) if top in layer)
            below = set().union(*LAYERS[:own]) | ({top} & PACKAGES)
            assert target in below, f"{path} imports {module}, which is not below it"
        if top in STANDARD_ONLY:
            assert root in STANDARD or root == "hybrid", f"{path} imports {module}"


def test_the_check_can_fail(tmp_path):
    bad = tmp_path / "bad.py"
    bad.write_text("def f():\n    from hybrid.session import run\n    import typer\n")
    assert imports(bad) == {"hybrid.session", "typer"}
    assert not within("hybrid.session", MAY_IMPORT["algorithms"])


@pytest.mark.parametrize("family", sorted(set(catalog.FAMILIES) - {"devices"}))
def test_every_member_is_one_file_with_its_function(family):
    for name in catalog.names(family):
        signature = catalog.locate(family, name)
        assert signature.doc, f"{family}/{name} has no docstring"


OUTSIDE = '''
import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.quantum_info import SparsePauliOp
from hybrid.backends.reference import reference
from hybrid.types import Ansatz, Expectation, Gradient, Loss, Problem, Quantity


def spin(*, field: float = 1.0):
    """One spin in a field."""
    return Problem(hamiltonian=SparsePauliOp("Z", field), unit="", ansatz="one_angle", exact=-abs(field))


def one_angle(problem, *, start: float = 0.3):
    """One rotation."""
    circuit = QuantumCircuit(1)
    circuit.ry(Parameter("t"), 0)
    return Ansatz(circuit, lambda rng: np.array([start]))


def halving(x, rng, *, rate: float = 0.5):
    """Gradient descent."""
    for k in range(60):
        loss, gradient = yield Gradient(x, iteration=k)
        x = x - rate * gradient
    return x


def minimum(session, problem):
    """The least eigenvalue, found twice; and what X is there."""
    ansatz = session.ansatz(problem.ansatz)
    loss = Loss((Expectation(ansatz.circuit, problem.hamiltonian),))
    session.minimize(loss, ansatz, share=0.5)
    found = session.minimize(loss, ansatz)
    value, stderr = session.measure(Expectation(ansatz.circuit, SparsePauliOp("X")), found.x[None])
    return found._replace(quantities=(Quantity("<X>", float(value[0]), float(stderr[0]), reference=0.0),))


def flip(*, n: int = 1):
    """Ones."""
    circuit = QuantumCircuit(n, n)
    circuit.x(range(n))
    circuit.measure(range(n), range(n))
    return circuit


def slow():
    """Qiskit's own simulator under another name."""
    return reference()
'''


@pytest.mark.slow  # by default the README's own members, of a file, stand for it
@pytest.mark.parametrize("prefix", ["{}/outside_{}/members.py", "outside_{}.members"])
def test_a_member_of_every_family_from_outside(tmp_path, monkeypatch, capsys, prefix):
    name = "module" if prefix.endswith("members") else "file"
    package = tmp_path / f"outside_{name}"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "members.py").write_text(OUTSIDE)
    monkeypatch.syspath_prepend(tmp_path)
    head = prefix.format(name) if name == "module" else prefix.format(tmp_path, name)
    device = tmp_path / "mine.toml"
    device.write_text((PACKAGE / "devices" / "meluxina-q.toml").read_text())
    spec = Spec(
        algorithm=f"{head}:minimum",
        problem=f"{head}:spin:field=2",
        ansatz=f"{head}:one_angle:start=0.5",
        optimizer=f"{head}:halving:rate=0.25",
        backend=f"{head}:slow",
        device=str(device),
    )
    result = run(spec, tmp_path / "results")
    assert result.converged
    assert -2 < result.value < -1.8  # the stand-in's readout and initialisation take about 5 % of 2
    assert [found["name"] for found in result.quantities] == ["<X>"]
    assert abs(result.quantities[0]["value"]) < 0.1
    monkeypatch.setattr(sys, "argv", ["hybrid", "sample", f"{head}:flip:n=2", "--shots", "7", "--json"])
    main()
    assert json.loads(capsys.readouterr().out)["counts"] == {"11": 7}
    (package / "members.py").write_text(OUTSIDE + "\n")
    assert Spec(**{k: getattr(spec, k) for k in ("algorithm", "problem")}).id != spec.id


def test_a_run_opens_no_socket(tmp_path):
    """Every way to reach a network goes through the `socket.*` audit events; none may be raised."""
    code = f"""
import sys
def deny(event, arguments):
    if event.startswith(("socket.", "urllib.", "http.", "ftplib.", "smtplib.")):
        raise SystemExit(f"network: {{event}} {{arguments}}")
sys.addaudithook(deny)
words = "run h2 --device meluxina-q --shots 100 --max-evals 4 --results"
sys.argv = ["hybrid", *words.split(), {str(tmp_path)!r}]
from hybrid.cli.app import main
main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "energy" in done.stdout


@pytest.mark.parametrize("command", [["--help"], ["list"], ["show", "device", "meluxina-q"], ["show", "optimizer", "spsa"]])
def test_looking_around_loads_no_simulator(command):
    code = f"""
import sys
from hybrid.cli.app import main
sys.argv = ["hybrid", *{command!r}]
try:
    main()
except SystemExit as left:
    assert not left.code, left.code
heavy = {{"numpy", "qiskit", "qiskit_aer", "scipy", "matplotlib", "jaxtyping"}} & set(sys.modules)
assert not heavy, heavy
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_importing_hybrid_is_light():
    code = (
        "import hybrid, sys; assert not {'numpy', 'qiskit', 'qiskit_aer'} & set(sys.modules); hybrid.Spec; print(dir(hybrid))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", sorted((PACKAGE / "adapters").glob("*.py")), ids=lambda path: path.stem)
def test_an_adapter_needs_only_numpy_until_it_loads(path):
    """A worker in an interpreter of its own has the simulator, and none of what this package depends on."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            assert all(name.partition(".")[0] in STANDARD or within(name, MAY_IMPORT["adapters"]) for name in names)


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
