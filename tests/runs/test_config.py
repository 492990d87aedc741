"""A run's configuration: what is refused, its identity, and the file it is read back from."""

import dataclasses
from typing import get_args

import pytest

from nasbias.errors import InputError
from nasbias.runs import Training, read_config
from nasbias.runs.config import Order


def test_a_field_that_came_later_changes_no_older_identity():
    assert Training().identity == "a7d3a3100e5e"  # of the first round's Training()
    for field in ("order_seed", "init_seed", "data_seed"):
        assert Training(**{field: 0}).identity != Training().identity
    for field, other in (("valid_indices", "places.txt"), ("last_batch", "keep"), ("step_images", "own")):
        assert Training(**{field: other}).identity != Training().identity


def test_an_identity_tells_every_field_and_no_more():
    base = Training()
    assert Training() == base and Training().identity == base.identity
    assert len(base.identity) == 12 and int(base.identity, 16) >= 0
    changed = {
        "space": "ptb", "epochs": 65, "checkpoints": (3,), "learning_rate": 0.2, "nesterov": False,
        "network": {"channels": 4}, "architectures": "x.txt", "order_seed": 0, "dense_bn": "batch",
    }  # fmt: skip
    identities = {dataclasses.replace(base, **{name: value}).identity for name, value in changed.items()}
    assert len(identities | {base.identity}) == len(changed) + 1


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"epochs": 0}, "epochs is 0: 1 or more is needed"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"per_step": 0}, "per_step is 0"),
        ({"dense_steps": -1}, "dense_steps is -1: 0 or more is needed"),
        ({"dense_sample": 0}, "dense_sample is 0: 1 or more is needed"),
        ({"epochs": 3, "checkpoints": (1, 4)}, "checkpoint 4 is not among the epochs 0 to 3"),
        ({"checkpoints": (-1,)}, "checkpoints is -1: 0 or more"),
    ],
)
def test_what_no_run_can_be_is_refused_when_it_is_written_down(fields, says):
    with pytest.raises(InputError) as caught:
        Training(**fields)
    assert says in str(caught.value)


def test_a_stream_has_the_runs_seed_unless_it_is_given_one_of_its_own():
    names = ("weights", "order", "data")
    assert [Training(seed=7).seed_of(name) for name in names] == [7, 7, 7]
    own = Training(seed=7, init_seed=0, order_seed=1, data_seed=2)
    assert [own.seed_of(name) for name in names] == [0, 1, 2]


def test_the_least_that_a_run_can_be_is_taken():
    least = Training(epochs=1, batch_size=1, per_step=1, dense_steps=0, dense_sample=1, checkpoints=(0, 1))
    assert least.kept_epochs == (0, 1)


def test_the_last_epoch_is_always_kept_and_each_once_in_order():
    assert Training(epochs=9).kept_epochs == (9,)
    assert Training(epochs=9, checkpoints=(9, 4, 1, 4)).kept_epochs == (1, 4, 9)


def test_a_configuration_comes_back_from_its_file_field_by_field(tmp_path):
    pytest.importorskip("tomli_w")
    config = Training(checkpoints=(1, 2), network={"channels": 4, "affine": False}, clip=0.0, standalone="222")
    path = tmp_path / "config.toml"
    path.write_text(config.to_toml())
    assert read_config(path) == config
    assert "subset" not in path.read_text()  # a field without a value
    assert isinstance(read_config(path).checkpoints, tuple)


def test_a_file_that_is_no_configuration_says_what_it_is(tmp_path):
    path = tmp_path / "config.toml"
    with pytest.raises(InputError, match=r"no such file, so that is no run folder. python -m nasbias.train"):
        read_config(path)
    for content, says in ((b"epochs = ", "not TOML"), (b"\xff", "not TOML"), (b"epoch = 3", "Did you mean epochs")):
        path.write_bytes(content)
        with pytest.raises(InputError, match=says):
            read_config(path)
    path.write_text("epochs = 3")
    assert read_config(path) == Training(epochs=3)


@pytest.mark.parametrize("field", dataclasses.fields(Training), ids=lambda field: field.name)
def test_every_field_has_a_line_of_help_in_small_letters(field):
    if field.name == "network":  # its options are the space's own
        return
    text = field.metadata["help"]
    assert len(text.split()) >= 2 and not text.isupper() and not text.endswith(".")
    assert sum(letter.isupper() for letter in text) < len(text) / 3


def test_the_orders_are_those_that_a_sampler_knows():
    assert get_args(Order) == ("uniform", "cycle", "shuffled", "reshuffled", "fair")
