import argparse

import numpy as np
import pandas as pd
import pytest

from nasbias.errors import InputError
from nasbias.matching import add_panel_options, match, select_panel
from nasbias.notices import Notice
from nasbias.spaces import get_space

SPACE = get_space("nb201")
ARCHITECTURES = SPACE.sample(40, seed=0).tolist()
ACCURACY = np.linspace(50, 89, 40)
TRUTH = pd.concat(
    [pd.DataFrame({"architecture": ARCHITECTURES, "seed": seed, "valid_accuracy": ACCURACY + seed}) for seed in (0, 1)]
)


def run(shift=0.0, architectures=ARCHITECTURES, **keys):
    scores = ACCURACY[: len(architectures)] / 2 + shift
    return pd.DataFrame({"architecture": architectures, "accuracy": scores, "loss": 9 - scores / 10, **keys})


def panel_of(*tables, **options):
    return select_panel(match(pd.concat(tables), TRUTH), **options)


def test_the_default_bn_mode_is_recalibrated_wherever_it_stands():
    modes = [run(shift=i, seed=0, epoch=4, bn=bn) for i, bn in enumerate(("batch", "recalibrated", "running"))]
    panel = panel_of(*modes)
    assert panel.bn == "recalibrated" and panel.scores[0, 0] == 26
    assert panel_of(*modes, bn="running").scores[0, 0] == 27
    assert panel_of(modes[2], modes[0]).bn == "running"  # without it the first
    with pytest.raises(InputError, match="unknown BN mode 'runing'. Did you mean running"):
        panel_of(*modes, bn="runing")


def test_the_default_score_is_the_first_and_the_default_epoch_the_longest():
    tables = [run(shift=epoch / 10, seed=0, epoch=epoch) for epoch in (2, 16, 4)]
    panel = panel_of(*tables)
    assert (panel.score, panel.epoch, panel.n) == ("accuracy", 16, 40)
    assert panel.scores[0].tolist() == (ACCURACY / 2 + 1.6).tolist()
    assert panel_of(*tables, epoch=2, score="loss").scores[0].tolist() == (-(9 - (ACCURACY / 2 + 0.2) / 10)).tolist()
    for options, says in (({"epoch": 3}, "unknown epoch '3'"), ({"score": "los"}, "Did you mean loss")):
        with pytest.raises(InputError, match=says):
            panel_of(*tables, **options)


def test_of_several_steps_in_an_epoch_the_last_counts_wherever_it_stands():
    steps = [run(shift=step, seed=0, epoch=4, step=step) for step in (7, 9, 8)]
    assert panel_of(*steps).scores[0, 0] == 25 + 9
    assert panel_of(*steps[::-1]).scores[0, 0] == 25 + 9


def test_runs_are_told_apart_by_name_and_seed():
    tables = [run(run="a", seed=0), run(run="a", seed=1), run(run="b", seed=0)]
    panel = panel_of(*tables)
    assert [(keys["run"], keys["seed"]) for keys in panel.runs] == [("a", 0), ("a", 1), ("b", 0)]
    assert panel.scores.shape == (3, 40) and panel.epoch is None


def test_a_panel_holds_what_belongs_to_its_architectures():
    panel = panel_of(run(seed=0), run(seed=1, architectures=ARCHITECTURES[:35]))
    assert panel.n == 35 and panel.scores.shape == (2, 35)
    assert panel.architectures["architecture"].tolist() == ARCHITECTURES[:35]
    assert panel.truth.tolist() == (ACCURACY[:35] + 0.5).tolist()
    assert panel.repeats.tolist() == [[a, a + 1] for a in ACCURACY[:35]]
    assert panel.codes.tolist() == SPACE.encode(ARCHITECTURES[:35]).tolist()
    assert (panel.score_sign, panel.truth_sign) == (1, 1)
    assert panel_of(run(seed=0), score="loss").score_sign == -1


def test_repeats_of_a_perplexity_are_turned_round_with_it():
    cells = get_space("ptb").sample(30, seed=0).tolist()
    truth = pd.DataFrame({"architecture": cells, "seed": 0, "valid_perplexity": np.arange(60.0, 90)})
    table = pd.DataFrame({"architecture": cells, "perplexity": np.arange(100.0, 130)})
    panel = select_panel(match(table, truth, space="ptb"))
    assert panel.truth_sign == -1 and panel.score_sign == -1
    assert panel.repeats[:, 0].tolist() == panel.truth.tolist() == (-np.arange(60.0, 90)).tolist()


def test_too_few_common_architectures_are_no_study():
    tables = [run(seed=0, architectures=ARCHITECTURES[:30]), run(seed=1, architectures=ARCHITECTURES[1:31])]
    assert panel_of(tables[0]).n == 30
    with pytest.raises(InputError, match=r"the 2 run\(s\) at epoch None have 29 scored .* this study needs 30"):
        panel_of(*tables)
    assert panel_of(*tables, least=29).n == 29


def test_scores_that_rank_nothing_are_refused():
    with pytest.raises(InputError, match="accuracy of run predictions has 40 NaN"):
        panel_of(run(seed=0).assign(accuracy=np.nan))
    with pytest.warns(Notice, match="all 40 are 5"):
        matched = match(run(seed=0).assign(accuracy=5.0), TRUTH)
    with pytest.raises(InputError, match="accuracy of run predictions has one constant value"):
        select_panel(matched)


def test_the_options_choose_a_panel():
    parser = argparse.ArgumentParser()
    add_panel_options(parser)
    assert set(vars(parser.parse_args([])).values()) == {None}
    given = parser.parse_args(["--score", "loss", "--epoch", "4", "--bn", "batch"])
    assert (given.score, given.epoch, given.bn) == ("loss", 4, "batch")


def test_steps_without_a_number_count_as_the_first_and_epochs_go_before_steps():
    tables = [run(shift=1, seed=0, epoch=4, step=5), run(shift=2, seed=0, epoch=8, step=1)]
    assert panel_of(*tables).scores[0, 0] == 27 and panel_of(*tables).epoch == 8
    nameless = run(shift=3, seed=0, epoch=8)
    assert panel_of(tables[1], nameless).scores[0, 0] == 27
    panel = panel_of(*tables)
    assert panel.space is SPACE and panel.architectures.index.tolist() == list(range(40))
    assert panel.runs[0]["score"] == "accuracy" and panel.codes.dtype == int


def test_the_help_names_the_defaults():
    parser = argparse.ArgumentParser()
    add_panel_options(parser)
    text = " ".join(parser.format_help().split())
    assert "(default: the first)" in text and "(default: the longest)" in text and "recalibrated if there" in text
