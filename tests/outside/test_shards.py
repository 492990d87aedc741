"""The folder of an unfinished run."""

import json
import math

import pytest

from nasbias.errors import InputError
from nasbias.outside.shards import Shards

IDENTITY = {"space": "nb201", "function": "f"}


def test_what_is_written_is_read_to_the_bit(tmp_path):
    shards = Shards(tmp_path / "a.parts", IDENTITY)
    shards.add([(3, {"a": 0.1 + 0.2, "b": math.nan}), (4, {"a": math.inf, "b": -1.0})])
    shards.write()
    results = Shards(tmp_path / "a.parts", IDENTITY).results
    assert results[3]["a"] == 0.1 + 0.2 and math.isnan(results[3]["b"]) and results[4]["a"] == math.inf


def test_nothing_is_written_before_its_time_and_later_results_join(tmp_path):
    patient, eager = Shards(tmp_path / "a.parts", IDENTITY), Shards(tmp_path / "b.parts", IDENTITY, every=0)
    for shards in (patient, eager):
        shards.add([(0, {"a": 1.0})])
        shards.add([(1, {"a": 2.0})])
    assert not (tmp_path / "a.parts").exists()
    assert len(list((tmp_path / "b.parts").glob("shard-*"))) == 2
    assert Shards(tmp_path / "b.parts", IDENTITY).results == {0: {"a": 1.0}, 1: {"a": 2.0}}
    eager.remove()
    assert not (tmp_path / "b.parts").exists()


def test_without_a_folder_results_are_in_memory():
    shards = Shards(None, IDENTITY)
    shards.add([(0, {"a": 1.0})])
    shards.write()
    shards.remove()
    assert shards.results == {0: {"a": 1.0}}


@pytest.mark.parametrize("content", [None, "{", "[]"])
def test_a_folder_that_is_no_unfinished_run_is_refused(content, tmp_path):
    (tmp_path / "a.parts").mkdir()
    if content:
        (tmp_path / "a.parts" / "identity.json").write_text(content)
    with pytest.raises(InputError, match="Remove it to start"):
        Shards(tmp_path / "a.parts", IDENTITY)


def test_another_run_is_named_by_what_differs(tmp_path):
    shards = Shards(tmp_path / "a.parts", IDENTITY, every=0)
    shards.add([(0, {"a": 1.0})])
    with pytest.raises(InputError, match="with another function"):
        Shards(tmp_path / "a.parts", IDENTITY | {"function": "g"})
    assert json.loads((tmp_path / "a.parts" / "identity.json").read_text()) == IDENTITY
