"""A figure of what a study returned, from a prompt or a notebook: `plot(analyse_bias(matched), "effects_map")`.

A result says itself which figures draw it and from which of its tables (`Outlined.figures`), so this knows no study.
Tables without a class of their own are known by their columns.
"""

from typing import TYPE_CHECKING, Any

from nasbias.errors import InputError, unknown
from nasbias.figures.registry import get_figure
from nasbias.outline import Outlined

if TYPE_CHECKING:
    import pandas as pd

# What a bare table must have -> the figures of it and the argument it is.
_TABLES: list[tuple[set[str], dict[str, str]]] = [
    ({"architecture", "truth", "score", "params"}, {"score_against_truth": "joined", "size_against": "joined"}),
    ({"run", "score", "gt_tau", "gt_tau_low"}, {"run_taus": "lengths"}),
    ({"space", "mean_truth", "best", "found"}, {"pruning": "spaces"}),
]


def plot(result: Any, figure: str | None = None, *, ax: Any = None, **options: Any) -> Any:
    """Draw what `analyse_*`, `compare_density` or `finetune_run` returned, or the table of `correlate` or `join`.

    Args:
        figure: which of its figures (the result's repr names them); default the first.
        ax: matplotlib Axes to draw into; default a figure of its own.
        options: further arguments of that figure, `help(nasbias.figures.get_figure(figure).draw)`.

    Returns:
        The Axes.

    Raises:
        InputError: nothing that a figure draws, or another figure's name.
    """
    offered = _offers(result)
    if figure is not None and figure not in offered:
        raise unknown(f"figure of {type(result).__name__}", figure, offered)
    name = figure or next(iter(offered))
    entry = get_figure(name)
    return entry.draw(**offered[name], ax=ax, **options)


def _offers(result: Any) -> dict[str, dict[str, Any]]:
    """Figure -> its tables, by argument."""
    if isinstance(result, Outlined) and result.figures:
        return {
            figure: {argument: _look_up(result, place) for argument, place in tables.items()}
            for figure, tables in result.figures.items()
        }
    for needed, figures in _TABLES:
        if needed <= set(getattr(result, "columns", ())):
            return {figure: {argument: result} for figure, argument in figures.items()}
    raise InputError(
        f"no figure draws a {type(result).__name__}. Give what an analyse_ function, correlate or join returned; "
        f"nasbias.figures.list_figures() has every figure and the tables it takes."
    )


def _look_up(result: Any, place: str) -> Any:
    """The attribute, dots leading into dictionaries; lists of rows as tables; None where a part is missing."""
    first, *inside = place.split(".")
    value = getattr(result, first)
    for name in inside:
        value = (value or {}).get(name)
    return _as_table(value) if isinstance(value, list) else value


def _as_table(rows: list[Any]) -> "pd.DataFrame":
    import pandas as pd

    return pd.DataFrame(rows)
