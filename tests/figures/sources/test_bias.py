import pandas as pd
import pytest

from nasbias.bias import analyse_bias
from nasbias.bias.correction import SIZES
from nasbias.figures.sources import Given, make
from nasbias.figures.studies import read_study
from nasbias.matching import match
from tests.predicted import make_table, make_truth, runs_of


def test_our_maps_are_the_studys_by_accuracy_and_by_loss():
    parts = make("effects_map", Given()).parts
    assert [part.title for part in parts] == ["by accuracy", "by loss"]
    pd.testing.assert_frame_equal(parts[1].tables["operators"], read_study("operators")["operators by loss"])


def test_somebodys_tables_are_those_of_the_study(monkeypatch):
    table = make_table()
    predictions, truth = runs_of(table), make_truth(table)
    bias = analyse_bias(match(predictions, truth), sizes=(10,), draws=1)
    given = Given(space="nb201", predictions=predictions, truth=truth)
    monkeypatch.setattr("nasbias.figures.sources.bias.analyse_bias", lambda *_, **options: bias)
    for name, argument, wanted in (
        ("effects_map", "operators", bias.operators),
        ("decomposition", "parts", bias.decomposition),
        ("correction_curve", "correction", bias.correction),
        ("size_deciles", "deciles", pd.DataFrame(bias.size["params"]["deciles"])),
    ):
        pd.testing.assert_frame_equal(make(name, given).parts[0].tables[argument], wanted)
    (part,) = make("top_shares", given).parts
    assert (part.options["top"], part.tables["published"]) == (100, None)


def test_corrections_are_worked_out_for_their_own_figure_only(monkeypatch):
    asked = []

    def analyse(*_, sizes, **options):
        asked.append(sizes)
        raise RuntimeError

    monkeypatch.setattr("nasbias.figures.sources.bias.analyse_bias", analyse)
    table = make_table()
    given = Given(space="nb201", predictions=runs_of(table), truth=make_truth(table))
    for name in ("effects_map", "correction_curve"):
        with pytest.raises(RuntimeError):
            make(name, given)
    assert asked == [(), SIZES]
