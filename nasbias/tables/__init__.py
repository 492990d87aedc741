"""The two tables everything meets in, and their reading, checking and joining.

Truth, one row per (architecture, dataset, epochs, seed): `architecture` (canonical string), `dataset`, `epochs`
(training budget), `seed` (missing = the source gives only a mean over seeds), then measures: `valid_accuracy`,
`test_accuracy` in per cent, or `valid_perplexity`, `test_perplexity`. Missing is NaN, never filled in. Where a source
has them, three more are kept (`TRUTH_EXTRAS`): `sample`, how a row came into the table ("uniform" rows may be
correlated, those that a search chose are a biased sample), `n_seeds` and `<measure>_std` of a row that is a mean.

Predictions, one row per (run, seed, epoch, step, bn, architecture): those keys, then scores: `accuracy` in per cent,
`loss`, or any other number that a user brings. A user's own table needs only `architecture` and one score, under any of
the usual names.

Which direction is better is declared once per measure (`MEASURES`); a score of another name counts as
higher-is-better unless its name (`nll`, `val_error`) or the caller says otherwise.
"""

from nasbias.tables.checks import check_architectures, check_predictions, check_truth, load_predictions
from nasbias.tables.columns import AS_IS, Reading, column_option, rename_columns
from nasbias.tables.files import TABLES, from_mapping, read_about, read_columns, read_table, table_ending, write_parquet
from nasbias.tables.measures import (
    MEASURES,
    PREDICTION_KEYS,
    RUN_KEYS,
    SPLITS,
    TRUTH_EXTRAS,
    TRUTH_KEYS,
    Measure,
    Split,
    by_headline,
    extras_of,
    has_headline,
    measures_of,
    numbers_of,
    says_lower,
    scores_of,
    sign_of,
)
from nasbias.tables.options import add_reading_options, reading_of
from nasbias.tables.selection import choose_split, join_keys, select_truth
from nasbias.tables.shipped import find_predictions, list_shipped
from nasbias.tables.values import name_dead

__all__ = [
    "AS_IS",
    "MEASURES",
    "PREDICTION_KEYS",
    "RUN_KEYS",
    "SPLITS",
    "TABLES",
    "TRUTH_EXTRAS",
    "TRUTH_KEYS",
    "Measure",
    "Reading",
    "Split",
    "add_reading_options",
    "by_headline",
    "check_architectures",
    "check_predictions",
    "check_truth",
    "choose_split",
    "column_option",
    "extras_of",
    "find_predictions",
    "from_mapping",
    "has_headline",
    "join_keys",
    "list_shipped",
    "load_predictions",
    "measures_of",
    "name_dead",
    "numbers_of",
    "read_about",
    "read_columns",
    "read_table",
    "reading_of",
    "rename_columns",
    "says_lower",
    "scores_of",
    "select_truth",
    "sign_of",
    "table_ending",
    "write_parquet",
]
