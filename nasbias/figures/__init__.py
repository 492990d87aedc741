"""Figures for a paper: tidy table in, matplotlib Axes out.

    python -m nasbias.figures list
    python -m nasbias.figures effects_map --out effects.pdf
    python -m nasbias.figures run_taus --space nb201 --predictions mine.csv --out taus.pdf
    python -m nasbias.figures architecture --space nb201 --architecture 42 --out cell.svg

One function per figure, by theme: `nasbias.figures.correlation`, `scores`, `stability`, `steps`, `bias`, `size`,
`sharing`. Each takes the tables of a study (`ax` to draw into, else a figure of its own), computes no statistic, and
draws the intervals that the table has. `compose` draws what `sources.make` found, several panels side by side.
`draw(space, architecture)` draws the cells of one architecture, `plot(result)` what a study found, from a notebook.
"""

from nasbias.figures.cells import draw
from nasbias.figures.plotting import plot
from nasbias.figures.registry import Entry, get_figure, list_figures

__all__ = ["Entry", "draw", "get_figure", "list_figures", "plot"]
