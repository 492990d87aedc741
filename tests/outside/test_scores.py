"""`score_with`: anybody's function over architectures; resume, processes, failures."""

import math

import numpy as np
import pandas as pd
import pytest

import nasbias
from nasbias.errors import InputError
from nasbias.notices import Notice
from nasbias.outside import score_with
from nasbias.outside.scores import FAILED
from nasbias.spaces import get_space
from nasbias.tables import load_predictions, read_about

SPACE = get_space("nb201")


def conv_count(architecture: str) -> float:
    """Defined at the top of a module: it can be pickled."""
    return float(architecture.count("conv_3x3"))


def conv_counts(architectures: list[str]) -> list[dict[str, float]]:
    return [{"accuracy": 10.0 * conv_count(each), "latency": float(len(each))} for each in architectures]


def picky(architecture: str) -> float:
    if "none" in architecture:
        raise RuntimeError("no\nnone, please")
    return conv_count(architecture)


def test_a_function_of_one_architecture_gives_a_predictions_table():
    table = score_with(conv_count, "nb201", 50, run="mine", seed=3, epoch=7)
    assert table["architecture"].tolist() == SPACE.sample(50, seed=0).tolist()
    assert table["score"].tolist() == [conv_count(each) for each in table["architecture"]]
    assert (set(table["run"]), set(table["seed"]), set(table["epoch"])) == ({"mine"}, {3}, {7})
    assert table[FAILED].isna().all()


def test_the_public_name_is_this_function_and_its_table_correlates():
    space = nasbias.get_space("darts64")
    table = nasbias.score_with(code_of, space, "darts64_truth", name="code")
    assert set(table["run"]) == {"code_of"} and len(table) == 64
    row = nasbias.correlate(table, "darts64_truth", space="darts64").iloc[0]
    assert row["n"] == 64 and -1 < row["gt_tau_low"] < row["gt_tau"] < row["gt_tau_high"] < 1


def code_of(architecture: str) -> int:
    return int(architecture)


@pytest.mark.parametrize(
    "function",
    [
        conv_counts,
        lambda texts: {"accuracy": np.array([10 * conv_count(t) for t in texts]), "latency": [len(t) for t in texts]},
        lambda texts: pd.DataFrame(conv_counts(texts)).to_dict("list"),
    ],
)
def test_a_batch_may_give_rows_or_columns(function):
    table = score_with(function, "nb201", 23, batch=5, run="b")
    assert table["accuracy"].tolist() == [10 * conv_count(each) for each in table["architecture"]]
    assert table["latency"].tolist() == [len(each) for each in table["architecture"]]


def test_accuracies_within_0_and_1_are_read_as_fractions():
    with pytest.warns(Notice, match="read as fractions"):
        table = score_with(lambda a: {"accuracy": conv_count(a) / 10}, "nb201", 20)
    assert table["accuracy"].max() > 1


@pytest.mark.parametrize("batch", [None, 4])
def test_what_raises_is_a_row_with_the_reason_and_the_rest_is_scored(batch, tmp_path):
    function = picky if batch is None else lambda texts: [picky(text) for text in texts]
    with pytest.warns(Notice, match=r"architectures failed .*no\\nnone, please|failed \(column"):
        table = score_with(function, "nb201", 40, tmp_path / "a.parquet", batch=batch)
    bad = table["architecture"].str.contains("none")
    assert 0 < bad.sum() < 40
    assert (table[FAILED].notna() == bad).all() and (table["score"].isna() == bad).all()
    assert table.loc[bad, FAILED].str.startswith("RuntimeError: no").all()
    assert load_predictions(tmp_path / "a.parquet")["score"].isna().sum() == bad.sum()  # every study reads the rest


def test_where_nothing_succeeds_there_is_no_table(tmp_path):
    with pytest.raises(InputError, match="every one of 3 architectures failed; the first: ZeroDivisionError"):
        score_with(lambda _: 1 / 0, "nb201", 3, tmp_path / "a.parquet")
    assert not (tmp_path / "a.parquet").exists()


@pytest.mark.parametrize("given", ["text", None, [1.0, 2.0], {}, {"accuracy": "high"}])
def test_what_is_no_number_is_a_failure_not_a_score(given):
    with pytest.raises(InputError, match="every one of 2 architectures failed"):
        score_with(lambda _: given, "nb201", 2)


def test_a_batch_of_the_wrong_length_never_shifts_scores():
    with pytest.raises(InputError, match="failed; the first: ValueError: 3 scores for 1"):
        score_with(lambda texts: [1.0, 2.0, 3.0], "nb201", 8, batch=2)


class Interrupted:
    """Counts its calls and is interrupted at one of them."""

    def __init__(self, at: int | None = None) -> None:
        self.at, self.calls = at, 0

    def __call__(self, texts: list[str]) -> list[float]:
        self.calls += 1
        if self.calls == self.at:
            raise KeyboardInterrupt
        return [hash_of(text) + 1e-3 * len(texts) for text in texts]  # what stood beside it shows


def hash_of(text: str) -> float:
    return math.sin(sum(map(ord, text)))


def test_an_interrupted_run_goes_on_and_equals_one_that_was_not(tmp_path):
    whole = score_with(Interrupted(), "nb201", 47, tmp_path / "whole.parquet", batch=4, run="r")
    path = tmp_path / "part.parquet"
    with pytest.raises(KeyboardInterrupt):
        score_with(Interrupted(5), "nb201", 47, path, batch=4, run="r")
    assert not path.exists() and (tmp_path / "part.parts").is_dir()
    second = Interrupted()
    resumed = score_with(second, "nb201", 47, path, batch=4, run="r")
    assert second.calls == 12 - 4
    assert not (tmp_path / "part.parts").exists()
    pd.testing.assert_frame_equal(whole, resumed)
    pd.testing.assert_frame_equal(pd.read_parquet(path), pd.read_parquet(tmp_path / "whole.parquet"))


def test_a_finished_run_is_read_and_not_scored_again(tmp_path):
    first = score_with(Interrupted(), "nb201", 9, tmp_path / "a.parquet", batch=4)
    again = Interrupted(1)
    pd.testing.assert_frame_equal(score_with(again, "nb201", 9, tmp_path / "a.parquet", batch=4), first)
    assert again.calls == 0
    about = read_about(tmp_path / "a.parquet")
    assert about["scored_with"]["function"].endswith("Interrupted") and about["versions"]["nasbias"]


def test_a_finished_run_that_was_damaged_is_refused(tmp_path):
    path = tmp_path / "a.parquet"
    nasbias.score_with(code_of, get_space("darts64"), 8, path)
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"a\.parquet"):
        nasbias.score_with(code_of, get_space("darts64"), 8, path)


def test_what_failed_is_tried_again_when_asked_for(tmp_path):
    path, allowed = tmp_path / "a.parquet", []

    def function(text):
        if "none" in text and not allowed:
            raise OSError("no disk")
        return hash_of(text)

    with pytest.warns(Notice, match="architectures failed"):
        score_with(function, "nb201", 30, path)
    assert score_with(function, "nb201", 30, path)["score"].isna().any()
    allowed.append(True)
    table = score_with(function, "nb201", 30, path, retry=True)
    assert table[FAILED].isna().all()
    assert table["score"].tolist() == [hash_of(text) for text in table["architecture"]]


@pytest.mark.parametrize("change", [{"architectures": 8}, {"seed": 1}, {"batch": 3}, {"space": "darts"}])
def test_a_file_of_another_run_is_neither_read_nor_overwritten(change, tmp_path):
    path = tmp_path / "a.parquet"
    arguments = {"space": "nb201", "architectures": 9, "out": path, "batch": 4, "run": "r"}
    score_with(Interrupted(), **arguments)
    before = path.read_bytes()
    with pytest.raises(InputError, match=r"a\.parquet holds another .*Give another out"):
        score_with(Interrupted(), **arguments | change)
    assert path.read_bytes() == before
    with pytest.raises(KeyboardInterrupt):
        score_with(Interrupted(2), **arguments | {"out": tmp_path / "b.parquet"})
    with pytest.raises(InputError, match=r"b\.parts holds an unfinished run with another"):
        score_with(Interrupted(), **arguments | {"out": tmp_path / "b.parquet"} | change)


def test_a_file_from_elsewhere_is_not_overwritten(tmp_path):
    pd.DataFrame({"architecture": ["0"]}).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(InputError, match="holds something else"):
        score_with(conv_count, "nb201", 3, tmp_path / "a.parquet")


def test_processes_give_the_same_table():
    one, two = (score_with(conv_count, "nb201", 12, processes=n, run="r") for n in (1, 2))
    pd.testing.assert_frame_equal(one, two)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"batch": 0}, "batch is 0"),
        ({"processes": 0}, "processes is 0"),
        ({"out": "a.csv"}, "ending must be .parquet"),
        ({"architectures": 0}, "1 or more are wanted"),
        ({"space": "nb202"}, "unknown space"),
        ({"processes": 2, "function": lambda _: 1.0}, "can't be pickled for 2 processes"),
    ],
)
def test_bad_arguments_are_refused_in_one_line(arguments, says, tmp_path):
    with pytest.raises(InputError, match=says):
        score_with(**{"function": conv_count, "architectures": 3} | arguments)
