"""The size space's supernet: slices of one network, and the way from digits to a correlation and a bias study."""

import json

import pandas as pd
import pytest

torch = pytest.importorskip("torch")

from nasbias import score, train  # noqa: E402
from nasbias.bias.__main__ import main as study_bias  # noqa: E402
from nasbias.correlation.__main__ import main as correlate_command  # noqa: E402
from nasbias.spaces import get_space  # noqa: E402
from nasbias.spaces.nats_sss import GENOTYPE  # noqa: E402
from nasbias.supernets import build_supernet, count_parameters, standalone_network  # noqa: E402
from nasbias.supernets.nats_sss import Options, SlicedBN, SlicedConv, cut  # noqa: E402
from nasbias.supernets.nb201 import Cell as FullCell  # noqa: E402

SPACE = get_space("nats-sss")
SMALL = Options(unit=2)
DRAWN = ["8:8:8:8:8", "64:64:64:64:64", "8:8:16:40:40", *SPACE.sample(8, seed=0).tolist()]


def choice_of(architecture):
    return tuple(SPACE.encode([architecture])[0].tolist())


def test_a_stand_alone_network_has_the_benchmarks_parameters():
    with torch.device("meta"):
        counted = [count_parameters(standalone_network("nats-sss", each)) for each in DRAWN]
    assert counted == SPACE.describe(DRAWN)["params"].tolist()


def test_a_gradient_reaches_exactly_the_pieces_within_the_widths():
    network = build_supernet("nats-sss", SMALL)
    params = SPACE.describe(DRAWN, unit=2)["params"]
    for architecture, count in zip(DRAWN, params):
        choice = choice_of(architecture)
        network.zero_grad(set_to_none=True)
        network(torch.randn(2, 3, 8, 8), choice).square().sum().backward()
        used = network.parameters_of(choice)
        assert {id(p) for p in network.parameters() if p.grad is not None} == {id(p) for p in used}
        assert sum(p.numel() for p in used) == count


def inherit(alone, supernet):
    """Copy into a stand-alone network the first channels of everything the supernet has under the same name."""
    parts = dict(supernet.named_modules())
    for name, part in alone.named_modules():
        if isinstance(part, SlicedConv):
            whole = joined(parts[name])
            (weight,) = part.parameters()
            weight.copy_(whole[: weight.shape[0], : weight.shape[1]])
        elif isinstance(part, SlicedBN):
            for mine, theirs in ((part.scales, parts[name].scales), (part.shifts, parts[name].shifts)):
                mine[0].copy_(torch.cat(list(theirs))[: len(mine[0])])
            for mine, theirs in (
                (part.running_mean, parts[name].running_mean),
                (part.running_var, parts[name].running_var),
            ):
                assert mine is not None
                mine.copy_(theirs[: len(mine)])
    alone.columns[0].copy_(torch.cat(list(supernet.columns), 1)[:, : alone.columns[0].shape[1]])
    alone.bias.copy_(supernet.bias)


def joined(conv):
    return torch.cat([torch.cat(list(row), 1) for row in conv.rows])


@pytest.mark.parametrize("training", [True, False])
@torch.no_grad()
def test_an_architecture_in_the_supernet_is_its_stand_alone_network_with_the_first_channels(training):
    supernet = build_supernet("nats-sss", SMALL).double().train(training)
    for module in supernet.modules():
        if isinstance(module, SlicedBN):
            assert module.running_mean is not None and module.running_var is not None
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
            for piece in module.parameters():
                piece.normal_()
    x = torch.randn(4, 3, 8, 8, dtype=torch.float64)
    for architecture in DRAWN:
        alone = standalone_network("nats-sss", architecture, SMALL).double().train(training)
        inherit(alone, supernet)
        choice = choice_of(architecture)
        expected = alone(x, choice)
        torch.testing.assert_close(supernet(x, choice), expected, rtol=1e-10, atol=1e-10)


@torch.no_grad()
def test_where_the_width_stays_the_cell_is_nas_bench_201s():
    alone = standalone_network("nats-sss", "16:16:16:16:16", SMALL).double().eval()
    choice = get_space("nb201").encode([GENOTYPE])[0].tolist()
    theirs = FullCell(4, [(op,) for op in choice], True, 0.1).double().eval()
    cell = alone.blocks[2]
    pairs = zip([*cell.from_input, *cell.inner], [theirs.edges[edge]["3"] for edge in (0, 1, 2, 4, 5)])
    for mine, other in pairs:
        other.conv.weight.copy_(joined(mine.conv))
        other.bn.running_var.uniform_(0.5, 2)
        mine.bn.running_var.copy_(other.bn.running_var)
    x = torch.randn(2, 4, 6, 6, dtype=torch.float64)
    torch.testing.assert_close(cell(x, 4), theirs.plain(x, choice))


def test_pieces_are_cut_where_widths_end():
    assert cut([2, 4, 16]) == [2, 2, 12]


def test_from_digits_to_a_correlation_and_a_bias_study(tmp_path, capsys):
    runs = [tmp_path / f"run{seed}" for seed in (0, 1)]
    drawn = SPACE.sample(40, seed=5)
    listed = tmp_path / "listed.txt"
    listed.write_text("\n".join(drawn))
    for seed, run in enumerate(runs):
        small = ["--unit", "2", "--batch-size", "64", "--train-size", "256", "--seed", str(seed)]
        assert train.main(["--space", "nats-sss", "--epochs", "2", *small, "--out", str(run)]) == 0
        options = ["--architectures", str(listed), "--recalibration-images", "64", "--valid-size", "100"]
        assert score.main([str(run), *options]) == 0
    truth = tmp_path / "truth.csv"
    params = SPACE.describe(drawn)["params"]
    pd.DataFrame({"architecture": drawn, "test_accuracy": 80 + params / params.max()}).to_csv(truth, index=False)
    capsys.readouterr()
    arguments = ["--space", "nats-sss", "--predictions", *map(str, runs), "--truth", str(truth), "--format", "json"]
    assert correlate_command(arguments) == 0
    assert {row["n"] for row in json.loads(capsys.readouterr().out)["rows"]} == {40}
    assert study_bias([*arguments, "--score", "loss"]) == 0
    operators = json.loads(capsys.readouterr().out)["operators"]
    assert {row["decision"] for row in operators} == {f"layer {i}" for i in range(5)}
