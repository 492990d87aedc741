"""A checkpoint is one safetensors file: `network.*` the weights, `momentum.*` the optimiser's, `random.*` the
generators, and in its metadata the JSON that resuming needs. One file, renamed into place, so it is whole or absent.
A state within an epoch has `within.*` and `random.epoch`, the generator when the epoch began, besides."""

import json
import os
import re
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
from torch import Tensor, nn

from nasbias.errors import InputError
from nasbias.files import written_atomically
from nasbias.forms import FORM, check_form
from nasbias.seals import blank_seal, check_seal, seal


def _ours() -> dict[str, Any]:
    """Inside the state, so that the header has one entry and its bytes are the same every time."""
    return {"form": FORM, "seal": blank_seal()}


def write_tensors(path: Path, tensors: dict[str, Tensor], state: dict[str, Any]) -> None:
    """One safetensors file with JSON `state` and a seal (`nasbias.seals`) in its metadata.

    Raises:
        InputError: it can't be written.
    """
    whole = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with written_atomically(path) as temporary:
        try:
            safetensors.torch.save_file(whole, temporary, metadata={"state": json.dumps({**state, **_ours()})})
            seal(temporary)
        except safetensors.SafetensorError as error:  # its own kind of OSError
            number = re.search(r"os error (\d+)", str(error))
            raise OSError(*((code := int(number[1]), os.strerror(code)) if number else (str(error),))) from None


def load_weights(network: nn.Module, weights: dict[str, Tensor], path: Path) -> None:
    """Give a run's network the weights [name -> tensor] of the checkpoint at `path`.

    Raises:
        InputError: they are another network's, as where config.toml was edited.
    """
    try:
        network.load_state_dict(weights)
    except RuntimeError:
        raise InputError(
            f"{path}: holds the weights of another network than config.toml tells of. Bring back what belongs together."
        ) from None


def read_tensors(path: Path, prefix: str = "") -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors whose name starts with `prefix` (which is cut off), and the JSON state.

    Raises:
        InputError: missing, truncated, damaged or not a nasbias checkpoint.
    """
    try:
        check_seal(path.read_bytes(), str(path))
        with safetensors.safe_open(path, framework="pt") as file:
            state = json.loads((file.metadata() or {})["state"])
            check_form(state.pop("form", None), str(path))
            state.pop("seal", None)  # checkpoints of the first round have none
            names = [name for name in file.keys() if name.startswith(prefix)]  # noqa: SIM118 (not a mapping)
            return {name.removeprefix(prefix): file.get_tensor(name) for name in names}, state
    except InputError:
        raise
    except FileNotFoundError:
        raise InputError(f"{path}: no such checkpoint.") from None
    except (
        safetensors.SafetensorError,
        AttributeError,
        KeyError,
        OSError,
        RecursionError,
        TypeError,
        ValueError,
    ) as error:
        raise InputError(f"{path}: not a whole nasbias checkpoint ({error}). Remove it and train on.") from None
