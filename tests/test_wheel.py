"""What is built holds every file that the package reads."""

import subprocess
import zipfile
from pathlib import Path

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
