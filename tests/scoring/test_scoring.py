"""Scoring, over the list of spaces: every engine says what the plain one says, and leaves no trace."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from nasbias.errors import InputError  # noqa: E402
from nasbias.runs.network import make_network  # noqa: E402
from nasbias.scoring import engines, load_scoring_data, score_architectures  # noqa: E402
from nasbias.spaces import get_space  # noqa: E402
from nasbias.supernets import task_of  # noqa: E402
from nasbias.training.run import Run  # noqa: E402
from tests.small import SPACES, small_run  # noqa: E402

PAIRS = [(space, name) for space in SPACES for name in engines(space)]


@pytest.fixture(scope="module")
def trained():
    """(network, data) of a space after one epoch, each space once."""
    made = {}

    def get(space):
        if space not in made:
            run = Run(small_run(space))
            run.train_epoch()
            made[space] = run.network, load_scoring_data(run.config, 64)
        return made[space]

    return get


@pytest.mark.parametrize(("space", "engine"), PAIRS)
def test_a_score_is_the_plain_one_whatever_the_engine_and_the_company(space, engine, trained):
    network, data = trained(space)
    names = get_space(space).sample(6, seed=0)
    plain = score_architectures(network, names, data, space, engine="plain")
    other = score_architectures(network, names, data, space, engine=engine)
    assert other["architecture"].tolist() == names.tolist()
    assert plain["loss"].nunique() > 1
    np.testing.assert_allclose(other["loss"], plain["loss"], atol=1e-4)
    alone = score_architectures(network, names[4:5], data, space, engine=engine)
    np.testing.assert_allclose(alone["loss"], other["loss"][4:5], rtol=1e-5)


@pytest.mark.parametrize(("space", "engine"), PAIRS)
def test_an_architecture_alone_is_scored_by_every_engine(space, engine):
    (name,) = get_space(space).sample(1, seed=3)
    config = small_run(space, standalone=name)
    data = load_scoring_data(config, 64)
    network = make_network(config, data.sizes)
    plain, other = (score_architectures(network, [name], data, space, engine=each) for each in ("plain", engine))
    np.testing.assert_allclose(other["loss"], plain["loss"], atol=1e-4)


@pytest.mark.parametrize(("space", "engine"), PAIRS)
@pytest.mark.parametrize("bn", ["recalibrated", "running", "batch"])
def test_scoring_leaves_the_network_as_it_was(space, engine, bn, trained):
    network, data = trained(space)
    network.train()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    momenta = [getattr(module, "momentum", None) for module in network.modules()]
    score_architectures(network, get_space(space).sample(2, seed=0), data, space, bn, engine)
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
    assert [getattr(module, "momentum", None) for module in network.modules()] == momenta
    if task_of(space) == "images":
        assert all(module.training for module in network.modules())


@pytest.mark.parametrize("space", SPACES)
def test_the_columns_are_those_that_the_space_predicts(space, trained):
    network, data = trained(space)
    table = score_architectures(network, get_space(space).sample(2, seed=0), data, space)
    scores = dict.fromkeys((*get_space(space).score_columns, "loss"))
    assert table.columns.tolist() == ["architecture", *scores, "bn"]
    assert set(table["bn"].dropna()) == ({"recalibrated"} if task_of(space) == "images" else set())


def test_what_can_not_be_scored_is_refused(trained):
    network, data = trained("nb201")
    with pytest.raises(InputError, match="Did you mean fast"):
        score_architectures(network, get_space("nb201").sample(1, seed=0), data, engine="fas")
    with pytest.raises(InputError, match="engine for darts64"):
        score_architectures(*trained("darts64")[:1], ["222"], trained("darts64")[1], "darts64", engine="batched")
    with pytest.raises(InputError, match="not in nb201"):
        score_architectures(network, ["|x|"], data)
