"""Networks with modules in common, as one module."""

import pytest

torch = pytest.importorskip("torch")

from nasbias.supernets.sharing.aliased import AliasedNetworks  # noqa: E402


class Own(torch.nn.Module):
    """A stem and a head; `begun` tells that an epoch was announced."""

    def __init__(self, stem):
        super().__init__()
        self.stem, self.head = stem, torch.nn.Linear(2, 2)
        self.begun = []

    def begin_epoch(self, progress, generator):
        self.begun.append((progress, generator.initial_seed()))


def make():
    stem = torch.nn.BatchNorm1d(2)
    return AliasedNetworks([Own(stem), Own(stem), Own(torch.nn.BatchNorm1d(2))], is_whole=False)


def test_a_shared_tensor_is_in_the_state_once_under_its_first_name():
    names = make().state_dict().keys()
    stems = {name for name in names if ".stem.weight" in name}
    assert stems == {"networks.0.stem.weight", "networks.2.stem.weight"}
    assert sum(name.endswith("head.weight") for name in names) == 3
    assert sum(name.endswith("running_mean") for name in names) == 2


def test_a_loaded_state_is_every_networks():
    torch.manual_seed(0)
    saved, loaded = make(), make()
    with torch.no_grad():
        saved.networks[0].stem.weight.fill_(3.0)
    saved.networks[0].stem.running_mean.fill_(4.0)
    loaded.load_state_dict(saved.state_dict())
    assert loaded.networks[1].stem is loaded.networks[0].stem
    assert loaded.networks[1].stem.weight.tolist() == [3.0, 3.0]
    assert loaded.networks[1].stem.running_mean.tolist() == [4.0, 4.0]
    for mine, theirs in zip(loaded.networks, saved.networks):
        assert torch.equal(mine.head.weight, theirs.head.weight)


def test_a_state_that_lacks_a_tensor_is_refused():
    network = make()
    state = network.state_dict()
    state.pop("networks.0.stem.weight")
    with pytest.raises(RuntimeError, match=r"networks\.0\.stem\.weight"):
        make().load_state_dict(state)


def test_an_epoch_is_announced_to_the_networks_that_ask_for_it():
    network = make()
    network.networks.append(torch.nn.Linear(1, 1))  # does not ask
    network.begin_epoch(0.25, torch.Generator().manual_seed(7))
    assert [each.begun for each in list(network.networks)[:3]] == [[(0.25, 7)]] * 3


def test_who_runs_where_is_for_the_plans_to_say():
    with pytest.raises(NotImplementedError):
        list(make().split([(0,)]))
