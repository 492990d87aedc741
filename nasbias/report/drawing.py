"""A figure as SVG that may stand inside a page: nothing that points outside, no name that another figure has."""

import io
import re
import warnings
from typing import Any

from nasbias.figures.composing import compose
from nasbias.figures.registry import get_figure
from nasbias.figures.sources import Made, Part
from nasbias.figures.style import PAGE, styled
from nasbias.report.content import Drawing

DPI = 150  # of what is drawn as points: thousands of architectures


def draw(
    name: str,
    tables: dict[str, Any] | list[Part],
    alt: str,
    caption: str,
    width: float | None = None,
    **options: Any,
) -> Drawing:
    """The figure `name` of one set of tables, or of several parts side by side.

    Args:
        alt: what a reader who does not see it is told.
        options: further arguments of the drawing function.
    """
    parts = tables if isinstance(tables, list) else [Part(tables, "", options)]
    entry = get_figure(name)
    figure = compose(entry, Made(parts, caption), width)
    return Drawing(
        name, to_svg(figure, f"{name}-{len(parts)}"), alt, caption, width or (PAGE if len(parts) > 1 else entry.width)
    )


def to_svg(figure: Any, name: str) -> str:
    """Inline SVG: without prolog, metadata, name spaces (HTML knows them) and size, its ids made its own by `name`."""
    buffer = io.StringIO()
    with styled(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")  # drawn as boxes: somebody's own name
        figure.savefig(buffer, format="svg", metadata={"Date": None}, dpi=DPI)
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"<!--.*?-->\n?", "", text, flags=re.DOTALL)
    head, rest = text.split(">", 1)
    view = re.search(r'viewBox="[^"]*"', head)
    head = f'<svg {view.group(0) if view else ""} aria-hidden="true" focusable="false"'
    rest = re.sub(r' id="', f' id="{name}-', rest)
    rest = re.sub(r'href="#', f'href="#{name}-', rest)
    rest = rest.replace("url(#", f"url(#{name}-")
    return f"{head}>{rest}".strip()
