"""What the ranks of a run share out, tell each other and refuse; two real ones are in test_followers."""

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from nasbias.errors import InputError
from nasbias.runs.network import make_sampler
from nasbias.training import ranks
from nasbias.training.ranks import ALONE, PeerLost, Rank, agree, average, grouped, make_fabric
from nasbias.training.run import make_task
from tests.small import small_run


@pytest.fixture
def other(monkeypatch):
    """A second rank, whose tensor is what this list holds when the two are reduced."""
    tensors = []

    def all_reduce(tensor, how):
        if not tensors:
            raise RuntimeError("Connection closed by peer")
        theirs = tensors.pop(0)
        tensor.copy_(tensor + theirs if how == torch.distributed.ReduceOp.SUM else torch.maximum(tensor, theirs))

    monkeypatch.setattr(torch.distributed, "all_reduce", all_reduce)
    monkeypatch.setattr(torch.distributed, "get_world_size", lambda: 2)
    return tensors


def test_the_parts_of_a_batch_are_equal_and_make_it_whole():
    assert ALONE.part(7) == slice(0, 7)
    parts = [list(range(12))[Rank(number, 3).part(12)] for number in range(3)]
    assert parts == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]
    with pytest.raises(InputError, match="3 devices can't share the 10 images of a step equally"):
        Rank(0, 3).part(10)


def test_tensors_of_any_layout_are_averaged_in_place(other):
    grid = torch.arange(24.0).reshape(1, 2, 3, 4).to(memory_format=torch.channels_last)
    line, loss = torch.arange(3.0), torch.tensor(5.0)
    other.append(torch.cat([torch.zeros(24), torch.ones(3), torch.tensor([1.0])]))
    average([grid, line, loss])
    assert torch.equal(grid, torch.arange(24.0).reshape(1, 2, 3, 4) / 2)
    assert grid.is_contiguous(memory_format=torch.channels_last)
    assert line.tolist() == [0.5, 1.0, 1.5] and loss.item() == 3.0


def test_ranks_that_would_draw_different_architectures_are_stopped(other):
    def told(sampler):
        seen = []
        other.append(torch.full((2,), -(2**60)))
        before = torch.distributed.all_reduce
        try:
            torch.distributed.all_reduce = lambda tensor, how: seen.append(tensor.clone())
            agree(sampler, torch.device("cpu"))
        finally:
            torch.distributed.all_reduce = before
            other.clear()
        return seen[0]

    mine, same, later, fewer = (make_sampler(small_run("nb201")) for _ in range(4))
    later.step()
    fewer.population = np.asarray(fewer.population)[:-1]
    other.append(told(same))
    agree(mine, torch.device("cpu"))
    for different in (later, fewer):
        other.append(told(different))
        with pytest.raises(InputError, match="would draw different architectures"):
            agree(mine, torch.device("cpu"))


def test_a_rank_that_is_gone_is_named_as_lost(other):
    with pytest.raises(PeerLost, match="does not answer"):
        average([torch.zeros(1)])


def test_what_several_devices_can_not_do_is_refused(monkeypatch):
    with pytest.raises(InputError, match=r"batch_size \(64\) must be a multiple of devices \(3\)"):
        small_run("nb201", devices=3)
    with pytest.raises(InputError, match="--devices is for image networks"):
        make_task(small_run("ptb", devices=2), torch.device("cpu"), Rank(0, 2))
    with pytest.raises(InputError, match="2 devices can't share the 25 images"):
        make_task(small_run("nb201", train_size=89, last_batch="keep", devices=2), torch.device("cpu"), Rank(0, 2))
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    with (
        pytest.raises(InputError, match="in a group of torch.distributed already"),
        grouped(make_fabric(small_run("nb201")), 1),
    ):
        pass


def test_the_group_of_the_ranks_is_of_this_machine_whatever_the_environment_says(monkeypatch):
    for name in ("MASTER_ADDR", "LOCAL_RANK", "NODE_RANK", "SLURM_NTASKS", "SLURM_JOB_NAME", "SLURM_PROCID"):
        monkeypatch.setenv(name, "7")
    found = make_fabric(small_run("nb201", device="cpu", devices=2), Rank(1, 2)).strategy.cluster_environment
    assert isinstance(found, ranks._Meeting)
    assert (found.main_address, found.local_rank(), found.node_rank()) == ("127.0.0.1", 1, 0)


def test_one_device_is_the_identity_that_a_run_had_before_there_were_several():
    assert small_run("nb201").identity == small_run("nb201", devices=1).identity
    assert small_run("nb201").identity != small_run("nb201", devices=2).identity
