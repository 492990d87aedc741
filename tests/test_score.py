"""The scoring command: which architectures and checkpoints are scored, what is written, what is refused."""

import json

import numpy as np
import pandas as pd
import pytest

torch = pytest.importorskip("torch")

from nasbias.errors import InputError  # noqa: E402
from nasbias.notices import Notice  # noqa: E402
from nasbias.runs import RunFolder  # noqa: E402
from nasbias.score import DEFAULT_SAMPLE, Scoring, score_run  # noqa: E402
from nasbias.score import main as score  # noqa: E402
from nasbias.spaces import get_space  # noqa: E402
from nasbias.tables import load_predictions, read_about, read_table  # noqa: E402
from nasbias.train import main  # noqa: E402
from nasbias.training import train  # noqa: E402
from tests.small import SPACES, small_run  # noqa: E402

# Networks trained for a few steps may have learnt nothing, which is said; these tests are of something else.
pytestmark = pytest.mark.filterwarnings("ignore::nasbias.notices.Notice")

FEW = {"recalibration_images": 64, "valid_size": 50, "processes": 1}
SPACE = get_space("nb201")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "mine"
    return train(small_run("nb201", epochs=2, checkpoints=(1,), seed=4), folder).path


def test_train_and_score_work_as_a_user_would_use_them(tmp_path, capsys):
    out = tmp_path / "run"
    options = ["--epochs", "2", "--checkpoints", "1", "--channels", "4", "--cells", "1", "--batch-size", "128"]
    assert main(["--space", "nb201", *options, "--out", str(out), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["checkpoints"] == [1, 2]
    assert score([str(out), "--sample", "20", "--recalibration-images", "64", "--format", "json"]) == 0
    table = load_predictions(out, space="nb201")
    assert table.groupby("epoch")["architecture"].nunique().to_dict() == {1: 20, 2: 20}
    assert table["loss"].notna().all()
    assert RunFolder(out).config.identity
    parallel = tmp_path / "parallel.parquet"
    two = ["--sample", "20", "--recalibration-images", "64", "--processes", "2", "--out", str(parallel)]
    assert score([str(out), *two]) == 0
    pd.testing.assert_frame_equal(read_table(parallel), read_table(out / "predictions.parquet"))


@pytest.mark.parametrize("space", SPACES)
def test_a_run_of_any_space_is_scored_into_a_table_that_the_analysing_half_reads(space, tmp_path):
    folder = train(small_run(space, epochs=1), tmp_path / "run")
    scored = score_run(folder.path, Scoring(sample=4, **FEW))
    table = load_predictions(scored.path, space=space)
    assert len(table) == 4 and set(table["epoch"]) == {1}
    assert set(table["architecture"]) <= set(get_space(space).parse_all(table["architecture"]))
    assert {*get_space(space).score_columns} <= set(table.columns)


def test_rows_say_which_run_seed_and_epoch_they_are_of(run, tmp_path):
    told = []
    out = tmp_path / "p.parquet"
    scored = score_run(run, Scoring(sample=5, out=out, **FEW), lambda *given: told.append(given[:2]))
    assert told == [(1, 5), (2, 5)]
    assert (scored.path, scored.run, scored.space) == (out, run, "nb201")
    table, about = read_table(out), read_about(out)
    assert (set(table["run"]), set(table["seed"]), set(table["bn"])) == ({"mine"}, {4}, {"recalibrated"})
    assert about["run"] == RunFolder(run).config.identity and about["scoring"]["run"] == "mine"
    row = scored.summary.set_index("epoch").loc[2]
    losses = table.loc[table["epoch"] == 2, "loss"]
    assert (row["loss_min"], row["loss_max"]) == (losses.min(), losses.max())
    assert row["loss_mean"] == pytest.approx(losses.mean())
    assert scored.to_plain()["rows"] == scored.summary.to_dict("records")
    assert not (run / "predictions.parquet").exists()


def test_only_the_checkpoints_asked_for_are_scored_each_once(run, tmp_path):
    out = tmp_path / "p.parquet"
    assert set(score_run(run, Scoring(checkpoints=(2, 2), sample=2, out=out, **FEW)).table["epoch"]) == {2}
    for asked, says in (((1, 7), "no checkpoint of epoch 7. It has: 1, 2"), ((0,), "epoch 0")):
        with pytest.raises(InputError, match=says):
            score_run(run, Scoring(checkpoints=asked, sample=2, out=out, **FEW))


def test_a_run_that_has_not_finished_an_epoch_has_nothing_to_score(tmp_path):
    RunFolder(tmp_path / "new").create(small_run("nb201"))
    with pytest.raises(InputError, match="no checkpoint of epoch any. It has: none yet"):
        score_run(tmp_path / "new", Scoring(**FEW))


def scored_names(folder, tmp_path, **options):
    scored = score_run(folder, Scoring(checkpoints=(2,), out=tmp_path / "p.parquet", **FEW, **options))
    return scored.table["architecture"].tolist()


def test_a_sample_depends_on_its_seed_and_subset(run, tmp_path):
    first, again, other = (scored_names(run, tmp_path, sample=6, sample_seed=seed) for seed in (0, 0, 1))
    assert first == again == SPACE.sample(6, 0).tolist()
    assert first != other
    unique = scored_names(run, tmp_path, sample=6, subset="unique")
    assert set(unique) <= set(SPACE.members("unique"))


def test_a_list_is_scored_as_it_is_and_excludes_a_sample(run, tmp_path):
    names = SPACE.sample(3, seed=9).tolist()
    (tmp_path / "list.txt").write_text("\n".join(names))
    assert scored_names(run, tmp_path, architectures=str(tmp_path / "list.txt")) == names
    with pytest.raises(InputError, match="--architectures and --sample exclude each other"):
        scored_names(run, tmp_path, architectures=str(tmp_path / "list.txt"), sample=2)


def test_what_was_trained_on_is_scored_unless_pruning_left_less(tmp_path):
    names = SPACE.sample(5, seed=9).tolist()
    (tmp_path / "list.txt").write_text("\n".join(names))
    folder = train(small_run("nb201", epochs=2, architectures=str(tmp_path / "list.txt")), tmp_path / "run").path
    assert scored_names(folder, tmp_path) == names
    drawn = scored_names(folder, tmp_path, sample=2)
    assert len(drawn) == 2 and drawn == [name for name in names if name in drawn]
    assert len(scored_names(folder, tmp_path, sample=50)) == 5
    (folder / "remaining.txt").write_text("\n".join(names[1:3]))
    assert scored_names(folder, tmp_path) == names[1:3]
    assert len(scored_names(folder, tmp_path, subset="unique", sample=7)) == 7  # a subset is asked for, not the list


def test_an_architecture_alone_is_the_one_that_is_scored(tmp_path):
    name = SPACE.parse("42")
    folder = train(small_run("nb201", epochs=2, standalone=name), tmp_path / "run").path
    assert scored_names(folder, tmp_path) == [name]


def test_of_a_space_too_large_to_list_a_sample_is_scored(tmp_path, monkeypatch):
    monkeypatch.setattr("nasbias.score.DEFAULT_SAMPLE", 3)
    folder = train(small_run("darts", epochs=2), tmp_path / "run").path
    assert scored_names(folder, tmp_path) == get_space("darts").sample(3, 0).tolist()
    assert DEFAULT_SAMPLE == 256


def test_a_checkpoint_whose_scores_say_nothing_is_named(run, tmp_path):
    from nasbias.score import _name_dead

    table = pd.DataFrame({"epoch": np.repeat([1, 2], 8), "loss": [*[2.5] * 8, *np.linspace(1, 2, 8)]})
    with pytest.warns(Notice, match=r"epoch 1, loss: ") as told:
        _name_dead(table)
    assert len(told) == 1


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--sample", "2", "--processes", "0"], "0: 1 or more is needed"),
        (["--sample", "2", "--engine", "fats"], "Did you mean fast"),
        (["--subset", "uniqe", "--sample", "2"], "Did you mean unique"),
        (["--sample", "2", "--valid-size", "9999"], "9999 validation images asked for"),
    ],
)
def test_bad_options_are_one_line_and_leave_no_file(run, tmp_path, capsys, options, says):
    assert score([str(run), *options, "--out", str(tmp_path / "p.parquet")]) == 2
    message = capsys.readouterr().err
    assert says in message and message.count("\n") == 1
    assert not (tmp_path / "p.parquet").exists()


def test_a_folder_that_is_no_run_is_refused(tmp_path, capsys):
    assert score([str(tmp_path)]) == 2
    assert "that is no run folder" in capsys.readouterr().err
