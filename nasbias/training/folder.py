"""The folder a run leaves behind, and its checkpoints.

A checkpoint is one safetensors file: `network.*` the weights, `momentum.*` the optimiser's, `random.*` the generators,
and in its metadata the JSON that resuming needs. One file, renamed into place, so it is whole or absent."""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
from torch import Tensor

from nasbias.errors import InputError
from nasbias.files import to_json, written_atomically
from nasbias.provenance import describe_provenance
from nasbias.training.config import Training, read_config


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


def write_tensors(path: Path, tensors: dict[str, Tensor], state: dict[str, Any]) -> None:
    """One safetensors file with JSON `state` in its metadata."""
    whole = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with written_atomically(path) as temporary:
        safetensors.torch.save_file(whole, temporary, metadata={"state": json.dumps(state)})


def read_tensors(path: Path, prefix: str = "") -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors whose name starts with `prefix` (which is cut off), and the JSON state.

    Raises:
        InputError: missing, truncated or not a nasbias checkpoint.
    """
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            state = json.loads((file.metadata() or {})["state"])
            names = [name for name in file.keys() if name.startswith(prefix)]  # noqa: SIM118 (not a mapping)
            return {name.removeprefix(prefix): file.get_tensor(name) for name in names}, state
    except FileNotFoundError:
        raise InputError(f"{path}: no such checkpoint.") from None
    except (safetensors.SafetensorError, KeyError, ValueError) as error:
        raise InputError(f"{path}: not a whole nasbias checkpoint ({error}). Remove it and train on.") from None
