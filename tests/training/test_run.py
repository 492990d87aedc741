"""A run's state: saved after any step, it goes on as if it had not been."""

import math
from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")

from nasbias.campaigns import companions_of, train_run  # noqa: E402
from nasbias.errors import InputError  # noqa: E402
from nasbias.runs import RunFolder  # noqa: E402
from nasbias.runs.checkpoints import read_tensors, write_tensors  # noqa: E402
from nasbias.spaces import get_space  # noqa: E402
from nasbias.training.run import Run  # noqa: E402
from tests.small import OPTIONS, SPACES, small_run  # noqa: E402


def plain(state):
    """A state without its times."""
    if isinstance(state, dict):
        times = "seconds", "images_per", "words_per", "scoring_seconds"
        return {key: plain(value) for key, value in state.items() if not key.startswith(times)}
    return [plain(value) for value in state] if isinstance(state, list) else state


def assert_same(first, second):
    (tensors, state), (others, other) = read_tensors(first), read_tensors(second)
    assert tensors.keys() == others.keys()
    assert [name for name, tensor in tensors.items() if not torch.equal(tensor, others[name])] == []
    assert plain(state) == plain(other)


def carried_out(config, folder, stops=()):
    """The run's last state; begun anew from a saved one after each of the steps in `stops`."""
    folder = RunFolder(folder)
    run = Run(config, companions_of)
    while run.epoch < config.epochs:
        if not run.within:
            run.begin_epoch()
        while run.within < run.task.steps:
            run.train_next()
            if run.steps_done in stops:
                run.save(folder.latest)
                run = Run(config, companions_of)
                run.resume(folder)
        run.end_epoch()
    run.save(folder.path / "end.safetensors")
    return folder.path / "end.safetensors"


@pytest.mark.parametrize("space", SPACES)
def test_a_run_of_any_space_goes_on_from_the_middle_of_an_epoch_to_the_bit(space, tmp_path):
    more = {"per_step": 2, "cutout": 2} if space == "nb201" else {}
    config = small_run(space, epochs=2, **more)
    whole = carried_out(config, tmp_path / "whole")
    steps = read_tensors(whole)[1]["log"][-1]["step"]
    stops = range(1, steps + 1) if steps < 8 else (1, 2, steps // 2, steps - 1, steps)
    assert_same(whole, carried_out(config, tmp_path / "parts", stops))


@pytest.mark.parametrize(
    "more",
    [
        {"order": "reshuffled"},
        {"order": "fair", "per_step": 5},
        {"sharing": "groups:2", "subset": "unique"},
        {"dense_steps": 3, "dense_sample": 4},
        {"prune": "halve", "prune_every": 1},
        {"move_unsampled": True, "clip": 0.0, "nesterov": False},
    ],
)
def test_so_does_a_run_with_company(more, tmp_path):
    listed = tmp_path / "list.txt"
    listed.write_text("\n".join(get_space("nb201").sample(8, 0)))
    if more.get("order") != "fair" and "subset" not in more:
        more = {**more, "architectures": str(listed)}
    config = small_run("nb201", epochs=2, **more)
    assert_same(carried_out(config, tmp_path / "whole"), carried_out(config, tmp_path / "parts", range(1, 5)))


def test_averaging_and_its_best_weights_survive_the_middle_of_an_epoch(tmp_path):
    network = {**OPTIONS, "evaluate_every": 1, "patience": 1}
    config = small_run("ptb", epochs=5, network=network, learning_rate=30.0)
    whole = carried_out(config, tmp_path / "whole")
    log = read_tensors(whole)[1]["log"]
    assert any(record.get("averaging") for record in log) and all(math.isfinite(record["loss"]) for record in log)
    steps = [record["step"] for record in log]
    assert_same(whole, carried_out(config, tmp_path / "parts", [steps[0] + 3, steps[2] - 4, steps[2] + 1]))


def test_the_state_of_another_run_is_refused_whatever_it_is(tmp_path):
    config = small_run("nb201", epochs=2)
    train_run(config, tmp_path / "run", stop_after=1)
    folder = RunFolder(tmp_path / "run")
    tensors, state = read_tensors(folder.latest)
    assert state["run"] == config.identity

    def resume(tensors, state):
        write_tensors(folder.latest, tensors, state)
        Run(config).resume(folder)

    resume(tensors, {key: value for key, value in state.items() if key != "run"})  # of an earlier version
    cut = {name: torch.zeros(3) if "stem" in name else tensor for name, tensor in tensors.items()}
    for given in (
        (tensors, {**state, "run": replace(config, seed=1).identity}),
        (cut, state),
        ({name: tensor for name, tensor in tensors.items() if not name.startswith("momentum.")}, state),
        (tensors, {"epoch": 1}),
    ):
        with pytest.raises(InputError, match="is the state of another run. Remove it"):
            resume(*given)
