"""One run on several devices: a process for each, a rank, and all go through the run in step (data parallel).

Every rank draws the same architecture, the same images and the same augmentation from the same generators, and takes
its part of a step's images, rank r the r-th of n equal ones. Gradients and the loss are averaged in one all-reduce a
step, of the sampled architecture's weights alone: every rank knows which they are, where DistributedDataParallel goes
through the whole supernet to find out. So all ranks hold the same weights, to the bit. Devices, backend and process
group are those of lightning-fabric's strategy "ddp".

BN normalises each part by the part's own statistics, and keeps the running ones of rank 0's part, as
DistributedDataParallel does (SyncBatchNorm has no implementation for CPUs). So a run on n devices is a run on one that
takes the n parts of each step one after the other (`tests/training/test_followers.py`: two, to the bit), and not the
run that takes all images at once: `devices` belongs to a run's identity.
"""

import hashlib
import json
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed
from lightning_fabric import Fabric
from lightning_fabric.plugins.environments.lightning import LightningEnvironment
from torch import Tensor

from nasbias.errors import InputError
from nasbias.runs import Training
from nasbias.runs.sampling import Sampler

_SET_BY_FABRIC = ("MASTER_ADDR", "MASTER_PORT")  # variables of the environment


class PeerLost(InputError):
    """Another rank has ended, or does not answer."""


@dataclass(frozen=True)
class Rank:
    """Which of a run's processes this one is: `number` 0 to `of` - 1."""

    number: int = 0
    of: int = 1

    def part(self, n: int) -> slice:
        """Its part of a step's `n` images.

        Raises:
            InputError: they can't be parted equally.
        """
        if n % self.of:
            raise InputError(f"{self.of} devices can't share the {n:,} images of a step equally. Set --batch-size.")
        size = n // self.of
        return slice(self.number * size, (self.number + 1) * size)


ALONE = Rank()


class _Meeting(LightningEnvironment):
    """Where the ranks of one machine meet; nothing of it comes from the environment's variables, such as Slurm's."""

    def __init__(self, rank: int) -> None:
        super().__init__()
        self._rank = rank

    @property
    def creates_processes_externally(self) -> bool:
        return True  # by `nasbias.training.followers`

    @property
    def main_address(self) -> str:
        return "127.0.0.1"

    def meet_at(self, port: int) -> None:
        self._main_port = port

    def local_rank(self) -> int:
        return self._rank

    def node_rank(self) -> int:
        return 0


def make_fabric(config: Training, rank: Rank = ALONE) -> Fabric:
    """Device and precision of one process of a run.

    Raises:
        InputError: a GPU is asked for and there is none, or there are fewer than the run has devices.
    """
    if config.device == "cuda" and not torch.cuda.is_available():
        raise InputError("--device cuda: torch finds no GPU here. Leave it at auto, or give cpu.")
    accelerator = {"cuda": "gpu"}.get(config.device, config.device)
    on_gpu = accelerator == "gpu" or (accelerator == "auto" and torch.cuda.is_available())
    precision = config.precision if config.precision != "auto" else "bf16-mixed" if on_gpu else "32-true"
    if rank.of == 1:
        return Fabric(accelerator=accelerator, devices=1, precision=precision)
    if on_gpu and torch.cuda.device_count() < rank.of:
        raise InputError(f"--devices {rank.of}: this machine has {torch.cuda.device_count()} GPU(s).")
    return Fabric(
        accelerator=accelerator, devices=rank.of, strategy="ddp", precision=precision, plugins=[_Meeting(rank.number)]
    )


@contextmanager
def grouped(fabric: Fabric, port: int) -> Iterator[None]:
    """Within it the process is in a group with the other ranks, which meet at a port of this machine.

    Raises:
        InputError: it is in a group already, as under torchrun.
        PeerLost: another rank did not come.
    """
    if torch.distributed.is_initialized():
        raise InputError("--devices starts processes of its own; this one is in a group of torch.distributed already.")
    environment = getattr(fabric.strategy, "cluster_environment", None)  # a single device's strategy has none
    assert isinstance(environment, _Meeting)
    environment.meet_at(port)
    before, threads = {name: os.environ.get(name) for name in _SET_BY_FABRIC}, torch.get_num_threads()
    try:
        with _quiet():
            fabric.launch()
    except RuntimeError as error:
        raise PeerLost(f"the devices' processes did not meet ({type(error).__name__}).") from None
    finally:
        torch.set_num_threads(threads)
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
    try:
        yield
    finally:
        torch.distributed.destroy_process_group()


def average(tensors: Sequence[Tensor]) -> None:
    """Replace tensors, of the same shapes on every rank, by their means over the ranks.

    Raises:
        PeerLost: another rank has ended.
    """
    flat = torch.cat([tensor.flatten() for tensor in tensors])
    _reduce(flat, torch.distributed.ReduceOp.SUM)
    flat /= torch.distributed.get_world_size()
    means = flat.split([tensor.numel() for tensor in tensors])
    for tensor, mean in zip(tensors, means):
        tensor.copy_(mean.view(tensor.shape))


def agree(sampler: Sampler, device: torch.device) -> None:
    """
    Raises:
        InputError: the ranks' samplers are in different states, so that they would draw different architectures.
        PeerLost: another rank has ended.
    """
    text = json.dumps(sampler.state())
    population = b"" if sampler.population is None else sampler.population.tobytes()
    number = int(hashlib.sha256(text.encode() + population).hexdigest()[:12], 16)
    greatest = torch.tensor([number, -number], device=device)
    _reduce(greatest, torch.distributed.ReduceOp.MAX)
    if greatest.tolist() != [number, -number]:
        raise InputError("the devices' processes would draw different architectures. Run the same command again.")


def _reduce(tensor: Tensor, how: torch.distributed.ReduceOp.RedOpType) -> None:
    try:
        torch.distributed.all_reduce(tensor, how)
    except RuntimeError as error:
        raise PeerLost(f"another device's process does not answer ({type(error).__name__}).") from None


@contextmanager
def _quiet() -> Iterator[None]:
    """Fabric tells how many processes there are; nasbias' commands say what they have to say themselves."""
    log = logging.getLogger("lightning_fabric")
    before = log.level
    log.setLevel(logging.WARNING)
    try:
        yield
    finally:
        log.setLevel(before)
