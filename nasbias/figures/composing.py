"""A whole figure from its parts: panels side by side, one legend, and the caption as text of its own."""

import textwrap
from typing import Any

from matplotlib.figure import Figure

from nasbias.figures.registry import Entry
from nasbias.figures.sources import Made
from nasbias.figures.style import PAGE, SMALL, new_axes, plain, styled

_LINE, _LETTER = 3.2, 1.24  # mm, of a caption's text


def compose(entry: Entry, made: Made, width: float | None = None, caption: bool = False) -> Figure:
    """Draw every part of `made` with the figure's function.

    Args:
        width: of the whole in mm; default one column of a journal (88 mm), or a page's width (180 mm) for several
            panels side by side.
        caption: write the figure's sentence and its caption below it.
    """
    count = len(made.parts)
    columns = made.columns or count
    rows = -(-count // columns)
    width = width or (PAGE if columns > 1 else entry.width)
    shrink = 0.92 if columns > 2 else 1.0
    lines = textwrap.wrap(plain(f"{entry.sentence} {made.caption}"), int(width / _LETTER)) if caption else []
    with styled():
        axes = new_axes(count, width, entry.height * rows * shrink, columns)
        for ax, part in zip(axes, made.parts):
            entry.draw(**part.tables, **part.options, ax=ax)
            if part.title and not ax.get_title():
                ax.set_title(plain(part.title))
        _say_once(axes, columns)
        figure = axes[0].figure
        if isinstance(figure, Figure):
            _add_legend(figure, axes, count < rows * columns)
            if lines:
                _write_below(figure, lines)
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
    known = dict(sorted(known.items(), key=lambda item: "published" in item[0]))
    if is_free:
        figure.legend(known.values(), known.keys(), loc="lower right", bbox_to_anchor=(0.97, 0.1))
        return
    widest = 8 + 1.15 * max(map(len, known))  # mm, of a label at the legend's size with its mark
    columns = max(1, min(len(known), int(figure.get_figwidth() * 25.4 / widest)))
    columns = -(-len(known) // -(-len(known) // columns))  # rows of equal length
    figure.legend(known.values(), known.keys(), loc="outside lower center", ncols=columns, columnspacing=1.2)


def _write_below(figure: Figure, lines: list[str]) -> None:
    """A caption in a strip that is added below: what is there keeps its size and its place."""
    figure.draw_without_rendering()  # the layout is worked out now, for the height without the strip
    figure.set_layout_engine("none")
    before = figure.get_figheight()
    strip = _LINE * (len(lines) + 1) / 25.4
    figure.set_figheight(before + strip)
    share = strip / (before + strip)
    for ax in figure.axes:
        box = ax.get_position()
        ax.set_position((box.x0, share + box.y0 * (1 - share), box.width, box.height * (1 - share)))
    for legend in figure.legends:
        box = legend.get_bbox_to_anchor().transformed(figure.transFigure.inverted())
        place = (box.x0, share + box.y0 * (1 - share), box.width, box.height * (1 - share))
        legend.set_bbox_to_anchor(place, transform=figure.transFigure)
    top = share * (1 - 0.5 / (len(lines) + 1))
    figure.text(0.012, top, "\n".join(lines), va="top", ha="left", fontsize=SMALL, linespacing=1.25)


def _say_once(axes: list[Any], columns: int) -> None:
    """A label that the panel to the left, or the one below, says as well is said there."""
    for i, ax in enumerate(axes):
        if i % columns and ax.get_ylabel() == axes[i - 1 - (i - 1) % columns].get_ylabel():
            ax.set_ylabel("")
        if i + columns < len(axes) and ax.get_xlabel() == axes[i + columns].get_xlabel():
            ax.set_xlabel("")
