"""Verdicts follow from intervals, and what the README's second round says is what data/ says."""

import math
from pathlib import Path

import pandas as pd
import pytest

pytest.importorskip("torch")
from analysis.findings import BEGIN, END, README, Finding, collect, number, show, to_markdown, verdict, within
from analysis.harvest import DATA, join_common, split_common

SHARED = Path("../shared/data")


@pytest.mark.parametrize(
    ("low", "high", "says"),
    [(0.1, 0.3, "agrees"), (-0.3, -0.1, "disagrees"), (math.nan, math.nan, "not decided: one run")],
)
def test_a_verdict_needs_an_interval_that_excludes_the_opposite(low, high, says):
    assert verdict(low, high, 3) == says


def test_one_run_decides_nothing():
    assert verdict(0.1, 0.3, 1) == "not decided: one run"


def test_an_open_verdict_says_how_many_runs_would_close_it():
    assert verdict(-0.1, 0.3, 3) == "not decided: about 13 runs, 3 are here"  # half .2 about .1: four times the runs
    assert verdict(-0.3, 0.31, 3).startswith("not decided: no difference is seen")
    assert verdict(-0.1, 0.3) == "not decided"


def test_between_floor_and_ceiling_the_whole_interval_must_lie():
    assert within(0.1, 0.5, 0.0, 0.7) == "agrees"
    assert within(0.1, 0.8, 0.0, 0.7) == "not decided"
    assert within(0.75, 0.8, 0.0, 0.7) == "disagrees"


def test_numbers_are_written_as_the_table_has_them():
    assert [number(value) for value in (0.5, -0.25, 1.0, -0.004)] == [".50", "-.25", "1.00", "-.00"]
    assert show((0.5, 0.25, 0.75)) == ".50 [.25 to .75]"
    assert show((0.5, math.nan, math.nan)) == ".50"


def test_what_runs_have_in_common_is_said_once():
    common, own = split_common({"a": {"x": 1, "deep": {"y": 2, "z": 3}}, "b": {"x": 1, "deep": {"y": 2, "z": 4}}})
    assert common == {"x": 1, "deep": {"y": 2}}
    assert own == {"a": {"deep": {"z": 3}}, "b": {"deep": {"z": 4}}}
    assert join_common(common, own["b"]) == {"x": 1, "deep": {"y": 2, "z": 4}}


def test_the_second_round_in_the_readme_is_what_the_data_say():
    if not SHARED.exists():
        pytest.skip("the truths of NAS-Bench-101 and DARTS are in ../shared/data")
    text = README.read_text()
    assert BEGIN in text
    _, _, rest = text.partition(BEGIN)
    section, _, _ = rest.partition(END)
    assert section == to_markdown(collect())


@pytest.mark.parametrize("path", sorted(DATA.glob("*.parquet")), ids=lambda path: path.stem)
def test_no_table_names_a_machine(path):
    import pyarrow.parquet

    metadata = pyarrow.parquet.read_schema(path).metadata or {}
    text = b" ".join(metadata.values()).decode()
    assert '"/' not in text
    assert len(pd.read_parquet(path))


def test_the_tables_are_by_study_with_their_cost_and_the_verdicts_are_counted():
    rows = [
        ("P1", "a", "-", ".1", "agrees", 1.25),
        ("P1", "b", "-", ".2", "not decided: one run", 1.25),
        ("bias", "c", "-", ".3", "disagrees", float("nan")),
        ("bias", "d", "-", ".4", "worse", float("nan")),
    ]
    text = to_markdown(pd.DataFrame(rows, columns=list(Finding.__dataclass_fields__)))
    assert text.startswith("4 rows: 1 agree, 1 disagree, 1 are open;")
    assert "### P1 (1.2 CPU-hours)\n" in text and "### bias (before costs were kept)\n" in text
    assert text.index("| b | - | .2 |") < text.index("### bias") < text.index("| c | - | .3 | disagrees |")
