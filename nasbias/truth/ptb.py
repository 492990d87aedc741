"""DARTS-PTB's ground truth: P2's own stand-alone trainings of 137 cells, 93 of them once more with another seed.

`valid_ppl` and `test_ppl` of P2's files become `valid_perplexity` and `test_perplexity` on Penn Treebank's own splits:
lower is better. The files give no training budget (P2's code would train for 3,000 epochs unless told otherwise), so
`epochs` is missing. The second file carries its seed in its name (`ptb-seed43.csv`); the first is seed 42, the default
of P2's code.
"""

from pathlib import Path

import pandas as pd

from nasbias.errors import InputError
from nasbias.tables import read_table
from nasbias.truth.formats import Format, columns_of, seed_in_name

_MEASURES = {"valid_ppl": "valid_perplexity", "test_ppl": "test_perplexity"}


def _recognises(path: Path) -> bool:
    if path.is_dir():
        return any(map(_recognises, path.glob("ptb*.csv")))
    return {"architecture", *_MEASURES} <= columns_of(path)


def _read(path: Path) -> pd.DataFrame:
    """P2's CSV, a folder of its CSVs, or both seeds in one table whose `source_file` tells them apart."""
    if path.is_dir():
        return pd.concat([_read(file) for file in sorted(path.glob("ptb*.csv"))], ignore_index=True)
    table = read_table(path)
    if table.empty:
        raise InputError(f"{path}: the table has no rows.")
    sources = table["source_file"] if "source_file" in table else pd.Series(path.name, index=table.index)
    table = table.rename(columns=_MEASURES)[["architecture", *_MEASURES.values()]]
    return table.assign(dataset="ptb", seed=[seed_in_name(source) for source in sources])


FORMATS = (
    Format(
        name="p2-ptb",
        describes=(
            "perplexity (lower is better) on Penn Treebank's validation and test text of each cell trained alone by "
            "the authors of arXiv 2010.08219; seed 42, and 43 where a cell was trained twice"
        ),
        recognises=_recognises,
        read=_read,
        licence="Apache-2.0 (matluster/anonymous-2102)",
        rows=(137, 93, 230),  # seed 42, seed 43, both in one table
    ),
)
