"""The drawing of an architecture: the graph of each of its cells, operations on edges or in nodes, dead parts grey.

A cell is drawn along a line in topological order, each edge that passes over a node as an arc: from even nodes above
the line, from odd ones below. So the same edge lies at the same place in every architecture, and no two operations
cover each other. The page's `cells.js` draws the same.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nasbias.spaces import Wire, Wiring

MM = 0.25  # of one unit of the drawing
STEP = 64.0  # units from node to node
BOX, ROUND = 26.0, 9.0  # half the width of a node that holds an operation, and of one that holds a number
LIFT, RISE = 26.0, 15.0  # height of an arc over one node, and what each further node adds
_HALF, _MARGIN = 9.0, 10.0  # half a node's height, around the whole
_LINE, _LETTER = 13.0, 4.7  # height of a line of text, width of a letter at most


def draw(space: str, architecture: str, *, ax: Any = None) -> Any:
    """Draw an architecture of any space; returns the Axes (`nasbias.figures.style.save(ax.figure, "x.svg")`).

    Args:
        space: its name, as in `nasbias.list_spaces`.
        architecture: in any notation that the space reads.
        ax: to draw into; default: a figure of its own, as large as the drawing needs at 6.5 pt.

    Raises:
        InputError: no such space, or not one of its architectures.
    """
    from nasbias.spaces import get_space

    home = get_space(space)
    text = str(home.parse_all([architecture])[0])
    cells = home.wire(text)
    extents = [extent(cell) for cell in cells]
    width = max(right - left for left, right, _, _ in extents) + 2 * _MARGIN
    height = sum(top - bottom for _, _, bottom, top in extents) + (len(cells) + 1) * _MARGIN

    from nasbias.figures.style import new_axes, styled

    with styled():
        if ax is None:
            ax = new_axes(1, width * MM, height * MM)[0]
            ax.figure.set_layout_engine("none")
            ax.set_position((0, 0, 1, 1))
        ax.set_axis_off()
        ax.set_aspect("equal")
        ax.set_xlim(min(left for left, *_ in extents) - _MARGIN, max(right for _, right, *_ in extents) + _MARGIN)
        ax.set_ylim(-height + _MARGIN, _MARGIN)
        above = 0.0
        for cell, (_, _, bottom, top) in zip(cells, extents):
            _draw_cell(ax, cell, above - top)
            above -= top - bottom + _MARGIN
        ax.set_gid(text)
    return ax


def extent(cell: "Wiring") -> tuple[float, float, float, float]:
    """Left, right, bottom and top of a cell around its line at 0, title and note included."""
    up = max([_HALF, *(_rise(wire) for wire in cell.wires if _rise(wire) > 0), _LINE])
    down = max([_HALF, *(-_rise(wire) for wire in cell.wires if _rise(wire) < 0)])
    side = max(_half_width(cell, i) for i in range(len(cell.nodes)))
    right = (len(cell.nodes) - 1) * STEP + side
    title = _LINE if cell.title else 0.0
    note = _LINE if cell.note else 0.0
    return -side, max(right, _LETTER * len(cell.note) - side), -down - _LINE / 2 - note, up + _LINE / 2 + title


def _rise(wire: "Wire") -> float:
    """Height of an arc above the line, below it if negative, 0 for a straight edge to the next node."""
    over = wire.target - wire.source - 1
    if over == 0:
        return 0.0
    return (LIFT + RISE * (over - 1)) * (-1 if wire.source % 2 else 1)


def _half_width(cell: "Wiring", node: int) -> float:
    return ROUND if len(cell.nodes[node].text) <= 2 else BOX


def _draw_cell(ax: Any, cell: "Wiring", line: float) -> None:
    from matplotlib.patches import FancyBboxPatch

    from nasbias.figures.style import DARK, GREY, PALE, SMALL, short

    for i, wire in enumerate(sorted(cell.wires, key=lambda wire: not wire.is_dead)):
        _draw_wire(ax, cell, wire, line, 2 + i / 100)
    for i, node in enumerate(cell.nodes):
        half = _half_width(cell, i)
        ink = GREY if node.is_dead else DARK
        ax.add_patch(
            FancyBboxPatch(
                (i * STEP - half, line - _HALF), 2 * half, 2 * _HALF, zorder=4, facecolor="white", linewidth=0.7,
                boxstyle=f"round,pad=0,rounding_size={_HALF if half == ROUND else 3}",
                edgecolor=PALE if node.is_dead else DARK,
            )
        )  # fmt: skip
        ax.text(i * STEP, line, short(node.text), ha="center", va="center", fontsize=SMALL, color=ink, zorder=5)
    left, _, bottom, top = extent(cell)
    if cell.title:
        ax.text(left, line + top, cell.title, ha="left", va="top", fontsize=7, color=DARK, zorder=5)
    if cell.note:
        ax.text(left, line + bottom, cell.note, ha="left", va="bottom", fontsize=SMALL, color="#555555", zorder=5)


def _draw_wire(ax: Any, cell: "Wiring", wire: "Wire", line: float, zorder: float) -> None:
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path

    from nasbias.figures.style import DARK, GREY, PALE, SMALL, short

    start, end, rise = wire.source * STEP, wire.target * STEP, _rise(wire)
    if rise:
        edge = line + (_HALF if rise > 0 else -_HALF)
        lean, peak = 0.22 * (end - start), edge + (rise - (_HALF if rise > 0 else -_HALF)) / 0.75
        points = [(start, edge), (start + lean, peak), (end - lean, peak), (end, edge)]
        path = Path(points, [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4])
    else:
        points = [(start + _half_width(cell, wire.source), line), (end - _half_width(cell, wire.target), line)]
        path = Path(points, [Path.MOVETO, Path.LINETO])
    ax.add_patch(
        FancyArrowPatch(
            path=path, arrowstyle="-|>,head_length=2.6,head_width=1.3", mutation_scale=1, shrinkA=0, shrinkB=0,
            linewidth=0.7 if wire.is_dead else 0.9, linestyle=(0, (3, 2)) if wire.is_dead else "solid",
            color=PALE if wire.is_dead else DARK, zorder=zorder, clip_on=False,
        )
    )  # fmt: skip
    if wire.text:
        at = (start + end) / 2
        ax.text(
            at, line + rise if rise else line + 1.5, short(wire.text), ha="center", va="center" if rise else "bottom",
            fontsize=SMALL, color=GREY if wire.is_dead else DARK, zorder=6,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0} if rise else None,
        )  # fmt: skip
