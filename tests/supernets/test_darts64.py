"""P1's network: parameter counts, its cell against P1's description, gradients, inheritance, a run from the command."""

import pytest

torch = pytest.importorskip("torch")

import torch.nn.functional as F  # noqa: E402

from nasbias import score, train  # noqa: E402
from nasbias.correlation import correlate  # noqa: E402
from nasbias.spaces import get_space  # noqa: E402
from nasbias.supernets import build_supernet, count_parameters, standalone_network  # noqa: E402
from nasbias.supernets.darts64 import Options  # noqa: E402
from nasbias.tables import load_predictions  # noqa: E402

SPACE = get_space("darts64")
CODES = SPACE.architectures()["architecture"].tolist()
SMALL = Options(channels=4, cells=2)


def choice_of(code):
    return tuple(int(digit) - 1 for digit in code)


@pytest.mark.parametrize("readings", [{}, {"output": "sum"}, {"dilated": "dil_conv_3x3"}])
def test_every_standalone_network_has_the_parameters_of_the_formula(readings):
    expected = SPACE.describe(CODES, **readings)["params"].tolist()
    assert [count_parameters(standalone_network("darts64", code, Options(**readings))) for code in CODES] == expected


def test_gradients_reach_exactly_the_weights_of_the_architecture():
    network = build_supernet("darts64", SMALL)
    for code in ("111", "142", "333"):
        network.zero_grad(set_to_none=True)
        network(torch.rand(4, 3, 8, 8), choice_of(code)).sum().backward()
        reached = {id(p) for p in network.parameters() if p.grad is not None}
        assert reached == {id(p) for p in network.parameters_of(choice_of(code))}


def test_a_standalone_network_with_inherited_weights_is_the_supernet():
    torch.manual_seed(0)
    network, x = build_supernet("darts64", SMALL).eval(), torch.rand(4, 3, 8, 8)
    for code in ("123", "444"):
        alone = standalone_network("darts64", code, SMALL).eval()
        alone.load_state_dict(network.state_dict(), strict=False)
        assert set(alone.state_dict()) <= set(network.state_dict())
        torch.testing.assert_close(alone(x, choice_of(code)), network(x, choice_of(code)))


@pytest.mark.parametrize("options", [SMALL, Options(channels=4, cells=1, output="sum", dilated="dil_conv_3x3")])
def test_a_cell_is_p1s_written_out(options):
    """Code 431 by hand: x1 is dilated, x2 a 5x5 separable convolution of x0 plus a pooling of x1."""
    torch.manual_seed(0)
    cell = build_supernet("darts64", options).double().train().cells[0]
    x = torch.randn(4, 12, 8, 8, dtype=torch.float64)
    weights = dict(cell.named_parameters())

    def norm(x):
        return F.batch_norm(x, None, None, None, None, training=True)

    x0 = norm(F.conv2d(x.relu(), weights["conv.weight"]))
    k = 5 if options.dilated == "dil_conv_5x5" else 3
    depthwise, pointwise = (weights[f"edges.0.3.rounds.0.{i}.weight"] for i in ("depthwise", "pointwise"))
    assert depthwise.shape[-1] == k
    x1 = norm(F.conv2d(F.conv2d(x0.relu(), depthwise, padding=k - 1, dilation=2, groups=4), pointwise))
    h = x0
    for part in (0, 1):
        depthwise, pointwise = (weights[f"edges.1.2.rounds.{part}.{i}.weight"] for i in ("depthwise", "pointwise"))
        h = norm(F.conv2d(F.conv2d(h.relu(), depthwise, padding=2, groups=4), pointwise))
    x2 = h + norm(F.max_pool2d(x1, 3, 1, 1))
    expected = torch.cat([x1, x2], 1) if options.output == "concat" else x1 + x2
    torch.testing.assert_close(cell(x, choice_of("431")), expected)


def test_two_epochs_from_the_command_rank_all_64(tmp_path, capsys):
    run = tmp_path / "run"
    size = ["--channels", "4", "--cells", "1", "--batch-size", "64", "--train-size", "512"]
    assert train.main(["--space", "darts64", "--epochs", "2", "--out", str(run), *size]) == 0
    assert score.main([str(run), "--recalibration-images", "64", "--valid-size", "100"]) == 0
    capsys.readouterr()
    predictions = load_predictions(run, "darts64")
    assert sorted(predictions["architecture"]) == CODES
    truth = predictions[["architecture", "accuracy"]].rename(columns={"accuracy": "test_accuracy"})
    rows = correlate(predictions, truth, space="darts64").set_index("score")
    assert rows.loc["accuracy", "n"] == 64
    assert rows.loc["accuracy", "gt_tau"] == pytest.approx(1)
