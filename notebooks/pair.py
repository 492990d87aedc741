"""The notebook of a percent script: `python notebooks/pair.py` writes every *.ipynb from the *.py of its name."""

import json
import re
from pathlib import Path

HERE = Path(__file__).parent


def list_scripts() -> list[Path]:
    """The scripts that have a notebook."""
    return sorted(path for path in HERE.glob("*.py") if path.stem != "pair")


def to_notebook(script: str) -> str:
    """The notebook's JSON, without outputs, so that equal scripts are equal notebooks."""
    cells = []
    for number, part in enumerate(re.split(r"^# %%", script, flags=re.MULTILINE)[1:]):
        head, _, body = part.partition("\n")
        is_text = "[markdown]" in head
        lines = body.strip().splitlines()
        text = "\n".join(re.sub("^# ?", "", line) for line in lines) if is_text else "\n".join(lines)
        cell = {"cell_type": "markdown" if is_text else "code", "id": f"cell-{number}", "metadata": {}}
        cells.append(cell | ({} if is_text else {"execution_count": None, "outputs": []}) | {"source": text})
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return json.dumps(
        {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}, indent=1
    )


if __name__ == "__main__":
    for path in list_scripts():
        path.with_suffix(".ipynb").write_text(to_notebook(path.read_text()) + "\n")
