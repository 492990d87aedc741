"""How figures look: sizes, colours and fonts, once for all of them.

Sizes are those of a journal: one column is 88 mm, two are 180 mm, text is 8 pt. The colours are Okabe and Ito's, which
readers who don't tell red from green do tell apart. Nothing here touches pyplot: a figure is an object that somebody
holds, and drawing one leaves matplotlib's settings as they were.
"""

import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from nasbias.errors import InputError, printable
from nasbias.files import writable_target, written_atomically

COLUMN, PAGE = 88.0, 180.0  # mm
_INCH = 25.4
ENDINGS = (".pdf", ".svg", ".png")
BLUE, RED, GREEN, ORANGE, SKY, PINK, YELLOW = (
    "#0072B2", "#D55E00", "#009E73", "#E69F00", "#56B4E9", "#CC79A7", "#B8A800",
)  # fmt: skip
COLOURS = (BLUE, RED, GREEN, ORANGE, PINK, SKY, YELLOW)
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
DARK, GREY, PALE = "#222222", "#767676", "#d5d5d5"
SEQUENCE, BALANCE = "cividis", "PuOr_r"  # colour maps: from little to much; from under to over
SMALL = 6.5  # pt, for numbers inside of cells and legends
_WRITTEN = 120  # cells of a map up to which its numbers fit in them
STYLE: dict[Any, Any] = {
    "font.size": 8,
    "axes.labelsize": 8,
    "axes.titlesize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": SMALL,
    "legend.frameon": False,
    "legend.handlelength": 1.6,
    "legend.borderaxespad": 0.3,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.minor.size": 1.5,
    "ytick.minor.size": 1.5,
    "lines.linewidth": 1.2,
    "lines.markersize": 3.5,
    "hatch.linewidth": 0.5,
    "figure.dpi": 200,
    "savefig.dpi": 200,
    "pdf.fonttype": 42,  # fonts embedded whole enough to be edited: what publishers ask for
    "ps.fonttype": 42,
    "svg.fonttype": "path",
    "svg.hashsalt": "nasbias",
}
# Operations as a figure calls them; others lose their underscores only.
_SHORT = {
    "none": "none", "skip_connect": "skip", "nor_conv_1x1": "conv 1x1", "nor_conv_3x3": "conv 3x3",
    "avg_pool_3x3": "avg pool", "max_pool_3x3": "max pool", "conv3x3-bn-relu": "conv 3x3",
    "conv1x1-bn-relu": "conv 1x1", "maxpool3x3": "max pool",
    "sep_conv_3x3": "sep 3x3", "sep_conv_5x5": "sep 5x5", "dil_conv_3x3": "dil 3x3",
    "dil_conv_5x5": "dil 5x5",
}  # fmt: skip


@contextmanager
def styled() -> Iterator[None]:
    """Our settings inside, the caller's own again after it."""
    with matplotlib.rc_context(STYLE):
        yield


def new_axes(panels: int = 1, width: float = COLUMN, height: float = 60.0, columns: int | None = None) -> list[Axes]:
    """The axes of a new figure, in reading order.

    Args:
        width, height: of the whole figure in mm.
        columns: panels side by side; default: all of them.
    """
    figure = Figure(figsize=(width / _INCH, height / _INCH), layout="constrained")
    FigureCanvasAgg(figure)
    columns = columns or panels
    grid = figure.subplots(-(-panels // columns), columns, squeeze=False).ravel().tolist()
    for left_over in grid[panels:]:
        left_over.remove()
    for ax in grid[:panels]:
        ax.tick_params(which="both", labelsize=STYLE["xtick.labelsize"])  # ticks are made late, when the style is gone
    return grid[:panels]


def check_path(path: str | os.PathLike) -> Path:
    """The path, if a figure can be written there: asked before an analysis of minutes.

    Raises:
        InputError: an ending that is no format, or what `writable_target` refuses, such as a folder.
    """
    path = Path(path)
    if path.suffix.lower() not in ENDINGS:
        raise InputError(f"can't draw {path.name!r}: the ending must be one of {', '.join(ENDINGS)}.")
    writable_target(path)
    return path


def save(figure: Figure, path: str | os.PathLike, dpi: int = 200, colours: int | None = None) -> None:
    """Write a figure as PDF, SVG or PNG, by the ending of `path`; the same figure makes the same bytes.

    Args:
        dpi: of a PNG, and of what is drawn as points in the others.
        colours: a PNG of at most so many (256 make it a third as large); default: all.

    Raises:
        InputError: another ending, or a place that can't be written.
    """
    path = check_path(path)
    kind = path.suffix.lower()[1:]
    undated: dict[str, Any] = {"pdf": {"CreationDate": None}, "svg": {"Date": None}}.get(kind, {})
    try:
        with written_atomically(path) as temporary, styled(), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph .* missing from font")  # drawn as boxes: somebody's own name
            figure.savefig(temporary, format=kind, metadata=undated, dpi=dpi)
            if kind == "png" and colours:
                _reduce_colours(temporary, colours)
    except OSError as error:
        raise InputError(f"can't write {path}: {error.strerror or error}. Choose another place.") from None


def _reduce_colours(path: Path, count: int) -> None:
    from PIL import Image  # matplotlib's own dependency

    with Image.open(path) as image:
        image.load()
        # By coverage: Pillow's median cut took the few dots of a legend for another colour.
        reduced = image.convert("RGB").quantize(count, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        reduced.save(path, format="png", optimize=True)


def plain(text: object) -> str:
    """Text as it is: no mathematics between dollars, no control characters."""
    return printable(str(text)).replace("$", r"\$")


def short(operation: object) -> str:
    """An operation's name as it fits a figure."""
    return _SHORT.get(str(operation), plain(str(operation).replace("_", " ")))


def colour_of(place: int) -> str:
    """One of the colours, the first again after the last."""
    return COLOURS[place % len(COLOURS)]


def say_missing(ax: Axes, text: str) -> Axes:
    """In place of an empty figure a sentence: what is missing, and how to get it."""
    ax.set_axis_off()
    ax.text(
        0.5, 0.5, _folded(plain(text), 38), ha="center", va="center", transform=ax.transAxes, color=GREY, fontsize=8
    )
    return ax


def draw_interval(ax: Axes, x: Any, low: Any, high: Any, colour: str) -> None:
    """The table's interval as a band; where the table has none, there is no band. A single x gets a bar."""
    at, bottom, top = (np.asarray(values, dtype=float) for values in (x, low, high))
    known = ~(np.isnan(bottom) | np.isnan(top))
    if known.sum() == 1:
        ax.vlines(at[known], bottom[known], top[known], colors=colour, linewidth=0.9, alpha=0.7)
    elif known.any():
        ax.fill_between(at, bottom, top, where=known.tolist(), color=colour, alpha=0.18, linewidth=0)


def draw_published(ax: Axes, x: Iterable[float], y: Iterable[float], colour: str, label: str | None = None) -> None:
    """Numbers from a paper: hollow marks, never joined to ours."""
    ax.plot(
        list(x), list(y), linestyle="none", marker="o", markersize=4.5, markerfacecolor="none", markeredgecolor=colour,
        markeredgewidth=0.9, label=label, zorder=4, clip_on=False,
    )  # fmt: skip


def use_log_epochs(ax: Axes, values: Iterable[float], label: str = "training length (epochs)") -> None:
    """A logarithmic axis of training lengths with the lengths themselves as ticks; 0 (untrained) gets a place."""
    there = sorted({float(value) for value in values})
    if there and there[0] == 0:
        least = next((value for value in there if value > 0), 1.0)
        ax.set_xscale("symlog", linthresh=least, linscale=0.5)
    else:
        ax.set_xscale("log")
    shown = _thinned(there)
    ax.set_xticks(shown, [f"{value / 1000:g}k" if value >= 1000 else f"{value:g}" for value in shown])
    ax.set_xticks([], minor=True)
    ax.set_xlabel(label)


def draw_map(
    ax: Axes,
    values: pd.DataFrame,
    label: str,
    colours: str,
    limits: tuple[float, float],
    written: Callable[[float], str],
    square: bool = False,
) -> Axes:
    """A heat map of a table, NaN left white, with a colour bar and, up to 120 cells, the numbers inside of them.

    Args:
        values: its index and columns are the ticks; the cell in row i and column j goes from (j, i) to (j + 1, i + 1).
        label: of the colour bar.
        limits: values at the ends of the colour map.
        written: a number as it stands in its cell.
    """
    import seaborn  # late: it brings pyplot, which most figures can do without

    seaborn.heatmap(
        values, ax=ax, cmap=colours, vmin=limits[0], vmax=limits[1], square=square, fmt="",
        annot=values.map(written) if values.size <= _WRITTEN else False, annot_kws={"fontsize": SMALL},
        cbar_kws={"label": label, "pad": 0.02, "shrink": 0.8 if square else 1.0},
        xticklabels=[str(name) for name in values.columns], yticklabels=[str(name) for name in values.index],
    )  # fmt: skip
    ax.tick_params(length=0, labelrotation=0)
    mesh = ax.collections[0]
    if mesh.colorbar is not None and mesh.colorbar.ax is not None:
        mesh.colorbar.ax.tick_params(labelsize=SMALL)
    for text, value in zip(ax.texts, values.to_numpy(float)[values.notna()].tolist()):
        # a ground of its own, where the cell is hatched
        text.set_bbox({"facecolor": mesh.cmap(mesh.norm(value)), "edgecolor": "none", "pad": 0.8})
    return ax


def readable_on(colour: Any) -> str:
    """Dark or white, whichever stands out on an RGBA colour."""
    red, green, blue = (part / 12.92 if part <= 0.04 else ((part + 0.055) / 1.055) ** 2.4 for part in colour[:3])
    return DARK if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.2 else "white"


def _thinned(values: Sequence[float], apart: float = 0.085) -> list[float]:
    """Ticks of a logarithmic axis without those that would touch their neighbour to the right."""
    place = np.log([max(value, 0.4 * values[1] if len(values) > 1 else 1.0) for value in values])
    span = place[-1] - place[0] if len(values) > 1 else 1.0
    kept: list[int] = []
    for i in reversed(range(len(values))):
        if not kept or place[kept[-1]] - place[i] >= apart * span:
            kept.append(i)
    return [values[i] for i in reversed(kept)]


def _folded(text: str, width: int) -> str:
    lines, line = [], ""
    for word in text.split():
        if line and len(line) + len(word) >= width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return "\n".join([*lines, line])
