"""A package with its problem left out: no text and no number of the problem is anywhere in it, archive included."""

import csv
import io
import re
import zipfile
from dataclasses import fields, is_dataclass, replace

import pytest
from rehearsals import rehearsed

import hybrid
from hybrid.device.naming import device_file
from hybrid.figures.rehearsal_package import drawn, write_package
from hybrid.rehearsal.package.redaction import HIDDEN, OWN_PROFILE, REVEALS, redacted
from hybrid.rehearsal.package.verification import verify
from hybrid.rehearsal.rehearsal import CRITERIA, Rehearsal
from hybrid.runs.spec import Spec

PRICES = """week,Zanzibarium,Quokkatech,Plovdivex
2025-01-03,3517.41,871.29,64.183
2025-01-10,3522.97,866.53,65.271
2025-01-17,3498.06,879.94,64.902
2025-01-24,3561.38,874.17,66.375
"""
PLANTED = "Zanzibarium"
LEAST_LETTERS = 4
"""Shorter texts of a table, such as a share of 1.0, occur anywhere."""


def everything(folder):
    """Every text of a package by name: the folder's files, and those of the archive."""
    found = {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with zipfile.ZipFile(folder.with_name(f"{folder.name}.zip")) as archive:
        found |= {f"zip:{name}": archive.read(name) for name in archive.namelist()}
    return {name: content.decode("utf-8", errors="replace") for name, content in found.items()} | {"names": " ".join(found)}


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """A rehearsal as the command makes it, of a company's prices; its results and its package."""
    folder = tmp_path_factory.mktemp("redacted")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        (folder / "Quokka_prices.csv").write_text(PRICES)
        spec = Spec(problem="portfolio:prices=Quokka_prices.csv,pick=2", shots=100, max_evals=2)
        rehearsal = hybrid.rehearse(spec, ["VLQ"], hours=1.0, max_time=20.0)
        written = write_package(rehearsal, "pack/evidence", "results", redact=True)
        yield rehearsal, folder / "results", folder / "pack/evidence", written


def test_no_text_of_the_table_is_in_it(played):
    *_, folder, _ = played
    table = {cell for row in csv.reader(io.StringIO(PRICES)) for cell in row if len(cell) >= LEAST_LETTERS}
    assert {"Zanzibarium", "3517.41", "64.183", "2025-01-03"} <= table
    for name, text in everything(folder).items():
        for secret in (*table - {"week"}, "Quokka", "prices", "pick=2"):
            assert secret.lower() not in text.lower(), (name, secret)


def test_the_plain_package_would_show_them(played, tmp_path):
    """The search above finds what is there."""
    rehearsal, results, *_ = played
    text = "".join(everything(write_package(rehearsal, tmp_path / "plain", results).folder).values())
    assert all(secret in text for secret in ("Zanzibarium", "3517.41", "Quokka_prices.csv", "pick=2"))


def test_neither_ids_nor_digests_nor_values_are_in_it(played):
    """By an id, which is a hash of the inputs, a guess of the problem could be tried out without a simulator."""
    rehearsal, _, folder, _ = played
    runs = [run for verdict in rehearsal.devices for run in verdict.runs] + [rehearsal.noiseless]
    texts = everything(folder)
    secrets = {run.id for run in runs} | {run.digest[:12] for run in runs} | {f"{rehearsal.exact:.8f}"[:9]}
    assert not [(name, secret) for name, text in texts.items() for secret in secrets if secret in text]
    assert not [name for name in texts if "records/" in name or "circuits/" in name or "inputs/" in name]


def test_it_says_what_it_reveals_and_can_be_verified(played):
    *_, folder, _ = played
    assert REVEALS in (folder / "README.md").read_text() and REVEALS in (folder / "report.html").read_text()
    verification = verify(folder, drawn, lambda rehearsal, records: rehearsal)
    assert not verification.failed
    assert [one.what for one in verification.findings if one.holds is None] == ["records"]


def planted(value):
    """The value with the secret in every text and every key that is not one of ours."""
    if is_dataclass(value):
        return replace(value, **{field.name: planted(getattr(value, field.name)) for field in fields(value)})
    if hasattr(value, "_fields"):
        return type(value)(*map(planted, value))
    if isinstance(value, tuple | list):
        return type(value)(map(planted, value))
    if isinstance(value, dict):
        return {key: planted(one) for key, one in value.items()} | {PLANTED: PLANTED}
    return f"{value} {PLANTED}" if isinstance(value, str) else value


KEPT = ("device", "machine", "word", "binding", "variants", "billed", "versions", "native_gates", "caveat", "title")
"""Texts of ours: of built-in profiles and their bills, and versions."""


def test_whatever_a_text_says_it_stays_out(played):
    """The secret in every text of a rehearsal but those that come from the device's profile and this package."""
    rehearsal = played[0]
    secret = planted(rehearsal)
    devices = []
    for plain, one in zip(rehearsal.devices, secret.devices, strict=True):
        kept = {name: getattr(plain, name) for name in KEPT if hasattr(plain, name)}
        circuit = one.circuit._replace(native_gates=plain.circuit.native_gates)
        criteria = tuple(found._replace(name=name) for found, name in zip(one.criteria, CRITERIA, strict=True))
        flips = tuple(flip._replace(key="k", unit="%") for flip in one.flips)
        remedy = one.remedy and one.remedy._replace(verdict="GO")
        devices.append(replace(one, **kept, circuit=circuit, criteria=criteria, flips=flips, remedy=remedy))
    ours = {"versions": rehearsal.versions, "caveat": rehearsal.caveat, "ranking": rehearsal.ranking}
    secret = replace(secret, devices=tuple(devices), **ours)
    skipped = tuple(
        one._replace(step=was.step, device=was.device) for one, was in zip(secret.skipped, rehearsal.skipped, strict=True)
    )
    secret = replace(secret, skipped=skipped, noiseless=secret.noiseless._replace(step="noiseless", device="ideal"))
    assert PLANTED in str(secret.to_json())
    assert PLANTED not in str(redacted(secret, secret.spec).to_json())


def test_values_are_shares_of_the_way_from_guessing_to_exact(tmp_path):
    rehearsal = rehearsed(Spec(problem="h2", shots=200, max_evals=4), tmp_path, devices=("iqm-star-24",))
    rehearsal = replace(rehearsal, guessing=-0.3)
    hidden = redacted(rehearsal, {"algorithm": "vqe:x=1", "ansatz": "./secret.py:mine", "shots": 200})
    share = (rehearsal.best.value + 0.3) / (rehearsal.exact + 0.3)
    assert hidden.best.value == pytest.approx(share, abs=5e-5)  # rounded to four digits
    assert hidden.best.stderr == pytest.approx(rehearsal.best.stderr / abs(rehearsal.exact + 0.3), abs=5e-5)
    assert hidden.best.interval["low"] < hidden.best.interval["high"] and hidden.maximize
    assert (hidden.exact, hidden.guessing, hidden.unit) == (1.0, 0.0, "")
    assert hidden.spec == {"algorithm": "vqe", "ansatz": HIDDEN, "shots": 200}
    assert not re.search(r"\bh2\b|Ha\b|Hartree", str(hidden.to_json()))
    unknown = redacted(replace(rehearsal, guessing=None), {})
    assert unknown.best.value is None and unknown.noiseless is None and unknown.exact is None


def test_a_profile_of_ones_own_is_not_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    profile = device_file("iqm-star-24").read_text()
    (tmp_path / "plovdiv.toml").write_text(profile)
    rehearsal = rehearsed(Spec(problem="h2", shots=50, max_evals=2), tmp_path / "results", devices=("./plovdiv.toml",))
    hidden: Rehearsal = redacted(rehearsal, {})
    assert hidden.best.device == OWN_PROFILE and hidden.best.billed["rule"] == HIDDEN and "plovdiv" not in str(hidden.to_json())
