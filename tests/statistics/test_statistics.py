"""The room's door: what it names is there, and comes from where it says."""

import nasbias.statistics


def test_every_name_is_offered_once_and_lives_in_this_room():
    names = nasbias.statistics.__all__
    assert len(set(names)) == len(names)
    for name in names:
        home = getattr(getattr(nasbias.statistics, name), "__module__", "nasbias.statistics.intervals")
        assert home.startswith("nasbias.statistics."), name
