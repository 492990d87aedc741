"""The folder a run leaves behind: which files there are, what they are called and which of them say how far it is (see
`nasbias.runs`). Read without torch."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nasbias.errors import InputError
from nasbias.files import list_temporaries, sweep_temporaries, to_json, unwritable, written_atomically
from nasbias.forms import FORM, check_form
from nasbias.locks import LOCK, Lock, locked
from nasbias.opening import checked_path
from nasbias.provenance import describe_provenance
from nasbias.runs.config import Training, read_config
from nasbias.runs.divergence import Diverged


class RunFolder:
    """Paths and files of one run."""

    def __init__(self, path: str | os.PathLike) -> None:
        """
        Raises:
            InputError: the path can't be looked at, or is no UTF-8, which safetensors asks of it.
        """
        self.path = checked_path(path)
        if any("\ud800" <= sign <= "\udfff" for sign in str(self.path)):
            raise InputError(f"{path}: the name of a run's folder must be UTF-8. Choose another.")

    @property
    def config(self) -> Training:
        """The run's configuration."""
        return read_config(self.path / "config.toml")

    @property
    def log(self) -> list[dict[str, Any]]:
        """One record per finished epoch."""
        path = self.path / "log.jsonl"
        return [_read_record(path, line) for line in _read_text(path).splitlines()] if path.exists() else []

    @property
    def epochs(self) -> list[int]:
        """Epochs whose checkpoint is kept, in order."""
        return sorted(
            int(path.stem.removeprefix("epoch-")) for path in self.path.glob("checkpoints/epoch-*.safetensors")
        )

    @property
    def is_claimed(self) -> bool:
        """Whether the folder holds a run, at whatever point.

        Raises:
            InputError: the path can't be looked at.
        """
        try:
            return (self.path / "config.toml").exists()
        except OSError as error:  # such as a name that is too long
            raise unwritable(self.path, error) from None

    @property
    def is_finished(self) -> bool:
        """Whether the last epoch's checkpoint is there: nothing of a run is written after it."""
        return self.config.epochs in self.epochs

    @property
    def failure(self) -> Diverged | None:
        """Where the run diverged, if it did."""
        path = self.path / "diverged.json"
        if not path.exists():
            return None
        try:
            return Diverged.of(read_object(path))
        except InputError:
            raise
        except (KeyError, TypeError, ValueError):
            raise InputError(f"{path}: does not say where a run diverged. Remove it, and the run goes on.") from None

    @property
    def is_settled(self) -> bool:
        """Whether the run has ended and nothing is left to be swept."""
        ended = self.failure is not None or (self.is_finished and self._tells_of(self.config.epochs))
        left = [
            self.latest.exists(),
            *map(list_temporaries, (self.path, self.checkpoints)),
            (self.path / LOCK).exists(),
        ]
        return ended and not any(left) and (self.path / "provenance.json").exists()

    def _tells_of(self, epoch: int) -> bool:
        return bool(self.log) and self.log[-1]["epoch"] == epoch

    @contextmanager
    def claimed(self, config: Training, contents: Mapping[str, str] | None = None) -> Iterator[Lock]:
        """Hold the folder for `config`: nobody else's run, no other process in it, no leftovers of a killed one.

        Args:
            contents: as in `create`.

        Raises:
            InputError: the folder holds another run or something else, is in use, or can't be written.
        """
        self.refuse_other(config)
        with locked(self.path) as lock:
            self.create(config, contents)
            sweep_temporaries(self.path)
            sweep_temporaries(self.checkpoints)
            yield lock

    def create(self, config: Training, contents: Mapping[str, str] | None = None) -> None:
        """Claim the folder for `config`; a folder that already holds the same configuration is left as it is.

        Args:
            contents: digests of what the configuration names but does not hold, such as a list of architectures; kept
                in provenance.json.

        Raises:
            InputError: the folder holds another run, or one that began with other contents.
        """
        self.refuse_other(config)
        path, about = self.path / "config.toml", self.path / "provenance.json"
        if not path.exists():
            text = config.to_toml()  # first: where tomli_w is missing, nothing is written
            with written_atomically(path) as temporary:
                temporary.write_text(text)
        if about.exists():
            self.refuse_changed(contents or {})
            return
        more = {"contents": dict(contents)} if contents else {}
        about_run = describe_provenance(seed=config.seed, identity=config.identity, **more)
        with written_atomically(about) as temporary:
            temporary.write_text(to_json({"form": FORM, **about_run}))

    def refuse_other(self, config: Training) -> None:
        """
        Raises:
            InputError: the folder holds another run, or something that is none.
        """
        if self.is_claimed:
            if self.config.identity != config.identity:
                raise InputError(
                    f"{self.path} holds another run (see its config.toml). Choose another --out, or remove it."
                )
            return
        if self.path.is_dir():
            own = {LOCK, *(path.name for path in list_temporaries(self.path))}
            if any(path.name not in own for path in self.path.iterdir()):
                raise InputError(f"{self.path} is not empty and holds no run. Choose another --out.")

    def refuse_changed(self, contents: Mapping[str, str]) -> None:
        """
        Raises:
            InputError: the run began with other contents (those of `create`). Folders of earlier versions have no
                digests, and are taken as they are.
        """
        about = self.path / "provenance.json"
        kept = read_object(about).get("contents") if about.exists() else None
        kept = kept if isinstance(kept, dict) else {}
        changed = [name for name in contents if name in kept and kept[name] != contents[name]]
        if changed:
            raise InputError(
                f"{self.path} began with other {' and '.join(changed)}: the same name, other contents now. Bring the "
                f"old ones back, or choose another --out."
            )

    @property
    def checkpoints(self) -> Path:
        """Where the states are."""
        return self.path / "checkpoints"

    def checkpoint(self, epoch: int) -> Path:
        """Path of an epoch's checkpoint."""
        return self.checkpoints / f"epoch-{epoch:04d}.safetensors"

    @property
    def groups(self) -> Path:
        """A table of the groups of its sharing plan, where the run has one; plan file:PATH takes it."""
        return self.path / "groups.csv"

    def write_log(self, records: Iterable[dict[str, Any]]) -> None:
        """Replace the log; the states hold it too, so that it can be made again."""
        with written_atomically(self.path / "log.jsonl") as temporary:
            temporary.write_text("".join(json.dumps({"form": FORM, **record}) + "\n" for record in records))

    @property
    def latest(self) -> Path:
        """The state to resume from; removed when the run has ended."""
        return self.checkpoints / "latest.safetensors"

    def end(self, failure: Diverged | None = None) -> None:
        """Sweep what an ended run needs no more; with `failure` that is what ends it."""
        if failure is not None:
            with written_atomically(self.path / "diverged.json") as temporary:
                temporary.write_text(to_json({"form": FORM, **failure.to_plain()}))
        self.latest.unlink(missing_ok=True)


def read_object(path: Path) -> dict[str, Any]:
    """What a JSON file of ours holds, without its form.

    Raises:
        InputError: it can't be read, is no JSON object, or is of a later form.
    """
    return _decoded(path, _read_text(path))


def _read_record(path: Path, line: str) -> dict[str, Any]:
    """A line of a log: at least which epoch it tells of, and how many seconds that took."""
    record = _decoded(path, line)
    for name, kinds in (("epoch", int), ("seconds", (int, float))):
        if not isinstance(record.get(name), kinds) or isinstance(record[name], bool):
            raise _unlike(path, f"a record whose {name} is no number")
    return record


def _read_text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror}).") from None


def _decoded(path: Path, text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
        if isinstance(found, dict):
            check_form(found.pop("form", None), str(path))
            return found
        reason = "no JSON object"
    except InputError:
        raise
    except (ValueError, RecursionError) as error:
        reason = str(error)
    raise _unlike(path, reason)


def _unlike(path: Path, reason: str) -> InputError:
    return InputError(f"{path}: not as nasbias wrote it ({reason}). Remove it; what it tells is made again.")


def read_run(path: str | os.PathLike, space: str) -> Training:
    """The configuration of a run folder of `space`.

    Raises:
        InputError: no run folder, or a run of another space.
    """
    config = RunFolder(path).config
    if config.space != space:
        raise InputError(f"{path} is a run of {config.space}, not of {space}. Set --space.")
    return config
