"""One flipped bit anywhere in a file: refused, or it changes nothing. 1,000 flips a format; `python -m
tests.faults.flips` counts them."""

import pytest

from tests.faults.flips import FORMATS, flip


@pytest.mark.parametrize("name", FORMATS)
def test_no_flipped_bit_changes_what_is_read(name, tmp_path):
    counts = flip(name, tmp_path, flips=250)
    assert counts["changed"] == 0
    assert counts["refused"] + counts["harmless"] == 250
    assert counts["refused"] > 25
