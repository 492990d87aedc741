"""What a task that says nothing of its own does."""

import math

import pytest

torch = pytest.importorskip("torch")

from nasbias.training.task import Task  # noqa: E402


def test_a_loss_that_is_not_finite_ends_the_run_with_its_remedy():
    assert Task().end_epoch(torch.nn.Linear(1, 1), 3, 0.5) == {}
    for loss in (math.nan, math.inf, -math.inf):
        with pytest.raises(FloatingPointError, match=f"loss is {loss}"):
            Task().end_epoch(torch.nn.Linear(1, 1), 3, loss)


def test_a_task_without_a_state_of_its_own_keeps_the_networks_weights_and_changes_nothing():
    network, task = torch.nn.Linear(2, 1), Task()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    assert task.state(network) == ({}, {})
    task.restore(network, {}, {})
    task.after_step(network)
    assert task.rate_scale(0) == task.rate_scale(99) == 1.0
    assert all(torch.equal(tensor, before[name]) for name, tensor in task.weights(network).items())
    assert task.weights(network).keys() == before.keys()


def test_data_and_loss_are_each_tasks_own():
    for call in (lambda: Task().begin_epoch(None), lambda: Task().loss(None, (0,), 0, None)):
        with pytest.raises(NotImplementedError):
            call()
