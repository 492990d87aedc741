"""The folder a run leaves behind: which files there are and what they are called. Read without torch."""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from nasbias.errors import InputError
from nasbias.files import to_json, written_atomically
from nasbias.provenance import describe_provenance
from nasbias.runs.config import Training, read_config


class RunFolder:
    """Paths and files of one run."""

    def __init__(self, path: str | os.PathLike) -> None:
        self.path = Path(path)

    @property
    def config(self) -> Training:
        """The run's configuration."""
        return read_config(self.path / "config.toml")

    @property
    def log(self) -> list[dict[str, Any]]:
        """One record per finished epoch."""
        path = self.path / "log.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    @property
    def epochs(self) -> list[int]:
        """Epochs whose checkpoint is kept, in order."""
        return sorted(
            int(path.stem.removeprefix("epoch-")) for path in self.path.glob("checkpoints/epoch-*.safetensors")
        )

    @property
    def is_finished(self) -> bool:
        """Whether the last epoch's checkpoint is there."""
        return self.config.epochs in self.epochs

    def create(self, config: Training) -> None:
        """Claim the folder for `config`; a folder that already holds the same configuration is left as it is.

        Raises:
            InputError: the folder holds another run.
        """
        path = self.path / "config.toml"
        if path.exists():
            if self.config.identity != config.identity:
                raise InputError(
                    f"{self.path} holds another run (see its config.toml). Choose another --out, or remove it."
                )
            return
        if self.path.exists() and any(self.path.iterdir()):
            raise InputError(f"{self.path} is not empty and holds no run. Choose another --out.")
        text = config.to_toml()  # first: where tomli_w is missing, nothing is written
        with written_atomically(self.path / "provenance.json") as temporary:
            temporary.write_text(to_json(describe_provenance(seed=config.seed, identity=config.identity)))
        with written_atomically(path) as temporary:
            temporary.write_text(text)

    def checkpoint(self, epoch: int) -> Path:
        """Path of an epoch's checkpoint."""
        return self.path / "checkpoints" / f"epoch-{epoch:04d}.safetensors"

    @property
    def groups(self) -> Path:
        """A table of the groups of its sharing plan, where the run has one; plan file:PATH takes it."""
        return self.path / "groups.csv"

    def write_log(self, records: Iterable[dict[str, Any]]) -> None:
        """Replace the log: it always tells of the same epochs as the state it is written with."""
        with written_atomically(self.path / "log.jsonl") as temporary:
            temporary.write_text("".join(json.dumps(record) + "\n" for record in records))

    @property
    def latest(self) -> Path:
        """The state to resume from; removed when the run is finished."""
        return self.path / "checkpoints" / "latest.safetensors"


def read_run(path: str | os.PathLike, space: str) -> Training:
    """The configuration of a run folder of `space`.

    Raises:
        InputError: no run folder, or a run of another space.
    """
    config = RunFolder(path).config
    if config.space != space:
        raise InputError(f"{path} is a run of {config.space}, not of {space}. Set --space.")
    return config
