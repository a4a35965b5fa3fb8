"""Findings without names of people and hosts, and without paths, for a report that others read."""

import getpass
import os
import platform
import re
import socket
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from hybrid.cli.doctor import software
from hybrid.cli.doctor.finding import Finding

PATH = re.compile(r"""(?:(?<![\w.])~?/|\b[A-Za-z]:\\)[^\s,;'"\[\]()]*""")
"""An absolute path, up to what may stand after it in a sentence or a command."""
USER_VARIABLES = ("USER", "LOGNAME", "USERNAME", "SUDO_USER")
HOST_VARIABLES = ("HOSTNAME", "COMPUTERNAME", "SLURMD_NODENAME", "SLURM_SUBMIT_HOST")


def anonymous(finding: Finding) -> Finding:
    """The finding with `<path>`, `<host>` and `<user>` in their places."""
    return finding._replace(text=without_names(finding.text), remedy=without_names(finding.remedy))


def without_names(text: str) -> str:
    """The text with every absolute path, the host's names and the user's names replaced."""
    for place in sorted(_places(), key=len, reverse=True):  # as a whole first, because a path may hold blanks
        text = re.sub(re.escape(place) + r"""[^\s,;'"\[\]()]*""", "<path>", text)
    text = PATH.sub("<path>", text)
    for word, names in (("<host>", {*_hosts()}), ("<user>", {*_users()})):
        for name in sorted(names, key=len, reverse=True):
            text = re.sub(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", word, text, flags=re.IGNORECASE)
    return text


def _places() -> set[str]:
    """Folders of this person and of this installation."""
    places = {Path.cwd(), Path(sys.prefix), Path(sys.executable).parent, software.PACKAGE}
    with suppress(RuntimeError):  # nobody's home
        places.add(Path.home())
    return {str(one) for place in places for one in (place, place.resolve()) if len(one.parts) > 1}


def _hosts() -> Iterator[str]:
    """The names of this machine, in full and up to the first dot."""
    found = [platform.node(), socket.gethostname(), *(os.environ.get(name, "") for name in HOST_VARIABLES)]
    yield from (name for full in found for name in (full, full.partition(".")[0]) if name)


def _users() -> Iterator[str]:
    """The names of the person at this machine."""
    with suppress(Exception):  # an account without a name
        yield getpass.getuser()
    with suppress(RuntimeError):
        yield from filter(None, [Path.home().name])
    yield from filter(None, (os.environ.get(name) for name in USER_VARIABLES))
