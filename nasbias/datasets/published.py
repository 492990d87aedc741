"""Image sets known by name: where their files are published, the published hashes, and where they lie here.

A name is looked up in `images/` of the data folder ($NASBIAS_DATA). `fetch` downloads what is published and checks it
against the hash its publisher states; whoever is offline puts the files there by hand.
"""

import contextlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from nasbias.digests import compare_digests
from nasbias.errors import InputError, unknown
from nasbias.files import data_folder
from nasbias.opening import checked_path, home


@dataclass(frozen=True)
class Published:
    """An image set that can be fetched. The md5 are the publishers' own."""

    name: str
    describes: str
    url: str  # of the folder that holds the files
    files: dict[str, str]  # file name -> md5
    folder: str = ""  # below images/, where the files make one set only together
    also: tuple[str, ...] = ()  # what else counts as this set, below images/ or absolute

    @property
    def place(self) -> Path:
        """The folder its files belong in."""
        return images_folder() / self.folder

    @property
    def candidates(self) -> list[Path]:
        own = [self.place] if self.folder else [self.place / name for name in self.files]
        return [*own, *(images_folder() / other for other in self.also)]


_TORONTO = "https://www.cs.toronto.edu/~kriz/"
PUBLISHED = {
    one.name: one
    for one in (
        Published(
            "cifar10",
            "50,000 + 10,000 RGB images 32x32 of 10 classes",
            _TORONTO,
            {"cifar-10-python.tar.gz": "c58f30108f718f92721af3b95e74349a"},
            also=("cifar-10-batches-py", "cifar-10-binary.tar.gz", "cifar-10-batches-bin"),
        ),
        Published(
            "cifar100",
            "50,000 + 10,000 RGB images 32x32 of 100 classes",
            _TORONTO,
            {"cifar-100-python.tar.gz": "eb9058c3a382ffc7106e4002c42a8d85"},
            also=("cifar-100-python", "cifar-100-binary.tar.gz", "cifar-100-binary"),
        ),
        Published(
            "fashion-mnist",
            "60,000 + 10,000 gray images 28x28 of 10 classes",
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
            {
                "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
                "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
                "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
                "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
            },
            folder="fashion-mnist",
            also=("/usr/share/datasets/fashion-mnist",),  # Debian's package dataset-fashion-mnist
        ),
    )
}


# Of the files that CIFAR's archives are extracted to, as torchvision checks them, and of the binary archives.
_EXTRACTED = {
    "data_batch_1": "c99cafc152244af753f735de768cd75f",
    "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
    "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
    "data_batch_4": "634d18415352ddfa80567beed471001a",
    "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
    "test_batch": "40351d587109b95175f43aff81a1287e",
    "train": "16019d7e3df5f24257cddd939b257f8d",
    "test": "f0ef6b0ae62326f3e7ffdfab6717acfc",
}
_BINARY = {
    "cifar-10-binary.tar.gz": "c32a1d4ab5d03f1284b67883e8d87530",
    "cifar-100-binary.tar.gz": "03b5dce01913d631647c71ecec9e9cb8",
}


def compare_published(path: Path) -> str:
    """Whether a file or folder is a published set, by its digests: `matched`, `differs` or `unknown`, and what was
    compared (`nasbias.digests`). Of CIFAR's binary folders and of idx files that are not gzipped none is published."""
    published = {name: md5 for one in PUBLISHED.values() for name, md5 in one.files.items()} | _BINARY
    if path.is_file():
        return compare_digests([path], published)
    inside = [file for pattern in ("*", "*/*") for file in path.glob(pattern) if file.is_file()]
    published |= _EXTRACTED
    return compare_digests([file for file in inside if file.name in published], published)


def images_folder() -> Path:
    return data_folder() / "images"


def find(name: str) -> Path | None:
    """Where a set of this name lies: a published set's files, or what the user put into images/ under the name."""
    candidates = PUBLISHED[name].candidates if name in PUBLISHED else []
    own = [images_folder() / name, images_folder() / f"{name}.parquet"] if name == Path(name).name else []
    for path in [*candidates, *own]:
        if path.is_file() or (path.is_dir() and any(path.iterdir())):
            return path
    return None


def locate(name_or_path: str | Path) -> Path:
    """The path of a set given by name or by path; a name comes first.

    Raises:
        InputError: neither; for a published name the line says how to get it.
    """
    name = str(name_or_path)
    path = checked_path(home(name_or_path))
    found = find(name)
    if found is not None:
        return found
    if path.exists():
        return path
    if name in PUBLISHED:
        known = PUBLISHED[name]
        raise InputError(
            f"{name} is not here yet. Run python -m nasbias.datasets fetch {name}, or put {' and '.join(known.files)} "
            f"into {known.place}, or give a path."
        )
    if path.name != name:
        raise InputError(f"{path}: no such file or folder.")
    raise unknown("image set", name, known_names())


def known_names() -> list[str]:
    """Every name `load_images` takes now: digits, the published ones, the user's own in images/."""
    folder = images_folder()
    taken = {path.name for one in PUBLISHED.values() for path in one.candidates}
    own = sorted(path for path in folder.iterdir() if path.name not in taken) if folder.is_dir() else []
    names = [path.stem if path.suffix == ".parquet" else path.name for path in own if path.suffix in ("", ".parquet")]
    return list(dict.fromkeys(["digits", *PUBLISHED, *names]))


def fetch(name: str, mirror: str | None = None, timeout: float = 30) -> Path:
    """Download a published set into images/, unless it is there already; return where it lies.

    Args:
        mirror: URL of a folder that holds the same files, instead of the publisher's.

    Raises:
        InputError: unknown name, no connection, or a file whose hash is not the published one (it is not kept).
    """
    if name not in PUBLISHED:
        raise unknown("published image set", name, PUBLISHED)
    known = PUBLISHED[name]
    import pooch
    import requests

    pooch.get_logger().setLevel(logging.ERROR)
    url = mirror or known.url
    for file, md5 in known.files.items():
        source = f"{url.rstrip('/')}/{file}"
        try:
            with _progress_bar(file) as bar:
                downloader: Any = pooch.HTTPDownloader(progressbar=bar, timeout=timeout)
                pooch.retrieve(source, f"md5:{md5}", file, known.place, downloader=downloader)
        except requests.RequestException as error:
            reason = f"answer {error.response.status_code} from" if error.response is not None else "no connection to"
            raise InputError(
                f"can't download {file} ({reason} {urlsplit(source).netloc}). Get it from {known.url}{file} "
                f"(md5 {md5}) by other means and put it into {known.place}."
            ) from None
        except ValueError as error:  # pooch, where the hash differs
            raise InputError(f"{source}: not the published file (md5 should be {md5}); nothing kept. {error}") from None
        except OSError as error:
            raise InputError(f"can't write to {known.place}: {error}.") from None
    return known.candidates[0]


@contextlib.contextmanager
def _progress_bar(description: str) -> Iterator[Any]:
    """A bar with the four things pooch asks of one; False (no bar) where standard error is not a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield False
        return
    columns = (TextColumn(description), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        yield _Bar(progress)


class _Bar:
    def __init__(self, progress: Any) -> None:
        self._progress, self._task = progress, progress.add_task("", total=None)

    @property
    def total(self) -> float | None:
        return self._progress.tasks[0].total

    @total.setter
    def total(self, value: float) -> None:
        self._progress.update(self._task, total=value)

    def update(self, amount: float) -> None:
        self._progress.advance(self._task, amount)

    def reset(self) -> None:
        self._progress.reset(self._task, total=self.total)

    def close(self) -> None:
        self._progress.stop()
