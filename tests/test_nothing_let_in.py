"""Files in the working folder are not imported in place of modules, by no way in; and no verb opens a network socket."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FILES = "numpy qiskit qiskit_aer scipy typer rich json signal tempfile threadpoolctl click hashlib csv socket"
FOLDERS = "multiprocessing concurrent jaxtyping matplotlib ctypes"
OF_PYTHON = "importlib re typing"
"""What `python -m` imports from the working folder before `hybrid.__main__`."""
COMMAND = str(Path(sys.executable).with_name("hybrid"))
MODULE = [sys.executable, "-m", "hybrid"]
SHORT = ["--max-evals", "1", "--quiet"]
VERBS = [
    ["--help"],
    ["list"],
    ["show", "device", "meluxina-q"],
    ["guide", "run"],
    ["run", "h2", *SHORT],
    ["run", "h2", "--device", "meluxina-q", "--dry-run"],
    ["run", "h2", *SHORT, "--repeat", "2"],
    ["runs", "list"],
    ["runs", "show", "latest"],
    ["runs", "replay", "latest"],
    ["runs", "export", "latest"],
    ["runs", "diff", "latest", "latest"],
    ["explain", "ghz:n=2", "--device", "meluxina-q"],
    ["mitigate", "ghz:n=2"],
    ["rehearse", "h2", "--device", "VLQ", "--max-evals", "1", "--max-time", "1s"],
    ["sample", "bell"],
    ["schedule", "bell"],
    ["characterize", "meluxina-q", "--only", "readout"],
    ["bench", "list"],
    ["bench", "plan", "--workload", "ghz:n=2", "--backend", "exact"],
    ["bench", "run", "--workload", "ghz:n=2", "--backend", "exact", "--processes", "1", "--out", "r.jsonl"],
    ["bench", "show", "r.jsonl"],
    ["doctor"],
]


def planted(folder: Path, folders: str = FOLDERS) -> Path:
    """A folder full of modules that would say so if they were imported."""
    said = folder / "imported"
    text = f"open({str(said)!r}, 'a').write(__name__ + '\\n')\n"
    for name in FILES.split():
        (folder / f"{name}.py").write_text(text)
    for name in folders.split():
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text(text)
    return said


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "folders"),
    [([COMMAND], f"{FOLDERS} {OF_PYTHON}"), (MODULE, FOLDERS)],
    ids=["hybrid", "python -m hybrid"],
)
def test_no_planted_module_is_imported(tmp_path, line, folders):
    said = planted(tmp_path, folders)
    for words in VERBS:
        done = subprocess.run([*line, *words], cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode in (0, 3, 4), (words, done.stderr)
        assert not said.exists(), (words, said.read_text())


def test_no_planted_module_is_imported_by_a_short_run(tmp_path):
    said = planted(tmp_path)
    subprocess.run([*MODULE, "run", "h2", *SHORT], cwd=tmp_path, capture_output=True, timeout=300, check=True)
    assert not said.exists(), said.read_text()


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_no_verb_opens_a_network_socket(tmp_path):
    """Every system call about networks is logged, of all processes: none is of the internet's families."""
    for words in VERBS:
        trace = ["strace", "-f", "-qq", "-e", "trace=%network", "-o", str(tmp_path / "trace"), COMMAND, *words]
        done = subprocess.run(trace, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
        if "ptrace" in done.stderr and "not permitted" in done.stderr:
            pytest.skip("this process may not be traced")
        assert done.returncode in (0, 3, 4), (words, done.stderr)
        calls = [line for line in (tmp_path / "trace").read_text().splitlines() if "AF_INET" in line or "AF_NETLINK" in line]
        assert not calls, (words, calls)
