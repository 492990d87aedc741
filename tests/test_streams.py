"""Random numbers come from named streams, and from nowhere else."""

import itertools
import re

import numpy as np
import pytest

from nasbias import streams
from nasbias.streams import stream, torch_seed
from tests.mirror import list_modules, name_of


def test_no_two_streams_are_equal_whatever_their_seeds():
    drawn = {
        (name, seed): tuple(stream(name, seed).integers(2**62, size=2))
        for name, seed in itertools.product(streams._NUMBERS, range(40))
    }
    assert len(set(drawn.values())) == len(drawn)
    starts = {torch_seed(name, seed) for name, seed in drawn}
    assert len(starts) == len(drawn)


def test_a_stream_is_its_name_its_seed_and_what_tells_it_apart():
    first = [stream("shrink", 3, epoch).random() for epoch in (1, 2, 1)]
    assert first[0] == first[2] != first[1]


def test_a_draw_is_what_numpy_draws_with_that_seed():
    """So that samples and splits are those of the first round: a run of then is validated on no image it has seen."""
    assert (stream("draw", 7).random(4) == np.random.default_rng(7).random(4)).all()


def test_torch_takes_every_seed():
    torch = pytest.importorskip("torch")
    for seed in (0, 1, 2**31, 2**63):
        torch.Generator().manual_seed(torch_seed("weights", seed))


def test_an_unknown_name_is_no_stream():
    with pytest.raises(KeyError):
        stream("images", 0)


def test_no_module_makes_a_generator_of_its_own():
    makes = re.compile(
        r"default_rng\(|manual_seed\((?!torch_seed|beginning)"
    )  # P1 fixed its partition by a RandomState(42)
    for path in list_modules():
        if name_of(path) != "nasbias.streams":
            assert not makes.search(path.read_text()), path


def test_no_streams_number_is_ever_changed():
    """It would change what a seed has meant: splits, samples and orders of runs that were trained long ago."""
    numbers = {
        "draw": 0, "order": 1, "shrink": 2, "test_split": 4, "weights": 5, "data": 6, "tuning": 7, "dense": 8,
        "chance": 10, "correction": 11, "validation": 12, "drawing": 13, "complement": 14, "recalibration": 15,
    }  # fmt: skip
    assert numbers == streams._NUMBERS
