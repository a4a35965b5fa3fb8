"""Devices side by side: bands of the value within their profiles' ranges, and no order where bands overlap."""

from collections.abc import Sequence

from hybrid.rehearsal.rehearsal import DeviceVerdict


def band(one: DeviceVerdict) -> tuple[float, float] | None:
    """Where the value of infinitely many shots may lie: the device interval, or the value alone where there is none."""
    if one.limit is None:
        return None
    known = one.interval is not None and "left_out" not in one.interval
    ends = (one.interval["low"], one.interval["high"]) if one.interval is not None and known else ()
    return min((one.limit, *ends)), max((one.limit, *ends))


def ranking(verdicts: Sequence[DeviceVerdict], *, maximize: bool) -> tuple[tuple[str, ...], ...]:
    """Devices, best first; those whose bands overlap, directly or by way of others, stand together and are not told apart."""
    bands = {one.device: found for one in verdicts if (found := band(one)) is not None}
    ordered = sorted(bands, key=lambda name: (-bands[name][1], name) if maximize else (bands[name][0], name))
    groups: list[list[str]] = []
    reach = 0.0
    for name in ordered:
        low, high = bands[name]
        apart = not groups or (high < reach if maximize else low > reach)
        if apart:
            groups.append([])
        groups[-1].append(name)
        end = low if maximize else high
        reach = end if apart else min(reach, end) if maximize else max(reach, end)
    return tuple(map(tuple, groups))
