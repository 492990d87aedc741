"""What is said of operators follows from the studies' tables."""

import json

import pytest

pytest.importorskip("torch")
from analysis import findings_bias


def operator(edge: str, operation: str, effect: float, score: float = 0.0, truth: float = 0.0) -> dict:
    interval = {"score_effect": effect, "score_effect_low": effect - 2, "score_effect_high": effect + 2}
    return {"decision": edge, "operation": operation, **interval, "top_share_score": score, "top_share_truth": truth}


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Lay down the studies' files; of conv3x3 the effects on the other edges are given."""
    monkeypatch.setattr(findings_bias, "FOLDER", tmp_path)

    def written(others: float, conv: float = 20.0) -> None:
        table = [
            operator("0->3", "nor_conv_3x3", conv, 0.9, 0.1),
            operator("0->3", "skip_connect", -5, 0.0, 0.8),
            operator("0->3", "avg_pool_3x3", 30),
            *(operator(edge, "nor_conv_3x3", others) for edge in ("0->1", "0->2")),
        ]
        operators = {f"operators by {score}": table for score in ("accuracy", "loss")}
        size = {"space": "nb201", "score_effect": -3.0, "score_effect_low": -20.0, "score_effect_high": 14.0}
        for study, tables in (
            ("operators", operators | {"size (parameters)": [size]}),
            ("headline", operators | {"cost": [{"cpu_hours": 1.5}, {"cpu_hours": 2.0}]}),
        ):
            (tmp_path / f"{study}.json").write_text(json.dumps({"tables": tables}))

    return written


def verdicts(text: str) -> set[str]:
    found = {row.verdict for row in findings_bias.operators() if text in row.finding}
    assert found
    return found


def test_an_operator_is_overrated_where_its_interval_is_above_0_and_there_alone(write):
    write(others=1.0)
    assert verdicts("0->3 is overrated, at equal truth") == {"agrees"}
    assert verdicts("0->3 is underrated") == {"agrees"}
    assert verdicts("on every other edge as much") == {"disagrees"}
    assert verdicts("fills the predicted top 100") == {"agrees"}
    assert verdicts("Large models") == {"not decided"}
    write(others=19.0, conv=-20.0)
    assert verdicts("0->3 is overrated, at equal truth") == {"disagrees"}
    assert verdicts("on every other edge as much") == {"agrees"}


def test_the_control_names_what_is_most_overrated_and_that_it_is_one_run(write):
    write(others=1.0)
    rows = findings_bias.headline()
    assert {row.cpu_hours for row in rows} == {3.5} and len(rows) == 2
    assert all("most overrated avg_pool_3x3 30.0" in row.ours for row in rows)
    assert {row.verdict for row in rows} == {"this run agrees; one run"}
