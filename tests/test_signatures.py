"""Records signed and verified with an SSH key, by OpenSSH."""

import json
import shutil
import subprocess

import pytest

from hybrid.runs.run import run
from hybrid.runs.spec import Spec

OPENSSH = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="OpenSSH is not installed")


@pytest.fixture(scope="module")
def signed(tmp_path_factory, command):
    """A folder of two finished runs, a key in it, and the id of the run that is signed."""
    folder = tmp_path_factory.mktemp("signed")
    ids = [run(Spec(problem="h2", max_evals=0, seed=seed), folder).id for seed in (1, 2)]
    for name in ("key", "other"):
        make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"{name}@example.org", "-f", str(folder / name)]
        subprocess.run(make, check=True)
    done = command("runs", "sign", ids[0], "--key", folder / "key", "--results", folder)
    assert done.code == 0 and "ED25519 key SHA256:" in " ".join(done.out.split())
    return folder, *ids


@OPENSSH
def test_whose_signature_it_is(signed, command):
    folder, name, _ = signed
    (folder / "allowed").write_text(f"me@example.org {(folder / 'key.pub').read_text()}")
    done = command("runs", "verify", name, "--results", folder, "--allowed", folder / "allowed", "--json")
    assert done.code == 0 and json.loads(done.out)["identity"] == "me@example.org"
    assert json.loads(command("runs", "verify", name, "--results", folder, "--json").out)["identity"] is None
    (folder / "strangers").write_text(f"you@example.org {(folder / 'other.pub').read_text()}")
    done = command("runs", "verify", name, "--results", folder, "--allowed", folder / "strangers")
    assert done.code == 4 and "nobody's in" in done.err


@OPENSSH
def test_a_signature_of_another_record_is_none_of_this(signed, command):
    """The other record is whole, its checksums right."""
    folder, name, other = signed
    shutil.copy(folder / f"{name}.jsonl.sig", folder / f"{other}.jsonl.sig")
    done = command("runs", "verify", other, "--results", folder)
    assert done.code == 4 and "no signature of" in done.err
    (folder / f"{other}.jsonl.sig").unlink()
    assert command("runs", "verify", other, "--results", folder).code == 2


@OPENSSH
def test_what_is_not_signed(signed, command):
    folder, name, other = signed
    again = command("runs", "sign", name, "--key", folder / "key", "--results", folder)
    assert again.code == 2 and "exists already" in again.err
    (folder / "text").write_text("no key")
    done = command("runs", "sign", other, "--key", folder / "text", "--results", folder)
    assert done.code == 2 and "cannot sign" in done.err
    unfinished = folder / "unfinished.jsonl"
    unfinished.write_text("".join((folder / f"{other}.jsonl").read_text().splitlines(keepends=True)[:-1]))
    done = command("runs", "sign", unfinished, "--key", folder / "key")
    assert done.code == 2 and "is unfinished" in done.err
    unfinished.unlink()


def test_without_openssh(tmp_path, command, monkeypatch):
    name = run(Spec(problem="h2", max_evals=0), tmp_path).id
    (tmp_path / "key").write_text("a key")
    monkeypatch.setenv("PATH", str(tmp_path))
    done = command("runs", "sign", name, "--key", tmp_path / "key", "--results", tmp_path)
    assert done.code == 69 and "OpenSSH" in done.err
