"""What is built holds every file that the package reads, and runs where it is installed."""

import json
import subprocess
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent
READ = (
    "bench/suites/*.toml",
    "bench/row.schema.json",
    "bench/grid/*.qasm",
    "figures/bench_page/page.*",
    "figures/rehearsal_page/page.css",
    "device/profiles/*.toml",
    "guide/*.md",
    "catalog/problems/_molecules/*.fcidump",
)


def test_the_wheel_holds_every_file_of_the_package(tmp_path):
    wheels = pytest.importorskip("hatchling.builders.wheel", reason="the build's backend is not installed")
    (built,) = wheels.WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    held = set(zipfile.ZipFile(built).namelist())
    listed = subprocess.run(["git", "ls-files", "hybrid"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert set(listed.stdout.split()) <= held
    for pattern in READ:
        found = {str(path.relative_to(ROOT)) for path in (ROOT / "hybrid").glob(pattern)}
        assert found and found <= held, pattern


@pytest.mark.slow
def test_what_is_built_runs_where_it_is_installed(tmp_path):
    """A source archive, the wheel made from it, and that wheel alone in an environment of its own; its requirements come from
    the one that runs the tests, so that nothing is downloaded."""
    source = pytest.importorskip("hatchling.builders.sdist", reason="the build's backend is not installed")
    wheels = pytest.importorskip("hatchling.builders.wheel", reason="the build's backend is not installed")
    (packed,) = source.SdistBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    with tarfile.open(packed) as archive:
        archive.extractall(tmp_path / "source", filter="data")
    (unpacked,) = (tmp_path / "source").iterdir()
    (built,) = wheels.WheelBuilder(str(unpacked)).build(directory=str(tmp_path), versions=["standard"])
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    install = [python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", built]
    subprocess.run(install, check=True, capture_output=True)
    (site,) = (tmp_path / "venv").glob("lib/python*/site-packages")
    (site / "requirements.pth").write_text(sysconfig.get_path("purelib") + "\n")  # after the wheel's own files

    def told(*words: str) -> str:
        return subprocess.run([*map(str, words)], cwd=tmp_path, check=True, capture_output=True, text=True).stdout

    assert told(python, "-c", "import hybrid; print(hybrid.__file__)").startswith(str(site))
    hybrid = tmp_path / "venv" / "bin" / "hybrid"
    assert told(hybrid, "--version").split()[1] in Path(built).name
    result = json.loads(told(hybrid, "run", "h2", "--max-iterations", "3", "--json", "--quiet"))
    assert np.isfinite(result["value"])
    assert "m@2" in told(hybrid, "bench", "list") and "hybrid bench" in told(hybrid, "guide", "benchmark")
