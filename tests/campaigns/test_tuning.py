"""Fine-tuning from a checkpoint: what is inherited, what moves, and that it goes on where it stopped."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

torch = pytest.importorskip("torch")

from nasbias.campaigns.tuning import finetune  # noqa: E402
from nasbias.errors import InputError  # noqa: E402
from nasbias.runs.checkpoints import read_tensors  # noqa: E402
from nasbias.scoring import load_scoring_data, score_architectures  # noqa: E402
from nasbias.spaces import get_space  # noqa: E402
from nasbias.streams import torch_seed  # noqa: E402
from nasbias.training import train  # noqa: E402
from nasbias.training.run import Run  # noqa: E402
from tests.finetune.made import CONFIG, SOME  # noqa: E402


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return train(CONFIG, tmp_path_factory.mktemp("runs") / "supernet")


@pytest.fixture(scope="module")
def tuned(folder, tmp_path_factory):
    return finetune(folder, 1, SOME, tmp_path_factory.mktemp("tuned") / "t.parquet", steps=5)


def test_step_0_is_what_the_supernet_gives(folder, tuned):
    run = Run(CONFIG)
    run.network.load_state_dict(read_tensors(folder.checkpoint(1), "network.")[0])
    inherited = score_architectures(run.network, SOME, load_scoring_data(CONFIG), bn="running")
    zero = tuned[tuned["step"] == 0].set_index("architecture").loc[SOME]
    np.testing.assert_allclose(zero["loss"], inherited["loss"], rtol=1e-4)


def test_an_architecture_is_tuned_from_the_checkpoint_whoever_was_before(folder, tuned, tmp_path):
    alone = finetune(folder, 1, SOME[3:4], tmp_path / "alone.parquet", steps=5)
    among = tuned[tuned["architecture"] == SOME[3]].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, among)
    assert alone["loss"].nunique() == 6


def test_a_step_is_sgds_at_the_rate_of_the_checkpoint(folder, tmp_path):
    """One step with fresh momentum, no decay, no clipping and no Nesterov is w - rate * gradient."""
    config = replace(CONFIG, weight_decay=0.0, clip=0.0, nesterov=False)
    bare = train(config, tmp_path / "bare")
    got = finetune(bare, 1, SOME[:1], tmp_path / "t.parquet", steps=1)
    run = Run(config)
    run.network.load_state_dict(read_tensors(bare.checkpoint(1), "network.")[0])
    run.generator.manual_seed(torch_seed("tuning", config.seed_of("data")))
    run.task.begin_epoch(run.generator)
    run.network.train()
    choice = tuple(get_space("nb201").encode(SOME[:1])[0].tolist())
    run.task.loss(run.network, choice, 0, run.generator).backward()
    rate = 0.01 + (0.1 - 0.01) / 2  # cosine half-way
    with torch.no_grad():
        for parameter in run.network.parameters():
            if parameter.grad is not None:
                parameter -= rate * parameter.grad
    expected = score_architectures(run.network, SOME[:1], load_scoring_data(config), bn="running")
    assert got.loc[got["step"] == 1, "loss"].item() == pytest.approx(expected["loss"][0], rel=1e-4)


def test_it_goes_on_where_it_stopped(folder, tuned, tmp_path):
    out = tmp_path / "parts.parquet"

    def stop(architecture, finished, total):
        if finished == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        finetune(folder, 1, SOME, out, steps=5, report=stop)
    assert pd.read_parquet(out)["architecture"].nunique() == 2
    pd.testing.assert_frame_equal(finetune(folder, 1, SOME, out, steps=5), tuned)
    with pytest.raises(InputError, match="made with other options"):
        finetune(folder, 1, SOME, out, steps=4)


def test_mini_batches_are_those_of_an_epoch_again_and_again(folder, tmp_path):
    steps = Run(CONFIG).task.steps
    table = finetune(folder, 1, SOME[:1], tmp_path / "t.parquet", steps=steps + 1, learning_rate=0.01)
    assert table["step"].tolist() == list(range(steps + 2))
    assert table["loss"].nunique() == steps + 2


@pytest.mark.parametrize(
    ("epoch", "fields", "says"),
    [
        (7, {}, "no checkpoint of epoch 7. It has: 1, 2"),
        (1, {"steps": 0}, "takes 1 mini-batch or more, not 0"),
        (1, {"learning_rate": 0.0}, "the learning rate after epoch 1 is 0: nothing would move"),
        (1, {"learning_rate": float("nan")}, "is nan: nothing would move"),
    ],
)
def test_what_would_tune_nothing_is_refused_before_a_file_is_written(folder, tmp_path, epoch, fields, says):
    with pytest.raises(InputError, match=says):
        finetune(folder, epoch, SOME, tmp_path / "t.parquet", **fields)
    assert not (tmp_path / "t.parquet").exists()
