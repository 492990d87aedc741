import pandas as pd
import pytest

from nasbias import InputError
from nasbias.bias import analyse_bias
from nasbias.correlation import analyse_correlation
from nasbias.matching import match
from nasbias.report.studies import study
from nasbias.stability import analyse_stability


def test_the_studies_are_those_of_the_commands(runs, truth):
    studied = study(runs, truth, draws=2)
    correlation = analyse_correlation(runs, truth)
    pd.testing.assert_frame_equal(studied.correlation.lengths, correlation.lengths)
    matched = match(runs, truth)
    pd.testing.assert_frame_equal(studied.bias.operators, analyse_bias(matched, sizes=()).operators)
    pd.testing.assert_frame_equal(studied.stability.filter, analyse_stability(matched).filter)
    assert studied.last["epoch"] == 8 and studied.last["gt_tau"] == correlation.lengths["gt_tau"].iloc[1]
    assert set(studied.baselines["score"]) == {"params", "random"}  # FLOPs order this space like parameters


def test_a_study_that_cannot_be_done_is_the_reason(runs, truth, table):
    few = study(runs[runs["architecture"].isin(table["architecture"][:10])].drop(columns="accuracy"), truth, draws=2)
    assert "needs 30" in str(few.bias) and few.stability.instances["n_runs"] == 3
    assert len(few.joined) == 10


def test_the_length_asked_for_is_the_last(runs, truth):
    studied = study(runs, truth, epoch=4, draws=1)
    assert list(studied.lengths["epoch"]) == [4]
    assert studied.bias.about["epoch"] == studied.stability.about["epoch"] == 4


def test_one_bn_mode_is_told(runs, truth):
    both = pd.concat([runs.assign(bn="batch", accuracy=100 - runs["accuracy"]), runs.assign(bn="recalibrated")])
    assert set(study(both, truth, draws=1).correlation.rows["bn"]) == {"recalibrated"}
    assert study(both, truth, draws=1, bn="batch").last["gt_tau"] < 0


@pytest.mark.parametrize(
    ("asked", "word"), [({"epoch": 5}, "epoch 5"), ({"bn": "odd"}, "BN mode 'odd'"), ({"score": "acuracy"}, "acuracy")]
)
def test_what_is_not_there_is_named(runs, truth, asked, word):
    with pytest.raises(InputError, match=word):
        study(runs, truth, **asked)
