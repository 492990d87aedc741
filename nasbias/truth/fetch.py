"""Where the official files are, and the download of those that have an address and a known hash.

NAS-Bench-101's hashes are its publishers'; NAS-Bench-201's files have the end of theirs in their names. Files put here
by hand are compared with them too. NAS-Bench-201 is on Google Drive only, which hands such large files to a browser:
`fetch` says what to get there and how to import it.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nasbias.digests import compare_digests
from nasbias.errors import InputError, unknown
from nasbias.files import data_folder
from nasbias.tables import list_shipped
from nasbias.tables.shipped import PREFIX

_P2_DATA = "the data folder of github.com/matluster/anonymous-2102"
_NASBENCH = "https://storage.googleapis.com/nasbench/"


@dataclass(frozen=True)
class Source:
    """One published file: `url` and `sha256` where it can be fetched, else `page`, where a person gets it."""

    space: str
    name: str
    file: str
    size: str
    url: str = ""
    sha256: str = ""
    page: str = ""
    pip: str = ""


SOURCES = (
    Source(
        "nb101", "only108", "nasbench_only108.tfrecord", "499 MB", f"{_NASBENCH}nasbench_only108.tfrecord",
        "4c39c3936e36a85269881d659e44e61a245babcb72cb374eacacf75d0e5f4fd1",
    ),
    Source(
        "nb101", "full", "nasbench_full.tfrecord", "1.95 GB", f"{_NASBENCH}nasbench_full.tfrecord",
        "3d64db8180fb1b0207212f9032205064312b6907a3bbc81eabea10db2f5c7e9c",
    ),
    Source(
        "nb201", "official", "NAS-Bench-201-v1_1-096897.pth", "4.7 GB",
        page="the Google Drive link in the README of github.com/D-X-Y/NAS-Bench-201",
    ),
    Source(
        "nb201", "nats", "NATS-tss-v1_0-3ffb9-simple", "a folder of 15,626 files",
        page="the Google Drive link in the README of github.com/D-X-Y/NATS-Bench",
    ),
    Source("nb201", "analog-nasbench", "data.anb", "5.6 MB", pip="nasbias[analog]"),
    Source("darts", "p2", "darts-cifar10.csv", "under 1 MB", page=_P2_DATA),
    Source("ptb", "p2", "ptb.csv", "under 1 MB", page=_P2_DATA),
    Source(
        "nb-macro", "official", "nas-bench-macro_cifar10.json", "under 5 MB",
        page="the data folder of github.com/xiusu/NAS-Bench-Macro",
    ),
)  # fmt: skip


_ENDS_IN_MD5 = re.compile(r"NAS-Bench-201-v\d_\d-([0-9a-f]{6})\.pth")  # md5sum's last six digits


def compare_published(path: Path) -> str:
    """Whether a file is one of those published, by its digest: `matched`, `differs` or `unknown`, and what was compared
    (`nasbias.digests`). Folders have none."""
    published = {source.file: source.sha256 for source in SOURCES if source.sha256}
    if named := _ENDS_IN_MD5.fullmatch(path.name):
        published = {path.name: named[1]}
    return compare_digests([path] if path.is_file() else [], published)


def remedy(space: str) -> str:
    """The one command that gets a truth of a space here: from where it is published, else by training a few alone."""
    known = [source for source in SOURCES if source.space == space]
    installed = next((source for source in known if source.pip), None)
    if installed:
        return f"pip install '{installed.pip}'"
    if any(source.url for source in known) or space == "nb-macro":  # which has no supernet here, so nothing to train
        return f"python -m nasbias.truth fetch {space}"
    has_predictions = f"{space.replace('-', '_')}_predictions" in list_shipped(space)
    among = f" --architectures {PREFIX}{space}" if has_predictions else ""  # so that what was predicted gets a truth
    small = "--hidden 64 --train-size 40000" if space == "ptb" else "--train-size 4000 --resolution 16"
    return (
        f"python -m nasbias.train --space {space}{among} --standalone-sample 12 --epochs 2 {small} "
        f"--out runs/{space}-truth, then --truth runs/{space}-truth/truth.parquet"
    )


def find_source(space: str, name: str | None = None) -> Source:
    """The published file called `name`, or the first of the space that can be fetched, else its first.

    Raises:
        InputError: none, or none of that name.
    """
    known = [source for source in SOURCES if source.space == space]
    if not known:
        spaces = ", ".join(dict.fromkeys(source.space for source in SOURCES))
        raise InputError(
            f"nothing of {space} can be fetched (known: {spaces}). Import a file that you have: "
            f"python -m nasbias.truth import {space} PATH --name NAME"
        )
    if name is None:
        return next((source for source in known if source.url), known[0])
    for source in known:
        if source.name == name:
            return source
    raise unknown(f"published file of {space}", name, [source.name for source in known])


def fetch(source: Source) -> Path:
    """The file, downloaded (or found) in the data folder, its SHA-256 checked.

    Raises:
        InputError: no address, no network, or another hash; the message says which file to put where, and what then.
    """
    if source.pip:
        raise InputError(f"{source.name} is a Python package: pip install '{source.pip}'. It needs no import.")
    target = data_folder() / "downloads" / source.file
    then = f"python -m nasbias.truth import {source.space} {target} --name {source.name}"
    if not source.url:
        if target.exists():
            return target
        raise InputError(
            f"{source.file} ({source.size}) has no address to fetch from. Get it from {source.page}, then: {then}"
        )
    import pooch

    quiet = pooch.get_logger()
    quiet.setLevel("WARNING")
    try:
        known_hash = f"sha256:{source.sha256}"
        found = pooch.retrieve(source.url, known_hash, fname=source.file, path=target.parent, progressbar=_bar())
    except ValueError:
        raise InputError(f"{source.url} is not the published file: its SHA-256 is not {source.sha256}.") from None
    except Exception as error:  # requests, urllib3, ftplib and OSError: all mean that it can't be had
        raise InputError(
            f"can't fetch {source.file} ({type(error).__name__}). Put it at {target} (from {source.url}, "
            f"{source.size}), then: {then}"
        ) from None
    return Path(found)


class _Progress:
    """pooch's progress interface over rich, on standard error."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

        columns = (*Progress.get_default_columns()[:2], DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
        self.bar = Progress(*columns, console=Console(stderr=True), transient=True)
        self.task = self.bar.add_task("downloading", total=None)
        self.done, self._total = 0, 0

    @property
    def total(self) -> int:
        return self._total

    @total.setter
    def total(self, total: int) -> None:
        self._total = total
        self.bar.update(self.task, total=total or None)
        self.bar.start()

    def update(self, n: int) -> None:
        self.done += n
        self.bar.update(self.task, completed=self.done)

    def reset(self) -> None:
        self.done = 0
        self.bar.update(self.task, completed=0)

    def close(self) -> None:
        self.bar.stop()


def _bar() -> Any:
    import sys

    return _Progress() if sys.stderr.isatty() else False
