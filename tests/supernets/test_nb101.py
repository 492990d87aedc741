"""NAS-Bench-101's supernet on the study's sub-space: whose weights are whose, and the way to a correlation."""

import json

import numpy as np
import pandas as pd
import pytest

torch = pytest.importorskip("torch")

from nasbias import score, train  # noqa: E402
from nasbias.correlation.__main__ import main as correlate_command  # noqa: E402
from nasbias.errors import InputError  # noqa: E402
from nasbias.scoring import ScoringData, score_architectures  # noqa: E402
from nasbias.spaces import get_space  # noqa: E402
from nasbias.supernets import build_supernet, count_parameters, standalone_network  # noqa: E402
from nasbias.supernets.nb101 import Cell, Options  # noqa: E402

SPACE = get_space("nb101")
SMALL = Options(channels=4, stacks=2, cells=1)


def choice_of(cell):
    return tuple(SPACE.encode([cell])[0].tolist())


def test_a_stand_alone_network_has_the_benchmarks_parameters():
    drawn = SPACE.sample(20, seed=0)
    with torch.device("meta"):
        counted = [count_parameters(standalone_network("nb101", cell)) for cell in drawn]
    assert counted == SPACE.describe(drawn)["params"].tolist()


def test_a_stand_alone_network_of_another_size_has_the_parameters_that_the_space_counts():
    drawn = SPACE.sample(20, seed=1)
    counted = [count_parameters(standalone_network("nb101", cell, SMALL, classes=7)) for cell in drawn]
    described = SPACE.describe(drawn, channels=4, stacks=2, cells_per_stack=1, classes=7)
    assert counted == described["params"].tolist()


def test_the_network_is_nasbench_pytorchs_with_the_same_weights():
    """The port builds the whole cell; same parameters in, same logits out."""
    pytest.importorskip("nasbench_pytorch")
    from nasbench_pytorch.model.model import Network
    from nasbench_pytorch.model.model_spec import ModelSpec

    torch.manual_seed(0)
    for cell in SPACE.sample(6, seed=2):
        adjacency, _, tail = cell.partition(":")
        matrix = np.zeros((7, 7), dtype=int)
        matrix[np.triu_indices(7, 1)] = [int(bit) for bit in adjacency]
        spec = ModelSpec(matrix, ["input", *tail.split(","), "output"])
        theirs = Network(spec, stem_out_channels=4, num_stacks=2, num_modules_per_stack=1)
        ours = standalone_network("nb101", cell, SMALL)
        pairs = [(ours.stem, theirs.layers[0]), (ours.classifier, theirs.classifier)]
        for block, layer in zip(ours.blocks, list(theirs.layers)[1:], strict=True):
            if isinstance(block, Cell):
                pairs += [(module, layer.input_op[int(v)]) for v, module in block.projections.items()]
                pairs += [(m, layer.vertex_op[int(v)]) for v, ops in block.operations.items() for m in ops.values()]
        for mine, other in pairs:
            for target, source in zip(mine.state_dict().values(), other.state_dict().values(), strict=True):
                target.copy_(source)
        x = torch.randn(2, 3, 8, 8)
        torch.testing.assert_close(ours.eval()(x, choice_of(cell)), theirs.eval()(x))


def test_a_gradient_reaches_exactly_the_weights_of_the_sampled_cell():
    network = build_supernet("nb101", SMALL)
    for cell in SPACE.sample(10, seed=3):
        network.zero_grad(set_to_none=True)
        choice = choice_of(cell)
        network(torch.randn(2, 3, 8, 8), choice).square().sum().backward()
        moved = {name for name, parameter in network.named_parameters() if parameter.grad is not None}
        mine = {id(parameter) for parameter in network.parameters_of(choice)}
        assert moved == {name for name, parameter in network.named_parameters() if id(parameter) in mine}
        small = count_parameters(standalone_network("nb101", cell, SMALL))
        assert sum(parameter.numel() for parameter in network.parameters_of(choice)) == small


def test_a_stand_alone_network_with_inherited_weights_is_the_supernet_with_that_choice():
    supernet = build_supernet("nb101", SMALL).double()
    for cell in SPACE.sample(5, seed=4):
        alone = standalone_network("nb101", cell, SMALL).double()
        alone.load_state_dict({name: supernet.state_dict()[name] for name in alone.state_dict()})
        x = torch.randn(3, 3, 8, 8, dtype=torch.float64)
        choice = choice_of(cell)
        torch.testing.assert_close(alone(x, choice), supernet(x, choice), rtol=1e-12, atol=1e-12)


def test_weights_of_a_vertex_do_not_depend_on_its_connections():
    """Two cells that differ only in whom vertex 5 reads share every weight: 0 is a parent of vertex 2 in neither."""
    network = build_supernet("nb101", SMALL)
    chosen = {f"op{v}": "conv1x1" for v in range(1, 6)} | {
        "input1": [0],
        "input2": [1],
        "input3": [2],
        "input4": [0, 3],
    }
    cells = [SPACE.parse(chosen | {"input5": parents, "input6": [4, 5]}) for parents in ([1, 3], [2, 3])]
    first, second = ({id(parameter) for parameter in network.parameters_of(choice_of(cell))} for cell in cells)
    assert first == second


def test_an_odd_number_of_channels_is_refused():
    with pytest.raises(InputError, match="even number of channels, not 7"):
        build_supernet("nb101", Options(channels=7))


def test_from_digits_to_a_correlation(tmp_path, capsys):
    run = tmp_path / "run"
    small = ["--channels", "4", "--stacks", "2", "--cells", "1", "--batch-size", "128", "--resolution", "8"]
    assert train.main(["--space", "nb101", "--epochs", "2", *small, "--train-size", "256", "--out", str(run)]) == 0
    drawn = SPACE.sample(12, seed=5)
    listed = tmp_path / "cells.txt"
    listed.write_text("\n".join(drawn))
    options = ["--architectures", str(listed), "--recalibration-images", "64", "--valid-size", "100"]
    assert score.main([str(run), *options]) == 0
    # The truth is written for the benchmark's own form of each cell, which is another labelling of most of them.
    keys = SPACE.truth_keys(drawn)
    assert (keys != drawn).any()
    truth = tmp_path / "truth.csv"
    pd.DataFrame({"architecture": keys, "valid_accuracy": np.linspace(85, 95, len(keys))}).to_csv(truth, index=False)
    capsys.readouterr()
    arguments = ["--space", "nb101", "--predictions", str(run), "--truth", str(truth), "--format", "json"]
    assert correlate_command(arguments) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert {row["score"] for row in rows} == {"accuracy", "loss"}
    assert {row["n"] for row in rows} == {len(set(keys))}


@pytest.mark.parametrize("engine", ["plain", "fast"])
def test_images_that_are_too_small_for_the_stacks_are_refused(engine):
    data = ScoringData([torch.randn(4, 3, 1, 1)], [(torch.randn(4, 3, 1, 1), torch.zeros(4, dtype=torch.int64))])
    network = build_supernet("nb101", SMALL)
    with pytest.raises(InputError, match="two stacks want 2 pixels"):
        score_architectures(network, SPACE.sample(1, seed=0), data, "nb101", engine=engine)
