"""DARTS' network under P2's shared weights: parameter counts, strides, drop-path, auxiliary head, gradients, a run."""

import numpy as np
import pandas as pd
import pytest

torch = pytest.importorskip("torch")

from nasbias import score, train  # noqa: E402
from nasbias.errors import InputError  # noqa: E402
from nasbias.spaces import get_space  # noqa: E402
from nasbias.supernets import build_supernet, count_parameters, standalone_network  # noqa: E402
from nasbias.supernets._separable import pool  # noqa: E402
from nasbias.supernets.darts import Options  # noqa: E402
from nasbias.tables import load_predictions  # noqa: E402

SPACE = get_space("darts")
SMALL = Options(layers=5, channels=4)


def choices_of(architectures):
    return [tuple(row) for row in SPACE.encode(architectures).tolist()]


def images(n=4, side=8, dtype=torch.float32):
    return torch.rand(n, 3, side, side, generator=torch.Generator().manual_seed(0), dtype=dtype)


def test_full_size_networks_have_the_parameters_of_p2s_table(shared):
    table = pd.read_parquet(shared / "darts_cifar10_anon2102.parquet").iloc[[0, 6, 300]]
    for text, params in zip(SPACE.parse_all(table["architecture"]), table["params"]):
        assert count_parameters(standalone_network("darts", text, Options(auxiliary=False))) == params


@pytest.mark.parametrize("auxiliary", [False, True])
def test_small_networks_have_the_parameters_of_the_formula(auxiliary):
    architectures = SPACE.sample(10, seed=0)
    expected = SPACE.describe(architectures, depth=6, width=6, auxiliary=auxiliary)["params"].tolist()
    options = Options(layers=6, channels=6, auxiliary=auxiliary)
    assert [count_parameters(standalone_network("darts", text, options)) for text in architectures] == expected


def test_gradients_reach_exactly_the_weights_of_the_architecture():
    network = build_supernet("darts", SMALL)
    for choice in choices_of(SPACE.sample(6, seed=1)):
        network.zero_grad(set_to_none=True)
        logits, auxiliary = network(images(), choice)
        (logits.sum() + auxiliary.sum()).backward()
        reached = {id(p) for p in network.parameters() if p.grad is not None}
        assert reached == {id(p) for p in network.parameters_of(choice)}


def test_a_standalone_network_with_inherited_weights_is_the_supernet():
    torch.manual_seed(0)
    network = build_supernet("darts", SMALL).eval()
    architectures = SPACE.sample(5, seed=2)
    for text, choice in zip(architectures, choices_of(architectures)):
        alone = standalone_network("darts", text, SMALL).eval()
        assert set(alone.state_dict()) <= set(network.state_dict())
        alone.load_state_dict(network.state_dict(), strict=False)
        torch.testing.assert_close(alone(images(), choice), network(images(), choice))


def test_an_operation_keeps_its_weights_whatever_its_input():
    """Slot 0 of the last node reads node 0 in one architecture, node 3 in the other; all its weights are the same."""
    network = build_supernet("darts", SMALL)
    cell = "+".join(["|sep_conv_3x3~0|sep_conv_3x3~1|"] * 3)
    first, second = (f"normal:{cell}+|sep_conv_5x5~{i}|skip_connect~2|" for i in (0, 3))
    one, other = choices_of([f"{text};reduce:{text.removeprefix('normal:')}" for text in (first, second)])
    assert one != other
    assert [id(p) for p in network.parameters_of(one)] == [id(p) for p in network.parameters_of(other)]


def test_swapped_slots_use_other_weights_of_the_supernet():
    network = build_supernet("darts", SMALL)
    cell = "+".join(["|sep_conv_3x3~0|sep_conv_5x5~1|"] * 4)
    swapped = "+".join(["|sep_conv_5x5~1|sep_conv_3x3~0|"] * 4)
    one, other = choices_of([f"normal:{text};reduce:{text}" for text in (cell, swapped)])
    assert {id(p) for p in network.parameters_of(one)} != {id(p) for p in network.parameters_of(other)}


@pytest.mark.parametrize("kind", ["max", "avg"])
@pytest.mark.parametrize("stride", [1, 2])
def test_pooling_is_torchs(kind, stride):
    x = images(dtype=torch.float64) - 0.5
    expected = torch.nn.MaxPool2d(3, stride, 1) if kind == "max" else torch.nn.AvgPool2d(3, stride, 1, False, False)
    torch.testing.assert_close(pool(x, kind, stride), expected(x))


def test_drop_path_zeroes_whole_images_and_keeps_the_mean():
    network = build_supernet("darts", Options(layers=5, channels=4, drop_path=0.5))
    assert network._draw_masks(8, torch.device("cpu")) is None  # before the first epoch
    network.begin_epoch(0.5, torch.Generator().manual_seed(0))
    masks = network._draw_masks(5000, torch.device("cpu"))
    assert masks.shape == (5, 8, 5000)
    assert masks.unique().tolist() == pytest.approx([0, 1 / 0.75])
    assert masks.mean().item() == pytest.approx(1, abs=0.01)
    assert network.eval()._draw_masks(8, torch.device("cpu")) is None


def test_drop_path_changes_training_and_repeats_with_its_generator():
    torch.manual_seed(0)
    network = build_supernet("darts", SMALL).train()
    (choice,) = choices_of(SPACE.sample(1, seed=3))

    def logits(seed, progress):
        network.begin_epoch(progress, torch.Generator().manual_seed(seed))
        return network(images(16), choice)[0]

    assert torch.equal(logits(0, 1.0), logits(0, 1.0))
    assert not torch.equal(logits(0, 1.0), logits(1, 1.0))
    assert torch.equal(logits(0, 0.0), logits(1, 0.0))


def test_the_auxiliary_head_speaks_in_training_only():
    network = build_supernet("darts", SMALL)
    (choice,) = choices_of(SPACE.sample(1, seed=4))
    for side in (8, 16, 32):
        assert [part.shape for part in network.train()(images(side=side), choice)] == [(4, 10), (4, 10)]
        assert network.eval()(images(side=side), choice).shape == (4, 10)
    assert build_supernet("darts", Options(layers=5, channels=4, auxiliary=False)).train()(images(), choice).shape == (
        4,
        10,
    )


def test_images_that_can_not_be_halved_twice_are_refused():
    network = build_supernet("darts", SMALL)
    with pytest.raises(InputError, match="multiple of 4"):
        network(images(side=14), choices_of(SPACE.sample(1, seed=0))[0])
    with pytest.raises(InputError, match="even"):
        build_supernet("darts", Options(channels=5))


def test_two_epochs_from_the_command_resume_and_score(tmp_path, capsys):
    from nasbias.runs import RunFolder, read_config
    from nasbias.runs.checkpoints import read_tensors
    from nasbias.training import train as carry_out

    size = ["--channels", "4", "--layers", "3", "--batch-size", "64", "--train-size", "256"]
    assert train.main(["--space", "darts", "--epochs", "2", "--out", str(tmp_path / "run"), *size]) == 0
    config = read_config(tmp_path / "run" / "config.toml")
    carry_out(config, tmp_path / "parts", stop_after=1)
    carry_out(config, tmp_path / "parts")
    whole, parts = (read_tensors(RunFolder(tmp_path / name).checkpoint(2))[0] for name in ("run", "parts"))
    assert whole.keys() == parts.keys()
    assert all(torch.equal(whole[name], parts[name]) for name in whole)
    losses = [[record["loss"] for record in RunFolder(tmp_path / name).log] for name in ("run", "parts")]
    assert losses[0] == losses[1]  # drop-path, cutout and order go on where they were
    assert (
        score.main([str(tmp_path / "run"), "--sample", "5", "--recalibration-images", "64", "--valid-size", "64"]) == 0
    )
    capsys.readouterr()
    predictions = load_predictions(tmp_path / "run", "darts")
    assert predictions["architecture"].nunique() == 5
    assert np.isfinite(predictions["loss"]).all()
