"""What a configuration names but does not hold, as digests: a run that goes on with another list of architectures,
other groups or other data is another run, whatever its config.toml says."""

import hashlib
from collections.abc import Iterable

import torch
from torch import Tensor, nn

from nasbias.runs.config import Training
from nasbias.runs.sampling import Sampler
from nasbias.spaces import get_space
from nasbias.supernets.sharing import SharedNetwork


def describe_contents(
    config: Training, sampler: Sampler | None, network: nn.Module, data: Iterable[Tensor] | None
) -> dict[str, str]:
    """Digests by name.

    Args:
        sampler: as it is before the first step; None: the list of architectures is left out.
        data: the tensors that the run is trained and validated on; None: they are left out.
    """
    found = {} if data is None else describe_data(data)
    if config.architectures and sampler is not None and sampler.population is not None:
        found["architectures"] = _digest([torch.from_numpy(sampler.population)])
    if isinstance(network, SharedNetwork) and network.codes is not None:
        groups = torch.tensor([network.group_of(tuple(code)) for code in network.codes.tolist()])
        space = get_space(config.space)
        names = "\n".join(space.decode(network.codes)).encode()
        found["groups"] = _digest([torch.frombuffer(bytearray(names), dtype=torch.uint8), groups])
    return found


def describe_data(data: Iterable[Tensor]) -> dict[str, str]:
    """The part of `describe_contents` that a folder of several trainings has in common."""
    return {"data": _digest(data)}


def _digest(tensors: Iterable[Tensor]) -> str:
    whole = hashlib.sha256()
    for tensor in tensors:
        values = tensor.detach().cpu().contiguous()
        whole.update(f"{values.dtype}{tuple(values.shape)}".encode())
        whole.update(values.numpy().tobytes())
    return whole.hexdigest()[:16]
