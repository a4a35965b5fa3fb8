"""What a look at the machine finds."""

from typing import Literal, NamedTuple


class Finding(NamedTuple):
    """One thing looked at. `note`: worth knowing; `broken`: no run can work. `remedy`: the command, or what to do."""

    topic: str
    name: str
    state: Literal["ok", "note", "broken"]
    text: str
    remedy: str = ""
