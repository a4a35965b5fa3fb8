"""Names of devices: the file of a profile, and the canonical text of profile and options."""

from pathlib import Path

from hybrid import catalog
from hybrid.base.errors import UsageError, shortened
from hybrid.base.files import looks_like_path, read_toml
from hybrid.device import options


def device_file(text: str) -> Path:
    """The profile that `text` names, options aside: built in, of a package, or a .toml file; UsageError otherwise."""
    head, _ = options.split(text)
    if looks_like_path(head):
        if not head.endswith(".toml"):
            raise UsageError(f"device '{shortened(head)}': a device profile is a .toml file.")
        return Path(head)
    return catalog.folder("devices") / f"{head}.toml" if built_in(head) else catalog.offer_of("devices", head).file


def built_in(head: str) -> bool:
    """Whether a device's name, its options aside, is that of a profile of this package."""
    return head in catalog.names("devices")


def device_text(text: str, dephasing: str | None = None) -> str:
    """Canonical `device:key=value,...`: options sorted, those that change nothing left out, a file by its fingerprint, what a
    package offers with its version.

    `dephasing` counts as an option; UsageError where it contradicts the options or the profile.
    """
    head, settings = options.split(text)
    path = device_file(text)
    if looks_like_path(head):
        name = catalog.fingerprint(path)
    else:
        name = head if built_in(head) else catalog.offer_text(catalog.offer_of("devices", head))
    if not settings and dephasing is None:
        return name
    checked = options.parse(path.stem, settings, options.offer(read_toml(path)[0]), dephasing)
    return f"{name}:{checked.text}" if checked.text else name
