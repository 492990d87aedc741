"""TFRecord framing, written here byte by byte as TensorFlow's format notes describe it."""

import struct

import pytest

from nasbias.errors import InputError
from nasbias.truth.tfrecord import is_tfrecord, masked_crc, read_blocks

# CRC-32C of "123456789" is e3069283 (RFC 3720); rotated right by 15 and shifted as TensorFlow masks it.
CHECK = (((0xE3069283 >> 15) | (0xE3069283 << 17) & 0xFFFFFFFF) + 0xA282EAD8) & 0xFFFFFFFF


def frame(payload: bytes) -> bytes:
    length = struct.pack("<Q", len(payload))
    return length + struct.pack("<I", masked_crc(length)) + payload + struct.pack("<I", masked_crc(payload))


def written(tmp_path, content: bytes):
    path = tmp_path / "bench.tfrecord"
    path.write_bytes(content)
    return path


def test_a_checksum_is_the_published_one_masked():
    assert masked_crc(b"123456789") == CHECK


@pytest.mark.parametrize(("records", "sizes"), [(1, [1, 1, 1]), (2, [2, 1]), (3, [3]), (5_000, [3])])
def test_payloads_come_back_in_order_and_in_blocks(tmp_path, records, sizes):
    payloads = [b"one", b"", b"three" * 1000]
    blocks = list(read_blocks(written(tmp_path, b"".join(map(frame, payloads))), records))
    assert [len(block) for block in blocks] == sizes
    assert [payload for block in blocks for payload in block] == payloads


def test_a_block_holds_five_thousand_records_unless_told(tmp_path):
    path = written(tmp_path, frame(b"x") * 5_001)
    assert [len(block) for block in read_blocks(path)] == [5_000, 1]


def test_an_empty_file_has_no_block(tmp_path):
    assert list(read_blocks(written(tmp_path, b""))) == []


@pytest.mark.parametrize("kept", [1, 11, 12, 14, 18])
def test_a_cut_names_the_record_and_the_byte(tmp_path, kept):
    first = frame(b"one")
    path = written(tmp_path, first + frame(b"two")[:kept])
    with pytest.raises(InputError) as caught:
        list(read_blocks(path))
    assert str(caught.value) == (
        "bench.tfrecord: record 1 (at byte 19) is cut off: the file is not whole. Download it again."
    )


@pytest.mark.parametrize(("byte", "part"), [(0, "length"), (8, "length"), (12, "content"), (15, "content")])
def test_damage_is_named_by_its_part(tmp_path, byte, part):
    content = bytearray(frame(b"one") + frame(b"two"))
    content[19 + byte] ^= 1
    with pytest.raises(InputError) as caught:
        list(read_blocks(written(tmp_path, bytes(content))))
    assert str(caught.value) == (
        f"bench.tfrecord: record 1 (at byte 19): the checksum of its {part} does not match. "
        f"The file is damaged; download it again."
    )


@pytest.mark.parametrize(("length", "message"), [((1 << 30) + 1, "checksum of its length"), (1 << 30, "is cut off")])
def test_a_length_beyond_a_gibibyte_is_damage(tmp_path, length, message):
    head = struct.pack("<Q", length)
    with pytest.raises(InputError, match=message):
        list(read_blocks(written(tmp_path, head + struct.pack("<I", masked_crc(head)) + b"x")))


def test_only_a_length_with_its_checksum_is_taken_for_a_tfrecord(tmp_path):
    assert is_tfrecord(written(tmp_path, frame(b"one")))
    assert is_tfrecord(written(tmp_path, frame(b"one")[:12]))
    assert not is_tfrecord(written(tmp_path, frame(b"one")[:11]))
    assert not is_tfrecord(written(tmp_path, b"x" + frame(b"one")))
    assert not is_tfrecord(written(tmp_path, b""))
    assert not is_tfrecord(tmp_path / "absent")
    assert not is_tfrecord(tmp_path)
