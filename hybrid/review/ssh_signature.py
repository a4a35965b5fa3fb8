"""A record signed with the user's own SSH key, and a signature verified, both by OpenSSH's `ssh-keygen -Y`."""

import re
import subprocess
from pathlib import Path
from typing import Any, NamedTuple, final

from hybrid.base.errors import CheckFailed, MissingPart, UsageError, shortened
from hybrid.base.files import check_file
from hybrid.runs.results_folder import read

NAMESPACE = "hybrid-record"
"""What the signature is for: the same key's signatures of mail or commits are none of records."""


@final
class SshSignature(NamedTuple):
    """A signature that holds: kind and fingerprint of its key; `identity` is whose key it is, None if that was not asked."""

    record: str
    file: str
    kind: str
    fingerprint: str
    identity: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As one JSON object."""
        return self._asdict()


def sign(path: Path, key: Path) -> SshSignature:
    """Sign a finished record; the signature is the file `ID.jsonl.sig` beside it.

    RecordError: a damaged record. UsageError: unfinished, already signed, or a key that cannot sign. MissingPart: no OpenSSH.
    """
    if read(path).stop is None:
        raise UsageError(f"{path}: is unfinished; a record is signed once it is finished.")
    check_file(key)
    signed = _keygen("sign", "-f", str(key), about=path.read_bytes())
    if signed.returncode:
        raise UsageError(f"{key}: cannot sign: {_last_line(signed.stderr)}.")
    target = _beside(path)
    try:
        with target.open("xb") as file:
            file.write(signed.stdout)
    except FileExistsError:
        raise UsageError(f"{target}: exists already; move it away to sign again.") from None
    except OSError as error:
        raise UsageError(f"{target}: cannot be written ({error.strerror}).") from None
    return verify(path)


def verify(path: Path, allowed: Path | None = None) -> SshSignature:
    """The signature of a record; `allowed` is a file of keys and their owners (ssh-keygen(1), ALLOWED SIGNERS).

    CheckFailed: the signature is not of this record, or nobody's in `allowed`. Other errors as `sign`.
    """
    read(path)
    target, content = _beside(path), path.read_bytes()
    check_file(target)
    checked = _keygen("check-novalidate", "-s", str(target), about=content)
    key = re.search(rb"signature with (\S+) key (\S+)", checked.stdout)
    if checked.returncode or key is None:
        raise CheckFailed(f"{target}: is no signature of {path.name}: {_last_line(checked.stderr or checked.stdout)}.")
    signature = SshSignature(str(path), str(target), key[1].decode(), key[2].decode())
    return signature if allowed is None else signature._replace(identity=_identity(signature, allowed, content))


def _identity(signature: SshSignature, allowed: Path, content: bytes) -> str:
    check_file(allowed)
    found = _keygen("find-principals", "-s", signature.file, "-f", str(allowed), about=content)
    for identity in found.stdout.decode(errors="replace").splitlines():
        checked = _keygen("verify", "-s", signature.file, "-f", str(allowed), "-I", identity, about=content)
        if checked.returncode == 0:
            return shortened(identity)
    raise CheckFailed(f"{signature.file}: signed with {signature.kind} key {signature.fingerprint}, nobody's in {allowed}.")


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.sig")


def _keygen(what: str, *words: str, about: bytes) -> subprocess.CompletedProcess[bytes]:
    """It asks for a passphrase in the terminal, not on stdin."""
    line = ["ssh-keygen", "-Y", what, *words] + ([] if what == "find-principals" else ["-n", NAMESPACE])
    try:
        return subprocess.run(line, input=about, capture_output=True, check=False)
    except FileNotFoundError:
        raise MissingPart("ssh-keygen is not installed: signatures need OpenSSH 8.2 or later.") from None


def _last_line(text: bytes) -> str:
    return shortened((text.decode(errors="replace").strip().splitlines() or ["no reason given"])[-1].rstrip("."), 200)
