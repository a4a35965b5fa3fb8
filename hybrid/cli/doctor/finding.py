"""One result of a check."""

from typing import Literal, NamedTuple


class Finding(NamedTuple):
    """The result of one check. `note`: a remark; `broken`: no run can work. `remedy`: a command, or what to do."""

    topic: str
    name: str
    state: Literal["ok", "note", "broken"]
    text: str
    remedy: str = ""
