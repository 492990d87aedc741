"""Scores on their way: what is done is written every half minute, so that an interrupted run goes on where it stopped.

Beside `scores.parquet` lies the folder `scores.parts` while its run is unfinished: `identity.json`, what is scored by
what, and one JSON file per shard. When all is done the table is written and the folder removed.
"""

import json
import shutil
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from nasbias.errors import InputError
from nasbias.files import written_atomically

EVERY = 30.0  # seconds between two shards

Result = dict[str, Any]  # of one architecture: its scores, and `failed` with the reason where there are none


class Shards:
    """The finished results of one run, by the architecture's place; kept in `folder`, or in memory where it is None."""

    def __init__(self, folder: Path | None, identity: dict[str, Any], every: float = EVERY) -> None:
        """Raises:
        InputError: the folder holds another run.
        """
        self.folder, self.identity, self.every = folder, identity, every
        self.results: dict[int, Result] = {}
        self._new: dict[int, Result] = {}
        self._written = time.monotonic()
        if folder is not None and folder.exists():
            self._read(folder)

    def _read(self, folder: Path) -> None:
        try:
            known = json.loads((folder / "identity.json").read_text())
            for path in sorted(folder.glob("shard-*.json")):
                self.results |= {int(place): result for place, result in json.loads(path.read_text()).items()}
            if not isinstance(known, dict):
                raise ValueError("its identity.json is no mapping")
        except (OSError, ValueError, AttributeError, RecursionError) as error:
            raise InputError(f"{folder}: can't be read as an unfinished run ({error}). Remove it to start.") from None
        if differing := [name for name in self.identity if known.get(name) != self.identity[name]]:
            raise InputError(
                f"{folder} holds an unfinished run with another {' and '.join(differing)}. Give another out, or remove "
                f"the folder to start."
            )

    def add(self, results: Iterable[tuple[int, Result]]) -> None:
        """Keep results; write them where half a minute has passed."""
        self._new |= dict(results)
        if time.monotonic() - self._written >= self.every:
            self.write()

    def write(self) -> None:
        """Write what is new as one more shard."""
        self.results |= self._new
        if self.folder is not None and self._new:
            if not (self.folder / "identity.json").exists():
                _write_json(self.folder / "identity.json", self.identity)
            _write_json(self.folder / f"shard-{min(self._new):07d}-{len(self._new)}.json", self._new)
        self._new = {}
        self._written = time.monotonic()

    def remove(self) -> None:
        """Take the folder away: the table is written."""
        if self.folder is not None and self.folder.exists():
            shutil.rmtree(self.folder)


def _write_json(path: Path, value: Any) -> None:
    with written_atomically(path) as temporary:
        temporary.write_text(json.dumps(value))  # NaN and infinity as Python's json writes and reads them
