"""Text between two marks of a Markdown file."""

import pytest

from analysis.blocks import write_block
from nasbias.errors import InputError


def test_a_block_is_replaced_and_nothing_else(tmp_path):
    path = tmp_path / "README.md"
    path.write_text("before\n<!-- a -->\nold\n<!-- end a -->\nafter\n")
    for text in ("new\n", "newer\n"):
        write_block(path, "<!-- a -->\n", "<!-- end a -->\n", text)
        assert path.read_text() == f"before\n<!-- a -->\n{text}<!-- end a -->\nafter\n"


@pytest.mark.parametrize("text", ["no marks\n", "<!-- a -->\nno end\n", "<!-- end a -->\n<!-- a -->\n"])
def test_a_file_without_the_marks_is_left_as_it_is(text, tmp_path):
    path = tmp_path / "README.md"
    path.write_text(text)
    with pytest.raises(InputError, match="to write between"):
        write_block(path, "<!-- a -->\n", "<!-- end a -->\n", "new\n")
    assert path.read_text() == text
