import pytest

import nasbias
from nasbias.spaces import list_spaces


def test_the_spaces_of_the_study_are_listed():
    assert {"nb201", "nb101", "darts", "ptb", "darts64", "nb-macro"} <= set(list_spaces())


def test_an_unknown_space_answers_with_the_nearest():
    with pytest.raises(nasbias.InputError, match="unknown space 'nb-201'. Did you mean nb201"):
        nasbias.get_space("nb-201")


@pytest.mark.parametrize("name", list_spaces())
def test_every_architecture_of_a_sample_survives_a_round_trip(name):
    space = nasbias.get_space(name)
    architectures = space.sample(50, seed=0)
    assert space.parse_all(architectures).tolist() == architectures.tolist()
    assert space.decode(space.encode(architectures)).tolist() == architectures.tolist()


@pytest.mark.parametrize("name", list_spaces())
def test_every_space_describes_what_it_samples(name):
    space = nasbias.get_space(name)
    architectures = space.sample(20, seed=1)
    described = space.describe(architectures)
    assert list(described.columns[:5]) == ["architecture", "params", "flops", "is_valid", "isomorphism_class"]
    assert described["architecture"].tolist() == architectures.tolist()
    assert described["is_valid"].all()
    assert len(space.truth_keys(architectures)) == 20


@pytest.mark.parametrize("name", list_spaces())
def test_every_space_names_the_decisions_of_its_architectures(name):
    space = nasbias.get_space(name)
    choices = space.encode(space.sample(20, seed=2))
    assert choices.shape == (20, len(space.decisions))
    assert all(choices[:, i].max() < len(decision.values) for i, decision in enumerate(space.decisions))


@pytest.mark.parametrize("name", list_spaces())
def test_nonsense_is_refused_in_one_line(name):
    with pytest.raises(nasbias.InputError) as error:
        nasbias.get_space(name).parse("no such architecture")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", list_spaces())
def test_every_format_that_a_space_writes_it_reads_back(name):
    space = nasbias.get_space(name)
    for text in space.sample(20, seed=5).tolist():
        assert space.format(text) == text
        for notation in space.formats:
            written = space.format(text, notation)
            read = space.parse_as(written, notation) if notation in space.notations else space.parse(written)
            assert space.truth_keys([read]).tolist() == space.truth_keys([text]).tolist(), notation
            bulk = space.parse_all([written], notation if notation in space.notations else None)
            assert bulk.tolist() == [read], notation


@pytest.mark.parametrize("name", list_spaces())
def test_an_unknown_format_names_the_known_ones(name):
    space = nasbias.get_space(name)
    with pytest.raises(nasbias.InputError, match=f"unknown format of {name} 'canonicall'. Did you mean canonical"):
        space.format(space.sample(1, seed=0)[0], "canonicall")
