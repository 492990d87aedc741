"""How long each opcode is: the windows on a stream, and the entries that are fetched again."""

import io
import struct

import pytest

from nasbias.pickles.source import LONGEST, Source, scan


@pytest.mark.parametrize("chunk", [1, 3, 1 << 20])
def test_a_window_moves_over_the_stream_and_knows_where_it_is(chunk, monkeypatch):
    monkeypatch.setattr("nasbias.pickles.source._CHUNK", chunk)
    source = Source(io.BytesIO(b"C\x03abcI12\nJ\x01\x00\x00\x00."))
    found = []
    for _ in range(4):
        source.refill(source.pos)
        at = source.offset
        found.append((at, source.argument(source.data[source.pos])))
    assert found == [(0, b"abc"), (5, ["12"]), (9, b"\x01\x00\x00\x00"), (14, b"")]
    assert source.offset == 15


@pytest.mark.parametrize("data", [b"", b"C\x05ab", b"I12", b"X\x05\x00\x00\x00ab"])
def test_a_stream_that_ends_in_the_middle_is_refused(data):
    source = Source(io.BytesIO(data))
    with pytest.raises(EOFError, match="ends in the middle"):
        source.refill(0)
        source.argument(source.data[0])


def test_no_argument_is_longer_than_the_longest_official_one():
    source = Source(io.BytesIO(b"B" + struct.pack("<I", LONGEST)))
    source.refill(0)
    with pytest.raises(ValueError, match="which no such file has"):
        source.argument(ord("B"))


def test_an_opcode_that_no_file_has_is_named_with_its_place():
    source = Source(io.BytesIO(b"N\x96"))
    source.refill(1)
    with pytest.raises(ValueError, match=r"opcode b'\\x96' at byte 1"):
        source.argument(0x96)


def test_the_scan_finds_what_is_fetched_and_stops_at_the_end():
    fetched = b"h\x03" + b"j" + struct.pack("<I", 70_000) + b"g12\n" + b"X\x02\x00\x00\x00h\x07" + b"."
    assert scan(Source(io.BytesIO(fetched + b"h\x09."))) == {3, 70_000, 12}


@pytest.mark.parametrize("chunk", [1, 7, 30])
def test_a_line_longer_than_the_window_is_read_whole(chunk, monkeypatch):
    monkeypatch.setattr("nasbias.pickles.source._CHUNK", chunk)
    source = Source(io.BytesIO(b"I" + b"1" * 90 + b"\nN."))
    source.refill(0)
    assert source.argument(ord("I")) == ["1" * 90]


@pytest.mark.parametrize("chunk", [1, 3, 8, 16, 40])
def test_the_scan_steps_over_long_text_up_to_the_last_byte(chunk, monkeypatch):
    monkeypatch.setattr("nasbias.pickles.source._CHUNK", chunk)
    text = b"N" * 20 + b"X" + struct.pack("<I", 50) + b"h" * 50 + b"."
    assert scan(Source(io.BytesIO(text))) == set()


@pytest.mark.parametrize(
    ("before", "skipped"), [(b"\x80", 1), (b"K", 1), (b"q", 1), (b"M", 2), (b"J", 4), (b"r", 4), (b"G", 8), (b"N", 0)]
)
def test_the_scan_knows_how_long_every_opcode_is(before, skipped):
    assert scan(Source(io.BytesIO(before + bytes(skipped) + b"h\x03."))) == {3}
