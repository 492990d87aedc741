"""Scoring by programs, over the spaces that have one: equal to the plain engine in every BN mode, and less work."""

from functools import partial

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from nasbias.scoring import darts64, engines, program, score_architectures  # noqa: E402
from nasbias.scoring.data import ScoringData  # noqa: E402
from nasbias.scoring.program import Program, max_pool  # noqa: E402
from nasbias.spaces import get_space  # noqa: E402
from nasbias.supernets.sharing import share  # noqa: E402
from tests.small import IMAGES, small_network  # noqa: E402

SPACES = [space for space in IMAGES if "fast" in engines(space)]


@pytest.fixture(scope="module", params=SPACES)
def awake(request):
    """A space, its network as after some training (statistics and scales that differ), and batches of unequal size."""
    generator = torch.Generator().manual_seed(0)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = small_network(request.param)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.5, generator=generator)
            module.running_var.uniform_(0.5, 2, generator=generator)
            if module.affine:
                torch.nn.init.uniform_(module.weight, 0.5, 1.5, generator=generator)
                torch.nn.init.uniform_(module.bias, -0.5, 0.5, generator=generator)
    x = torch.randn(60, 3, 8, 8, generator=generator)
    y = torch.randint(7, (60,), generator=generator)
    return request.param, network, ScoringData(list(x[:25].split(10)), list(zip(x.split(32), y.split(32))))


@pytest.mark.parametrize("bn", ["recalibrated", "batch", "running"])
def test_the_fast_engine_equals_the_plain_one_whatever_the_statistics(awake, bn):
    space, network, data = awake
    names = get_space(space).sample(24, seed=5)
    plain, fast = (score_architectures(network, names, data, space, bn, engine) for engine in ("plain", "fast"))
    assert plain["loss"].nunique() > 8
    np.testing.assert_allclose(fast["loss"], plain["loss"], atol=1e-4)
    assert (np.abs(fast["accuracy"] - plain["accuracy"]) < 1e-4).mean() > 0.9  # a logit may tie


def test_scoring_leaves_the_images_as_they_were(awake):
    space, network, data = awake
    before = [x.clone() for x, _ in data.valid] + [x.clone() for x in data.recalibration]
    score_architectures(network, get_space(space).sample(6, seed=5), data, space, engine="fast")
    after = [x for x, _ in data.valid] + list(data.recalibration)
    assert all(torch.equal(a, b) for a, b in zip(after, before))


def test_programs_that_hold_less_give_the_same_scores(awake, monkeypatch):
    space, network, data = awake
    names = get_space(space).sample(12, seed=5)
    whole = score_architectures(network, names, data, space, engine="fast")
    monkeypatch.setattr(program, "HELD", 1)
    monkeypatch.setattr(program, "CHUNK", 5)
    np.testing.assert_allclose(
        score_architectures(network, names, data, space, engine="fast")["loss"], whole["loss"], rtol=1e-5
    )


def test_a_value_that_two_need_is_computed_once_and_kept_until_the_last_has_read_it():
    calls = []

    def double(x):
        calls.append(x)
        return 2 * x

    steps = Program({})
    y = steps.apply(double, 0)
    assert steps.apply(double, 0) == y
    rectified, total = steps.relu(y), steps.add(y, 0)
    assert steps.add(0, y) == total
    both = steps.add(rectified, total)
    x = torch.tensor([-1.0, 3.0])
    values = {number: value.clone() for number, value in steps.run(x, layer=None)}
    assert len(calls) == 1
    assert values[rectified].tolist() == [0, 6]
    assert values[total].tolist() == [-3, 9]
    assert values[both].tolist() == [-3, 15]
    assert x.tolist() == [-1, 3]
    assert steps.last_uses()[y] == total
    assert steps.peak() == 4


@pytest.mark.parametrize("shape", [(2, 3, 5, 4), (1, 8, 2, 2), (1, 1, 1, 1)])
def test_the_maximum_by_rows_and_columns_is_max_pooling(shape):
    x = torch.randn(shape).contiguous(memory_format=torch.channels_last)
    assert torch.equal(max_pool(x), torch.nn.functional.max_pool2d(x, 3, 1, 1))


@pytest.mark.parametrize(
    ("space", "plan"), [("darts64", "groups:2"), ("darts64", "prefix:1"), ("nb101", "copies:conv3x3-bn-relu")]
)
def test_networks_of_a_sharing_plan_are_scored_as_by_the_plain_engine(space, plan, monkeypatch):
    codes = get_space(space).encode(get_space(space).sample(9, seed=1))
    network = share(plan, space, codes, lambda allowed: small_network(space, allowed=allowed))
    x, y = torch.randn(40, 3, 8, 8), torch.randint(7, (40,))
    data = ScoringData([x[:20]], [(x, y)])
    names = get_space(space).decode(codes)
    plain, fast = (score_architectures(network, names, data, space, engine=engine) for engine in ("plain", "fast"))
    assert plain["loss"].nunique() > 5
    np.testing.assert_allclose(fast["loss"], plain["loss"], atol=1e-4)


def test_what_a_prefix_shares_is_one_value_in_all_networks():
    space = get_space("darts64")
    codes = space.encode(["111", "112", "113"])
    build = partial(small_network, "darts64")
    counts = {}
    for plan in ("prefix:0", "prefix:1"):
        network, steps = share(plan, "darts64", codes, lambda allowed: build(allowed=allowed)), Program({})
        for code in map(tuple, codes.tolist()):
            darts64.describe(network.resolve(code)[0], code, steps)
        counts[plan] = len(steps.steps)
    assert counts["prefix:1"] < counts["prefix:0"]
