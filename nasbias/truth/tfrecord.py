"""TFRecord files without TensorFlow: the framing, with every checksum checked.

A record is a length (uint64, little endian), the masked CRC-32C of those 8 bytes, the payload, and its masked CRC-32C.
"""

import struct
from collections.abc import Iterator
from pathlib import Path

import google_crc32c

from nasbias.errors import InputError

_HEADER = struct.Struct("<QI")
_FOOTER = struct.Struct("<I")
_LONGEST = 1 << 30  # bytes; a length beyond is damage, even where its checksum holds


def is_tfrecord(path: Path) -> bool:
    """Whether a file starts with a length and that length's checksum."""
    try:
        with path.open("rb") as file:
            start = file.read(_HEADER.size)
    except OSError:
        return False
    return len(start) == _HEADER.size and _HEADER.unpack(start)[1] == masked_crc(start[:8])


def masked_crc(content: bytes) -> int:
    """CRC-32C, rotated and shifted as TFRecord stores it."""
    crc = google_crc32c.value(content)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def read_blocks(path: Path, records: int = 5_000) -> Iterator[list[bytes]]:
    """The payloads of a file in blocks, so that no more than a block is in memory.

    Raises:
        InputError: a record is cut off, or its length or payload does not match its checksum.
    """
    with path.open("rb", buffering=1 << 20) as file:
        number, offset, block = 0, 0, []
        while header := file.read(_HEADER.size):
            where = f"{path.name}: record {number:,} (at byte {offset:,})"
            if len(header) < _HEADER.size:
                raise _cut_off(where)
            length, checksum = _HEADER.unpack(header)
            if masked_crc(header[:8]) != checksum or length > _LONGEST:
                raise _damaged(where, "length")
            body = file.read(length + _FOOTER.size)
            if len(body) < length + _FOOTER.size:
                raise _cut_off(where)
            payload = body[:length]
            if masked_crc(payload) != _FOOTER.unpack_from(body, length)[0]:
                raise _damaged(where, "content")
            block.append(payload)
            number, offset = number + 1, offset + _HEADER.size + len(body)
            if len(block) == records:
                yield block
                block = []
    if block:
        yield block


def _cut_off(where: str) -> InputError:
    return InputError(f"{where} is cut off: the file is not whole. Download it again.")


def _damaged(where: str, part: str) -> InputError:
    return InputError(f"{where}: the checksum of its {part} does not match. The file is damaged; download it again.")
