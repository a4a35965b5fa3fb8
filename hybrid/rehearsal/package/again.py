"""The rehearsal of a package made again from its records: nothing is measured that they hold."""

import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from hybrid.rehearsal.package.contents import with_paths_of
from hybrid.rehearsal.package.inputs import Inputs
from hybrid.rehearsal.rehearsal import Rehearsal
from hybrid.rehearsal.rehearse import rehearse
from hybrid.runs.spec import Spec


def rehearsed_again(rehearsal: Rehearsal, records: Path, watch: Callable[[str], None] = lambda text: None) -> Rehearsal:
    """The rehearsal with its paths as in the package, whose folder is the working folder; `records` are left as they are.

    UsageError and RecordError as `hybrid.rehearse`.
    """
    with TemporaryDirectory() as folder:
        results = Path(folder)
        for path in sorted(records.glob("*.jsonl")):
            shutil.copyfile(path, results / path.name)
        made = rehearse(
            Spec.as_given(rehearsal.spec),
            [verdict.device for verdict in rehearsal.devices],
            hours=rehearsal.hours_asked,
            max_time=rehearsal.max_time_s,
            results=results,
            begin=watch,
        )
        return with_paths_of(made, Inputs())
