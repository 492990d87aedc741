import pytest

from nasbias.errors import InputError
from nasbias.figures.studies import read_study, shipped_table


def test_a_studys_tables_come_by_their_titles():
    tables = read_study("length")
    assert {"space", "epoch", "gt_tau", "gt_tau_low", "taus"} <= set(tables["by training length"])
    assert set(tables["baselines"]["score"]) == {"params", "flops", "random"}


def test_what_is_not_shipped_is_refused_by_name():
    with pytest.raises(InputError, match="no-such"):
        read_study("no-such")
    with pytest.raises(InputError, match="nb201_predictions"):
        shipped_table("no-such")
