import struct

import pytest

from nasbias.errors import InputError
from nasbias.truth.tfrecord import is_tfrecord, masked_crc, read_blocks


def framed(payload: bytes) -> bytes:
    length = struct.pack("<Q", len(payload))
    return length + struct.pack("<I", masked_crc(length)) + payload + struct.pack("<I", masked_crc(payload))


PAYLOADS = [b"", b"one", b"x" * 1000, bytes(range(256)), b"five"]


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "a.tfrecord"
    path.write_bytes(b"".join(map(framed, PAYLOADS)))
    return path


def test_the_checksum_is_tensorflows():
    # CRC-32C of "123456789" is 0xE3069283 (RFC 3720); rotated right by 15, plus 0xA282EAD8
    crc = 0xE3069283
    assert masked_crc(b"123456789") == ((crc >> 15 | crc << 17) + 0xA282EAD8) % 2**32
    assert framed(b"")[:12] == bytes(8) + struct.pack("<I", 0x07980329)  # the header of an empty record, as published


def test_payloads_come_back_in_blocks_of_the_asked_size(path):
    assert [len(block) for block in read_blocks(path, 2)] == [2, 2, 1]
    assert [payload for block in read_blocks(path, 2) for payload in block] == PAYLOADS
    assert [len(block) for block in read_blocks(path, 5)] == [5]
    assert list(read_blocks(path)) == [PAYLOADS]


def test_an_empty_file_has_no_blocks(tmp_path):
    (tmp_path / "a").write_bytes(b"")
    assert list(read_blocks(tmp_path / "a")) == [] and not is_tfrecord(tmp_path / "a")


def test_a_tfrecord_is_known_by_its_first_length(path, tmp_path):
    assert is_tfrecord(path)
    content = path.read_bytes()
    for other in (content[:11], b"\x01" + content[1:], content[:8] + b"\0\0\0\0" + content[12:]):
        (tmp_path / "b").write_bytes(other)
        assert not is_tfrecord(tmp_path / "b")
    (tmp_path / "b").write_bytes(content[:12])
    assert is_tfrecord(tmp_path / "b")
    assert not is_tfrecord(tmp_path) and not is_tfrecord(tmp_path / "absent")


@pytest.mark.parametrize("cut", [1, 11, 12, 15, 17, 30, 34])
def test_a_file_that_is_cut_off_names_the_record_it_ends_in(path, cut):
    path.write_bytes(path.read_bytes()[: 16 + 19 + cut])  # within the third record
    with pytest.raises(InputError, match=r"a.tfrecord: record 2 \(at byte 35\) is cut off"):
        list(read_blocks(path))


@pytest.mark.parametrize(("at", "part"), [(0, "length"), (9, "length"), (12, "content"), (16, "content")])
def test_a_changed_byte_is_found_by_the_checksum_of_its_part(path, at, part):
    content = bytearray(path.read_bytes())
    content[16 + at] ^= 1  # in the second record
    path.write_bytes(bytes(content))
    with pytest.raises(InputError, match=rf"record 1 \(at byte 16\): the checksum of its {part} does not match"):
        list(read_blocks(path))


def test_what_came_before_the_damage_is_read(path):
    content = path.read_bytes()
    path.write_bytes(content[:-1])
    blocks = read_blocks(path, 2)
    assert next(blocks) == PAYLOADS[:2] and next(blocks) == PAYLOADS[2:4]
    with pytest.raises(InputError, match="record 4"):
        next(blocks)


def test_a_length_beyond_a_gigabyte_is_damage_even_where_its_checksum_holds(tmp_path):
    for length, says in ((2**30 + 1, "checksum of its length"), (2**30, "cut off")):
        header = struct.pack("<Q", length)
        (tmp_path / "a").write_bytes(header + struct.pack("<I", masked_crc(header)) + b"x")
        with pytest.raises(InputError, match=says):
            list(read_blocks(tmp_path / "a"))
