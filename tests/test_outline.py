from dataclasses import dataclass
from typing import Any, ClassVar

import pandas as pd

from nasbias.matching import match, select_panel
from nasbias.outline import Outlined
from tests.predicted import make_table, make_truth, runs_of


@dataclass(frozen=True, repr=False)
class Found(Outlined):
    about: dict[str, Any]
    rows: pd.DataFrame
    figures: ClassVar = {"run_taus": {"lengths": "rows"}}

    def headline(self) -> str:
        return f"{self.about['name']}, {len(self.rows)} rows"


EVIL = "<script>alert(1)</script>[/b] \u05e9\u202e"


def test_a_result_says_what_it_is_how_large_its_tables_are_and_what_draws_it():
    result = Found({"name": "nb201"}, pd.DataFrame({"a": range(300), "b": 1.0}))
    assert repr(result).split("\n") == [
        "Found: nb201, 300 rows", "  rows  300 x 2", "  nasbias.figures.plot draws: run_taus",
    ]  # fmt: skip


def test_a_notebook_gets_the_first_rows_and_text_stays_text():
    result = Found({"name": EVIL}, pd.DataFrame({EVIL: [EVIL] * 20, "b": 0.123456789}))
    text = result._repr_html_()
    assert "<script" not in text and "\u202e" not in result._title().replace(EVIL, "") and "0.1235" in text
    assert text.count("<tr") == 9 and "(20 x 2)" in text
    assert "\u202e" not in repr(result) and "\\u202e" in repr(result)


def test_what_match_returns_prints_in_a_few_lines():
    table = make_table()
    matched = match(runs_of(table), make_truth(table), space="nb201")
    for part in (matched, matched.truth, matched.rows[0], select_panel(matched)):
        assert 40 < len(repr(part)) < 500, repr(part)
    assert "300 architectures with a truth" in repr(matched) and "8 rows of accuracy, loss" in repr(matched)
    assert repr(matched.rows[0]).startswith("Scored: run s0, seed 0, epoch 4, score accuracy; 300 architectures")
