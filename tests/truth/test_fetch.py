import pytest

from nasbias.errors import InputError
from nasbias.files import data_folder
from nasbias.spaces import list_spaces
from nasbias.truth.fetch import SOURCES, fetch, find_source, remedy


def test_the_default_is_what_can_be_fetched_else_the_first():
    assert find_source("nb101").name == "only108"
    assert find_source("nb201").name == "official"
    assert find_source("nb101", "full").file == "nasbench_full.tfrecord"


def test_unknown_names_and_spaces_without_a_file_say_what_there_is():
    with pytest.raises(InputError, match="unknown published file of nb101 'ful'. Did you mean full"):
        find_source("nb101", "ful")
    with pytest.raises(InputError, match="nothing of darts64 can be fetched .*import darts64 PATH --name NAME"):
        find_source("darts64")


def test_what_has_no_address_is_found_where_it_was_put():
    source = find_source("ptb")
    with pytest.raises(InputError, match=r"ptb.csv .* no address .*2102, then: python -m nasbias.truth import ptb"):
        fetch(source)
    target = data_folder() / "downloads" / "ptb.csv"
    target.parent.mkdir(parents=True)
    target.write_text("x")
    assert fetch(source) == target


def test_every_address_has_its_hash_and_every_other_source_a_page_or_a_package():
    for source in SOURCES:
        assert bool(source.url) == bool(source.sha256)
        assert sum(map(bool, (source.url, source.page, source.pip))) == 1, source.name
        assert not source.sha256 or len(source.sha256) == 64


@pytest.mark.parametrize("space", list_spaces())
def test_every_space_has_one_command_that_gets_a_truth(space):
    command = remedy(space)
    if space == "nb201":
        assert command == "pip install 'nasbias[analog]'"
    elif space in ("nb101", "nb-macro"):
        assert command == f"python -m nasbias.truth fetch {space}"
    else:
        assert command.startswith(f"python -m nasbias.train --space {space} ")
        assert "--standalone-sample 12" in command and command.endswith(f"--truth runs/{space}-truth/truth.parquet")


def test_a_truth_is_made_of_what_the_shipped_predictions_are_of():
    assert "--architectures shipped:darts --standalone" in remedy("darts") and "shipped:ptb " in remedy("ptb")
    assert "--hidden 64" in remedy("ptb") and "--architectures" not in remedy("nats-sss")
