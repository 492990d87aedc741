"""The control of replicated operations: copies are independent, what surrounds them is shared."""

import dataclasses

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from nasbias import score  # noqa: E402
from nasbias.campaigns import train_run  # noqa: E402
from nasbias.errors import InputError  # noqa: E402
from nasbias.runs import Training  # noqa: E402
from nasbias.runs.network import make_network  # noqa: E402
from nasbias.spaces import get_space  # noqa: E402
from nasbias.supernets.sharing.copies import CopiesNetwork  # noqa: E402
from nasbias.tables import load_predictions  # noqa: E402

TINY = Training(
    space="darts64", epochs=1, batch_size=64, train_size=256, valid_size=64, learning_rate=0.025, crop=0,
    network={"channels": 4, "cells": 1},
)  # fmt: skip


@pytest.mark.parametrize(
    ("space", "operation", "network", "copies"),
    [
        ("nb201", "nor_conv_3x3", {"channels": 4, "cells": 1}, 5),
        ("darts64", "sep_conv_3x3", {"channels": 4, "cells": 1}, 4),
        ("nb101", "conv3x3-bn-relu", {"channels": 8, "stacks": 1, "cells": 1}, 3),
    ],
)
def test_copies_are_independent_and_the_rest_is_shared(space, operation, network, copies):
    config = dataclasses.replace(TINY, space=space, sharing=f"copies:{operation}", network=network)
    built = make_network(config, {"inputs": 1, "classes": 10})
    assert isinstance(built, CopiesNetwork)
    assert len(built.networks) == copies
    home = get_space(space)
    first = tuple(home.encode(home.sample(1, seed=0))[0].tolist())
    at = next(i for i, op in enumerate(built.operation) if op is not None)
    second = tuple((value + 1) % copies if i == at else value for i, value in enumerate(first))
    one, two = ({id(p) for p in built.parameters_of(choice)} for choice in (first, second))
    assert one != two
    assert len(one) == len(two)  # the same architecture
    assert one & two
    x = torch.rand(4, 1, 8, 8)
    built(x, first).sum().backward()
    touched = {id(p) for p in built.parameters() if p.grad is not None}
    assert touched == one
    names = dict(built.named_parameters())
    assert len({id(p) for p in names.values()}) == len(names)
    state = {name: tensor.clone() for name, tensor in built.state_dict().items()}
    other = make_network(dataclasses.replace(config, seed=1), {"inputs": 1, "classes": 10})
    other.load_state_dict(state)
    with torch.no_grad():
        assert torch.equal(built.eval()(x, second), other.eval()(x, second))


def test_copies_that_would_be_equal_or_unknown_are_refused():
    sizes = {"inputs": 1, "classes": 10}
    for operation, message in (("skip_connect", "no weights"), ("conv9x9", "operation")):
        config = dataclasses.replace(TINY, space="nb201", network={}, sharing=f"copies:{operation}")
        with pytest.raises(InputError, match=message):
            make_network(config, sizes)


def test_a_run_of_copies_trains_and_scores(tmp_path):
    network = {"channels": 4, "cells": 1}
    config = dataclasses.replace(
        TINY, space="nb201", epochs=1, sharing="copies:nor_conv_3x3", subset="all", network=network
    )
    train_run(config, tmp_path / "run")
    assert score.main([str(tmp_path / "run"), "--sample", "5", "--recalibration-images", "64", "--processes", "1"]) == 0
    scores = load_predictions(tmp_path / "run", "nb201")
    assert np.isfinite(scores["loss"]).all()
    assert scores["loss"].nunique() == 5
