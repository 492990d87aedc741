import warnings

import numpy as np
import pandas as pd
import pytest

import nasbias
from nasbias.errors import InputError
from nasbias.matching import align_scores, choose_scores, hint_direction, match
from nasbias.notices import Notice
from nasbias.spaces import get_space
from nasbias.tables import Reading

SPACE = get_space("nb201")
ARCHITECTURES = SPACE.sample(20, seed=0).tolist()
ACCURACY = np.linspace(50, 69, 20)
TRUTH = pd.DataFrame({"architecture": ARCHITECTURES, "valid_accuracy": ACCURACY})


def predictions(architectures=ARCHITECTURES, **columns):
    return pd.DataFrame({"architecture": architectures, **columns})


def said(function, *arguments, **options):
    with warnings.catch_warnings(record=True) as notices:
        warnings.simplefilter("always", Notice)
        result = function(*arguments, **options)
    return result, [str(notice.message) for notice in notices]


def test_scores_and_truth_stand_side_by_side_higher_is_better_in_both():
    order = ARCHITECTURES[::-1]
    matched = match(predictions(order, accuracy=ACCURACY, loss=ACCURACY), TRUTH)
    accuracy, loss = matched.rows
    assert (accuracy.keys["score"], loss.keys["score"]) == ("accuracy", "loss")
    assert (accuracy.sign, loss.sign) == (1, -1)
    assert accuracy.score.tolist() == ACCURACY.tolist() and loss.score.tolist() == (-ACCURACY).tolist()
    assert accuracy.truth.tolist() == loss.truth.tolist() == ACCURACY[::-1].tolist()
    assert matched.architectures["architecture"].tolist() == order
    assert matched.architectures["value"].tolist() == matched.architectures["truth"].tolist()


def test_a_truth_of_losses_is_turned_round_and_its_own_value_kept():
    cells = get_space("ptb").sample(5, seed=0).tolist()
    truth = pd.DataFrame({"architecture": cells, "valid_perplexity": [60.0, 61, 62, 63, 64]})
    matched = match(predictions(cells, zen=[1.0, 2, 3, 4, 5]), truth, space="ptb")
    assert matched.rows[0].truth.tolist() == [-60, -61, -62, -63, -64]
    assert matched.architectures["value"].tolist() == [60, 61, 62, 63, 64]


def test_what_has_no_truth_is_counted_per_run():
    table = pd.concat([predictions(accuracy=ACCURACY, seed=0), predictions(accuracy=ACCURACY, seed=1).iloc[5:]])
    matched = match(table, TRUTH.iloc[:-3])
    assert [row.n_not_joined for row in matched.rows] == [3, 3]
    assert [len(row.score) for row in matched.rows] == [17, 12]
    assert matched.rows[1].items.tolist() == list(range(5, 17))
    assert matched.rows[0].architectures_id != matched.rows[1].architectures_id


def test_where_nothing_joins_the_way_to_something_that_does_is_named():
    others = SPACE.sample(60, seed=0).tolist()[20:]
    with pytest.raises(
        InputError, match="none of the 40 predicted architectures has a truth in truth .*score RUN --arch"
    ):
        match(predictions(others, accuracy=1.5), TRUTH)


def test_isomorphic_architectures_count_once_if_asked():
    every = SPACE.architectures()
    twice = every[every["isomorphism_class"] == every["isomorphism_class"].mode()[0]]["architecture"].tolist()[:3]
    table = predictions([*twice, *ARCHITECTURES[:2]], accuracy=[1.0, 2, 3, 4, 5])
    truth = pd.DataFrame({"architecture": table["architecture"], "valid_accuracy": [10.0, 20, 30, 40, 50]})
    assert match(table, truth, unique=True).rows[0].score.tolist() == [1, 4, 5]
    assert len(match(table, truth).rows[0].score) == 5


def test_whether_an_architecture_was_just_trained_follows_its_score():
    flags = np.arange(20) % 3 == 0
    table = predictions(accuracy=np.where(np.arange(20) == 4, np.nan, ACCURACY), trained=flags)
    matched, _ = said(match, table, TRUTH.iloc[2:])
    trained = matched.rows[0].trained
    assert trained is not None and trained.tolist() == flags[[2, 3, *range(5, 20)]].tolist()
    assert match(predictions(accuracy=ACCURACY), TRUTH).rows[0].trained is None


def test_five_nan_among_two_hundred_are_counted_out_and_the_rest_is_judged():
    names = SPACE.sample(200, seed=1).tolist()
    truth = pd.DataFrame({"architecture": names, "valid_accuracy": np.linspace(10, 90, 200)})
    scores = np.linspace(1, 2, 200)
    scores[[3, 50, 51, 120, 199]] = np.nan
    (rows), notices = said(nasbias.correlate, predictions(names, zen=scores), truth)
    assert rows[["n", "n_nan", "gt_tau", "reason"]].to_numpy().tolist() == [[195, 5, 1.0, ""]]
    assert notices == ["zen of run predictions is NaN for 5 of 200 architectures: counted out, the rest is judged."]


def test_runs_of_one_length_lose_each_others_nan_so_that_they_stay_comparable():
    tables = [predictions(accuracy=ACCURACY.copy(), seed=seed, epoch=8) for seed in range(4)]
    tables[0].loc[2, "accuracy"] = np.nan
    tables[1].loc[7, "accuracy"] = np.nan
    tables[3].loc[:9, "accuracy"] = np.nan  # half of it: keeps to itself
    other = predictions(accuracy=ACCURACY, seed=0, epoch=4)
    matched, notices = said(match, pd.concat([*tables, other]), TRUTH)
    assert [row.n_nan for row in matched.rows] == [2, 2, 2, 10, 0]
    assert [len(row.score) for row in matched.rows] == [18, 18, 18, 10, 20]
    assert len({row.architectures_id for row in matched.rows[:3]}) == 1
    assert not np.isnan(np.concatenate([row.score for row in matched.rows])).any()
    assert [notice.split(" is NaN for ")[1][:8] for notice in notices] == ["1 of 20 ", "1 of 20 ", "10 of 20"]
    assert "after 8 epochs" in notices[0]


def test_a_tenth_of_nan_is_few_and_more_is_not():
    tables = [predictions(accuracy=ACCURACY.copy(), seed=seed) for seed in range(2)]
    tables[0].loc[:1, "accuracy"] = np.nan
    assert [row.n_nan for row in said(match, pd.concat(tables), TRUTH)[0].rows] == [2, 2]
    tables[0].loc[:2, "accuracy"] = np.nan
    assert [row.n_nan for row in said(match, pd.concat(tables), TRUTH)[0].rows] == [3, 0]


def test_scores_that_are_nan_alone_stay_and_are_no_ranking():
    matched, notices = said(match, predictions(accuracy=np.nan, loss=ACCURACY), TRUTH)
    assert np.isnan(matched.rows[0].score).all() and matched.rows[0].n_nan == 0
    assert notices == []


def test_dead_scores_and_dead_truths_are_named():
    dead = np.where(np.arange(20) < 8, 10.0, ACCURACY)
    _, notices = said(match, predictions(accuracy=dead, seed=0, epoch=3), TRUTH)
    assert notices == [
        "accuracy of run predictions after 3 epochs: 8 of 20 are 10, as networks end that learnt nothing."
    ]
    _, notices = said(match, predictions(accuracy=ACCURACY), TRUTH.assign(valid_accuracy=dead))
    assert notices[0].startswith("truth truth: of valid_accuracy 8 of 20 are 10")
    _, notices = said(match, predictions(zen=dead), TRUTH)
    assert notices == []  # other scores may tie by their nature
    _, notices = said(match, predictions(loss=np.where(np.arange(20) < 3, 2.302585, ACCURACY)), TRUTH)
    assert "3 of 20 are 2.30259" in notices[0]


def frame(**columns):
    return [pd.DataFrame({"architecture": ["a", "b"], **{name: [1.0, 2.0] for name in columns}})]


def test_the_headline_is_accuracy_then_loss_then_the_only_score():
    assert choose_scores(frame(zen=1, loss=1, accuracy=1), None) == ["accuracy", "loss", "zen"]
    assert choose_scores(frame(zen=1, loss=1), None) == ["loss", "zen"]
    assert choose_scores(frame(zen=1), None) == ["zen"]
    assert choose_scores(frame(zen=1, latency=1, id=1), None) == ["zen"]


def test_several_scores_without_a_headline_must_be_chosen_from():
    with pytest.raises(InputError, match="There are zen, snip, and neither accuracy nor loss. Name one: --score zen"):
        choose_scores(frame(zen=1, snip=1), None)
    assert choose_scores(frame(zen=1, snip=1), "snip") == ["snip"]
    assert choose_scores(frame(zen=1, snip=1), ["snip", "zen"]) == ["snip", "zen"]
    assert choose_scores(frame(zen=1, latency=1), ["latency"]) == ["latency"]


def test_unknown_and_contradictory_names_are_refused():
    for arguments in ((["acuracy"],), (None, ("acuracy",)), (None, (), ("acuracy",))):
        with pytest.raises(InputError, match="unknown score 'acuracy'. Did you mean accuracy"):
            choose_scores(frame(accuracy=1), *arguments)
    with pytest.raises(InputError, match="zen is named as lower-is-better and as higher-is-better"):
        choose_scores(frame(zen=1), None, ("zen",), ("zen",))
    with pytest.raises(InputError, match="no score named"):
        choose_scores(frame(zen=1), [])


def test_a_direction_taken_from_a_name_is_said_and_can_be_turned_round():
    names, notices = said(choose_scores, frame(nll=1), None)
    assert names == ["nll"] and notices == [
        "nll is read as lower-is-better, by its name (--higher-is-better nll turns it round)."
    ]
    assert said(choose_scores, frame(nll=1), None, (), ("nll",))[1] == []
    assert said(choose_scores, frame(nll=1), None, ("nll",))[1] == []
    matched, _ = said(match, predictions(nll=ACCURACY), TRUTH)
    assert matched.rows[0].sign == -1
    assert match(predictions(nll=ACCURACY), TRUTH, higher_is_better="nll").rows[0].sign == 1
    assert match(predictions(zen=ACCURACY), TRUTH, lower_is_better="zen").rows[0].sign == -1


def test_one_name_is_one_score():
    assert [
        row.keys["score"]
        for row in match(predictions(accuracy=ACCURACY, loss=1 + ACCURACY), TRUTH, scores="accuracy").rows
    ] == ["accuracy"]


@pytest.mark.parametrize(
    ("tau", "high", "sign", "asks"),
    [
        (-0.5, -0.3, 1, "lower"),
        (-0.5, -0.3, -1, "higher"),
        (-0.2, -0.1, 1, "lower"),
        (-0.19, -0.1, 1, ""),
        (-0.5, 0.0, 1, ""),
        (0.5, 0.6, 1, ""),
        (np.nan, np.nan, 1, ""),
    ],
)
def test_a_ranking_that_is_clearly_the_wrong_way_round_asks_for_its_direction(tau, high, sign, asks):
    _, notices = said(hint_direction, "zen", tau, high, sign)
    assert notices == (
        [f"zen has tau {tau:.2f}: is the score {asks}-is-better? --{asks}-is-better zen reads it so."] if asks else []
    )


def test_correlate_asks_where_tau_is_clearly_negative():
    _, notices = said(nasbias.correlate, predictions(zen=-ACCURACY), TRUTH)
    assert notices == ["zen has tau -1.00: is the score lower-is-better? --lower-is-better zen reads it so."]
    assert said(nasbias.correlate, predictions(zen=ACCURACY), TRUTH)[1] == []
    assert said(nasbias.correlate, predictions(accuracy=100 - ACCURACY), TRUTH)[1] == []  # declared: nothing to ask


def test_rows_are_aligned_on_what_all_of_them_scored():
    tables = [
        predictions(ARCHITECTURES[:9], zen=ACCURACY[:9], seed=0),
        predictions(ARCHITECTURES[8:3:-1], zen=ACCURACY[:5], seed=1),
    ]
    items, scores = align_scores(match(pd.concat(tables), TRUTH).rows)
    assert items.tolist() == [4, 5, 6, 7, 8]
    assert scores.tolist() == [ACCURACY[4:9].tolist(), ACCURACY[:5][::-1].tolist()]


def test_repeats_of_the_truth_stand_in_the_order_of_the_architectures():
    truth = pd.concat([TRUTH.assign(seed=seed, valid_accuracy=ACCURACY + seed) for seed in (0, 2)])
    matched = match(predictions(ARCHITECTURES[::-1], accuracy=ACCURACY), truth)
    assert matched.repeats.tolist() == [[a, a + 2] for a in ACCURACY[::-1]]
    assert matched.sources == ["predictions"]


def test_the_truths_column_is_the_one_asked_for():
    truth = pd.concat(
        TRUTH.assign(dataset=dataset, epochs=epochs, test_accuracy=5.0, sample=["uniform"] * 15 + ["search"] * 5)
        for dataset in ("cifar10", "cifar100")
        for epochs in (12, 200)
    )
    table = predictions(accuracy=ACCURACY)
    options = {"dataset": "cifar100", "epochs": 12, "split": "valid", "sample": "search"}
    known = match(table, truth, **options).truth
    assert (known.dataset, known.epochs, known.column, known.sample) == ("cifar100", 12, "valid_accuracy", "search")
    known = match(table, truth).truth
    assert (known.dataset, known.epochs, known.column, known.sample) == ("cifar10", 200, "valid_accuracy", "uniform")


def test_ties_of_a_coarse_score_are_not_dead():
    assert said(match, predictions(accuracy=np.repeat(np.arange(5.0), 4) + 2), TRUTH)[1] == []
    assert said(match, predictions(accuracy=np.arange(20) * 1e-5 + 50), TRUTH)[1] == []


def test_the_reading_reaches_the_predictions():
    table = predictions(accuracy=ACCURACY).rename(columns={"architecture": "mine"})
    assert len(match(table, TRUTH, reading=Reading({"architecture": "mine"})).rows[0].items) == len(ARCHITECTURES)
    with pytest.raises(InputError, match="no column 'architecture'"):
        match(table, TRUTH)


def test_architectures_are_numbered_through_and_have_what_their_space_says_of_them():
    truth = TRUTH.iloc[5:]  # the first five have none
    architectures = match(predictions(accuracy=ACCURACY), truth).architectures
    assert architectures.index.tolist() == list(range(len(ARCHITECTURES) - 5))
    described = get_space("nb201").describe(list(ARCHITECTURES[5:]))
    assert architectures.columns.tolist()[: len(described.columns)] == described.columns.tolist()
    assert "index" not in architectures


def test_a_number_that_looks_like_no_score_is_one_where_it_is_named():
    table = predictions(energy=ACCURACY, latency=1.0)
    with pytest.raises(InputError, match=r"looks like a score by its name: energy, latency. If one is: --score energy"):
        match(table, TRUTH)
    assert [row.keys["score"] for row in match(table, TRUTH, scores="energy").rows] == ["energy"]
    lower, higher = (match(table, TRUTH, **{f"{way}_is_better": "energy"}).rows for way in ("lower", "higher"))
    assert [row.sign for row in (*lower, *higher)] == [-1, 1]
    assert [row.keys["score"] for row in lower] == ["energy"]


def test_every_option_about_the_truth_reaches_it():
    truth = pd.concat(
        TRUTH.assign(
            dataset=dataset, epochs=epochs, test_accuracy=ACCURACY + 1, sample=["uniform"] * 15 + ["search"] * 5
        )
        for dataset in ("cifar10", "cifar100")
        for epochs in (4, 12)
    )
    table = predictions(accuracy=ACCURACY)
    usual = match(table, truth).truth
    assert (usual.dataset, usual.epochs, usual.column, len(usual.keys)) == ("cifar10", 12, "valid_accuracy", 15)
    asked = match(table, truth, dataset="cifar100", epochs=4, split="test", sample="search").truth
    assert (asked.dataset, asked.epochs, asked.column, len(asked.keys)) == ("cifar100", 4, "test_accuracy", 5)
