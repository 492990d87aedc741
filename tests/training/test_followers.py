"""A run on two devices, which are two processes on this CPU: against one process, and when one of them ends."""

import multiprocessing
import os
import signal

import pytest

pytest.importorskip("torch")

import torch

from nasbias.errors import InputError
from nasbias.interrupts import Interrupted
from nasbias.runs.checkpoints import read_tensors
from nasbias.training import train
from nasbias.training.ranks import Rank
from nasbias.training.run import Run
from tests.small import small_run


def config(**fields):
    return small_run("nb201", device="cpu", devices=2, epochs=2, train_size=192, per_step=2, **fields)


class PartByPart(Run):
    """One process that takes the parts of a step one after the other: what several devices are held against."""

    def move(self, choices, step, learning_rate):
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate
        n, drawn, parts = self.config.devices, self.generator.get_state(), []
        for number in range(n):
            self.task.rank = Rank(number, n)
            self.generator.set_state(drawn)  # every part is cut from the same augmented batch
            total = torch.zeros(())
            for place, choice in enumerate(choices):
                loss = self.task.loss(self.network, choice, step, self.generator, place) / len(choices)
                loss.backward()
                total += loss.detach()
            if number == 0:
                kept = {name: buffer.clone() for name, buffer in self.network.named_buffers()}
            moving = self.sampled_parameters(choices)
            parts.append([total, *(parameter.grad for parameter in moving)])
            for parameter in moving:
                parameter.grad = None
        for name, buffer in self.network.named_buffers():
            buffer.copy_(kept[name])
        loss, *gradients = (sum(each) / n for each in zip(*parts))
        for parameter, gradient in zip(moving, gradients):
            parameter.grad = gradient
        torch.nn.utils.clip_grad_norm_(moving, self.config.clip)
        self.step(moving)
        for parameter in moving:
            parameter.grad = None
        return loss


def stop_after_steps(n):
    left = iter(range(n))
    return lambda: next(left, None) is None


def test_two_devices_interrupted_within_an_epoch_are_one_process_that_takes_their_parts_to_the_bit(tmp_path):
    before = {name: os.environ.get(name) for name in ("MASTER_ADDR", "MASTER_PORT", "LOCAL_RANK", "WORLD_SIZE")}
    with pytest.raises(Interrupted, match="in epoch 1 of 2 after step 2 of 3"):
        train(config(), tmp_path / "run", stop=stop_after_steps(1))
    folder = train(config(), tmp_path / "run")
    assert not multiprocessing.active_children() and not torch.distributed.is_initialized()
    assert {name: os.environ.get(name) for name in before} == before
    alone = PartByPart(config())
    log = [alone.train_epoch() for _ in range(2)]
    assert [record["loss"] for record in folder.log] == [record["loss"] for record in log]
    tensors, state = read_tensors(folder.checkpoint(2))
    assert state["sampler"] == alone.sampler.state()
    for name, tensor in alone.network.state_dict().items():
        assert torch.equal(tensors[f"network.{name}"], tensor), name
    for name, parameter in alone.network.named_parameters():
        assert torch.equal(tensors[f"momentum.{name}"], alone.optimiser.state[parameter]["momentum_buffer"]), name


def test_a_killed_process_ends_the_run_with_one_line_and_it_goes_on(tmp_path):
    def kill(record):
        (other,) = multiprocessing.active_children()
        os.kill(other.pid, signal.SIGKILL)

    with pytest.raises(InputError, match=r"the process of device 2 of 2 was killed \(SIGKILL\). What is saved is kept"):
        train(config(checkpoints=(1,)), tmp_path / "run", kill)
    assert not multiprocessing.active_children() and not (tmp_path / "run" / ".lock").exists()
    assert not torch.distributed.is_initialized()


def test_what_a_process_can_not_do_is_said_by_the_one_that_was_called(tmp_path):
    def broken(config, sampler, task):
        if multiprocessing.parent_process() is not None:
            raise InputError("no such thing here")
        return []

    with pytest.raises((InputError, AttributeError)):  # a function of a function can't be sent
        train(config(), tmp_path / "run", companions=broken)
    assert not multiprocessing.active_children()
