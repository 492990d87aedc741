"""P2's DARTS-PTB files: facts of the real table, and files in P2's own form written here."""

import json

import pandas as pd
import pytest

from nasbias.errors import InputError
from nasbias.spaces import get_space
from nasbias.spaces.ptb import to_json
from nasbias.tables import check_truth, choose_split, select_truth, sign_of
from nasbias.truth.ptb import FORMATS

(P2,) = FORMATS


def read(path):
    assert P2.recognises(path)
    return check_truth(P2.read(path), "ptb", path.name)


@pytest.fixture
def rows():
    cells = get_space("ptb").sample(4, seed=0)
    return pd.DataFrame(
        {
            "architecture": [to_json(cell) for cell in cells],
            "valid_ppl": [60.5, 59.25, 70.0, 58.0],
            "test_ppl": [58.5, 57.25, 67.0, 56.0],
        }
    )


def test_the_real_table_has_the_published_counts_and_range(shared):
    truth = read(shared / "darts_ptb_anon2102.parquet")
    assert truth.groupby("seed").size().to_dict() == {42: 137, 43: 93}
    first = truth[truth["seed"] == 42]
    assert first["valid_perplexity"].agg(["min", "median", "max"]).round(2).tolist() == [57.87, 59.91, 70.01]
    assert set(truth["dataset"]) == {"ptb"}
    assert truth["epochs"].isna().all()
    assert select_truth(truth)["n_seeds"].value_counts().to_dict() == {2: 93, 1: 44}
    assert choose_split(truth) == "valid_perplexity"


def test_p2s_two_files_are_told_apart_by_their_names(tmp_path, rows):
    rows.to_csv(tmp_path / "ptb.csv", index=False)
    again = rows.head(2).assign(valid_ppl=[61.0, 59.0])
    again.to_csv(tmp_path / "ptb-seed43.csv", index=False)
    assert set(read(tmp_path / "ptb.csv")["seed"]) == {42}
    assert set(read(tmp_path / "ptb-seed43.csv")["seed"]) == {43}
    both = read(tmp_path)
    assert both.groupby("seed").size().to_dict() == {42: 4, 43: 2}
    mean = select_truth(both)
    assert mean["valid_perplexity"].tolist() == [60.75, 59.125, 70.0, 58.0]
    assert select_truth(both, seed=43)["test_perplexity"].tolist() == [58.5, 57.25]


def test_low_perplexity_counts_as_good():
    assert sign_of("valid_perplexity") == sign_of("test_perplexity") == -1


def test_a_json_in_another_key_order_is_the_same_row(tmp_path, rows):
    backwards = [json.dumps(dict(reversed(json.loads(text).items()))) for text in rows["architecture"]]
    rows.assign(architecture=backwards).to_csv(tmp_path / "ptb.csv", index=False)
    assert read(tmp_path / "ptb.csv")["architecture"].tolist() == get_space("ptb").sample(4, seed=0).tolist()


def test_a_missing_slot_names_the_slot_and_the_file(tmp_path, rows):
    rows.loc[2, "architecture"] = rows.loc[2, "architecture"].replace('"switch/4": ', '"switch/9": ')
    rows.to_csv(tmp_path / "ptb.csv", index=False)
    with pytest.raises(InputError, match=r"ptb\.csv: 1 of 4 .* slot 'switch/4' is missing"):
        read(tmp_path / "ptb.csv")


def test_a_file_cut_in_the_middle_is_refused(tmp_path, rows):
    path = tmp_path / "ptb.csv"
    rows.to_csv(path, index=False)
    path.write_text(path.read_text()[:-200])
    with pytest.raises(InputError, match=r"ptb\.csv"):
        read(path)


def test_a_cell_given_twice_and_an_accuracy_in_place_of_a_perplexity_are_refused(tmp_path, rows):
    path = tmp_path / "ptb.csv"
    pd.concat([rows, rows.tail(1)]).to_csv(path, index=False)
    with pytest.raises(InputError, match="repeat an earlier one"):
        read(path)
    rows.assign(valid_ppl=0.61).to_csv(path, index=False)
    with pytest.raises(InputError, match=r"valid_perplexity is 0\.61"):
        read(path)
    rows.head(0).to_csv(path, index=False)
    with pytest.raises(InputError, match="no rows"):
        read(path)


def test_other_files_are_not_taken_for_p2s(tmp_path, rows):
    rows.rename(columns={"valid_ppl": "accuracy"}).to_csv(tmp_path / "ptb.csv", index=False)
    (tmp_path / "cut.parquet").write_bytes(b"PAR1 and no more")
    (tmp_path / "binary.csv").write_bytes(bytes(range(256)))
    (tmp_path / "notes.md").write_text("architecture,valid_ppl,test_ppl\n")
    for name in ("ptb.csv", "cut.parquet", "binary.csv", "notes.md", "absent.csv", "."):
        assert not P2.recognises(tmp_path / name)


def test_p2s_numbers_say_what_they_are():
    assert (P2.name, P2.licence, P2.retrained) == ("p2-ptb", "Apache-2.0 (matluster/anonymous-2102)", False)
    assert "lower is better" in P2.describes and "seed 42, and 43 where a cell was trained twice" in P2.describes


def test_the_rows_of_a_folder_are_numbered_through_under_the_names_of_a_truth(tmp_path, rows):
    rows.to_csv(tmp_path / "ptb.csv", index=False)
    rows.head(2).to_csv(tmp_path / "ptb-seed43.csv", index=False)
    table = P2.read(tmp_path)
    assert table.index.tolist() == list(range(6))
    assert table.columns.tolist() == ["architecture", "valid_perplexity", "test_perplexity", "dataset", "seed"]


def test_both_seeds_in_one_parquet_file_are_known_by_its_columns(rows, tmp_path):
    both = pd.concat(rows.assign(source_file=name) for name in ("ptb.csv", "ptb-seed43.csv"))
    both.to_parquet(tmp_path / "both.parquet", index=False)
    assert read(tmp_path / "both.parquet").groupby("seed").size().to_dict() == {42: 4, 43: 4}
    rows.drop(columns="test_ppl").to_parquet(tmp_path / "other.parquet")
    assert not P2.recognises(tmp_path / "other.parquet")
