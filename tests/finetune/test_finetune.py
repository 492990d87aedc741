"""Fine-tuning from a checkpoint: what is inherited, what moves, and GT-Tau against mini-batches."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

torch = pytest.importorskip("torch")

from nasbias.campaigns.tuning import finetune  # noqa: E402
from nasbias.errors import InputError  # noqa: E402
from nasbias.finetune import follow_finetuning  # noqa: E402
from nasbias.matching import match  # noqa: E402
from nasbias.runs.checkpoints import read_tensors  # noqa: E402
from nasbias.scoring import load_scoring_data, score_architectures  # noqa: E402
from nasbias.spaces import get_space  # noqa: E402
from nasbias.training import train  # noqa: E402
from nasbias.training.loop import Run  # noqa: E402
from tests.finetune.made import CONFIG, SOME  # noqa: E402


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
    run.generator.manual_seed(config.seed)
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


def test_tau_against_mini_batches_is_that_of_each_step(tuned):
    values = np.array([90.0, 80, 85, 70, 60])
    truth = pd.DataFrame({"architecture": SOME, "valid_accuracy": values})
    scores = tuned.drop(columns="loss").assign(accuracy=0.0)
    place = scores["architecture"].map(SOME.index)
    scores["accuracy"] = np.where(scores["step"] < 3, 100 - values[place], values[place])
    curve = follow_finetuning(match(scores, truth))
    assert curve["step"].tolist() == [0, 1, 2, 3, 4, 5]
    assert curve["gt_tau"].tolist() == pytest.approx([-1, -1, -1, 1, 1, 1])
