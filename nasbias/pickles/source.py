"""The stream of opcodes of a pickle: how long each argument is, and which memo entries are fetched again.

pickletools in the standard library describes every opcode.
"""

import struct
from typing import Any, BinaryIO

_CHUNK = 1 << 20
LONGEST = 1 << 28  # bytes of one argument; the largest official one, CIFAR-100's images, has 154 million


class Source:
    """A window on a stream of opcodes: the next is at `pos` of `data`; up to `safe` any fixed argument is inside."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.data, self.pos, self.length, self.safe = b"", 0, 0, -1
        self.base = file.tell()  # of data[0]
        self.ended = False

    @property
    def offset(self) -> int:
        """Position in the file of the next opcode."""
        return self.base + self.pos

    def refill(self, pos: int, need: int = 0) -> tuple[bytes, int]:
        """Move the window to start at `pos` and hold `need` bytes; returns (data, safe), and `pos` is then 0."""
        if need > LONGEST:
            raise ValueError(f"an argument of {need:,} bytes at byte {self.base + pos:,}, which no such file has")
        rest = self.data[pos : self.length]
        self.base += pos
        parts, have, need = [rest], len(rest), need + _MARGIN + 1
        while have < need and not self.ended:
            block = self.file.read(_CHUNK)
            self.ended = not block
            parts.append(block)
            have += len(block)
        if have == 0 or have < need - _MARGIN - 1:
            raise EOFError("it ends in the middle")
        self.data, self.pos, self.length = b"".join(parts), 0, have
        self.safe = have - _MARGIN
        if self.ended:  # the last arguments may reach over the end: then the next refill finds nothing
            self.data += bytes(_MARGIN)
            self.safe = have - 1
        return self.data, self.safe

    def argument(self, op: int) -> Any:
        """The argument of `op` at `pos`: bytes, or a list of lines; `pos` moves to the next opcode."""
        if op in _LINES:
            lines = []
            for _ in range(_LINES[op]):
                stop = self.data.find(b"\n", self.pos + 1, self.length)
                while stop < 0 and not self.ended:
                    self.refill(self.pos, self.length - self.pos + 1)
                    stop = self.data.find(b"\n", self.pos + 1, self.length)
                if stop < 0:
                    raise EOFError("it ends in the middle")
                lines.append(self.data[self.pos + 1 : stop].decode("latin1"))
                self.pos = stop
            self.pos += 1
            return lines
        if op in SIZES:
            start, size = self.pos + 1, SIZES[op]
        elif op in _PREFIXES:
            prefix = _PREFIXES[op]
            size = int.from_bytes(self.data[self.pos + 1 : self.pos + 1 + prefix], "little")
            if self.pos + 1 + prefix + size > self.length:
                self.refill(self.pos, 1 + prefix + size)
            start = self.pos + 1 + prefix
        else:
            raise ValueError(f"opcode {bytes([op])!r} at byte {self.offset:,}, which no benchmark file has")
        self.pos = start + size
        return self.data[start : start + size]


# Opcodes by how their argument is found. pickletools.opcodes describes each; named here are those that code mentions.
_MARGIN = 16
PROTO, STOP, MARK, TEXT, FLOAT, INT1, INT2 = b"\x80.(XGKM"
PUT1, PUT4, MEMOIZE, GET1, GET4, SETITEMS, GLOBAL, STACK_GLOBAL, REDUCE = b"qr\x94hju" + b"c\x93R"
SIZES = dict.fromkeys(b".(N\x88\x89}])\x8f02\x85\x86\x87tldeu\x90\x911R\x81bas\x94\x93", 0)
SIZES |= dict.fromkeys(b"Kqh\x80", 1) | {ord("M"): 2} | dict.fromkeys(b"Jrj", 4) | dict.fromkeys(b"G\x95", 8)
_PREFIXES = dict.fromkeys(b"UC\x8c\x8a", 1) | dict.fromkeys(b"XBT\x8b", 4) | dict.fromkeys(b"\x8d\x8e", 8)
_LINES = dict.fromkeys(b"ILFSVgp", 1) | {ord("c"): 2}


def scan(source: Source) -> set[int]:
    """Memo entries that the next pickle fetches."""
    entries = set()
    sizes, unpack = SIZES, struct.unpack_from
    data, pos, safe = source.data, source.pos, source.safe
    while True:
        if pos > safe:
            data, safe = source.refill(pos)
            pos = 0
        op = data[pos]
        if op == TEXT:
            stop = pos + 5 + unpack("<I", data, pos + 1)[0]
            if stop > source.length:
                data, safe = source.refill(pos, stop - pos)
                stop -= pos
            pos = stop
        elif op == GET1:
            entries.add(data[pos + 1])
            pos += 2
        elif op == GET4:
            entries.add(unpack("<I", data, pos + 1)[0])
            pos += 5
        elif op in sizes:
            if op == STOP:
                return entries
            pos += 1 + sizes[op]
        else:
            source.pos = pos
            argument = source.argument(op)
            if op == ord("g"):
                entries.add(int(argument[0]))
            data, pos, safe = source.data, source.pos, source.safe
