"""A whole figure from its parts: panels side by side, one legend, and the caption as text of its own."""

from typing import Any

from matplotlib.figure import Figure

from nasbias.figures.registry import Entry
from nasbias.figures.sources import Made
from nasbias.figures.style import COLUMN, PAGE, new_axes, plain, styled


def compose(entry: Entry, made: Made, width: float | None = None) -> Figure:
    """Draw every part of `made` with the figure's function.

    Args:
        width: of the whole in mm; default one column of a journal (88 mm), or a page's width (180 mm) for several
            panels side by side.
    """
    count = len(made.parts)
    columns = made.columns or count
    rows = -(-count // columns)
    width = width or (PAGE if columns > 1 else entry.width)
    shrink = 0.92 if columns > 2 else 1.0
    with styled():
        axes = new_axes(count, width, entry.height * rows * shrink, columns)
        for ax, part in zip(axes, made.parts):
            entry.draw(**part.tables, **part.options, ax=ax)
            if part.title and not ax.get_title():
                ax.set_title(plain(part.title))
        figure = axes[0].figure
        if isinstance(figure, Figure):
            _add_legend(figure, axes, count < rows * columns)
            return figure
    raise TypeError("axes without a figure of their own")


def _add_legend(figure: Figure, axes: list[Any], is_free: bool) -> None:
    """One legend for all panels: above one, below several, or in the place that a last row leaves free."""
    known: dict[str, Any] = {}
    for ax in axes:
        if ax.get_legend() is None:
            for handle, label in zip(*ax.get_legend_handles_labels()):
                known.setdefault(label, handle)
    if not known:
        return
    if is_free:
        figure.legend(known.values(), known.keys(), loc="lower right", bbox_to_anchor=(0.97, 0.1))
        return
    narrow = figure.get_figwidth() * 25.4 < (COLUMN + PAGE) / 2
    most = max(map(len, known))
    columns = min(len(known), (2 if most > 24 else 3) if narrow else (4 if most > 28 else 6))
    figure.legend(known.values(), known.keys(), loc="outside lower center", ncols=columns, columnspacing=1.2)
