"""The interpreter of pickle opcodes behind `unpickle`, and the few values that benchmark files are made of.

pickletools in the standard library describes every opcode. Whatever is wrong with a stream raises one of the errors
that `unpickle.readable` turns into an `InputError`.
"""

import struct
from collections.abc import Callable, Container, Mapping
from typing import Any, BinaryIO

from nasbias.errors import InputError

_CHUNK = 1 << 20


class Holder:
    """An instance of a class that is only a name here: `name`, and its attributes as `state`."""

    __slots__ = ("name", "state")

    def __init__(self, name: str) -> None:
        self.name = name
        self.state: dict[str, Any] = {}


class _Dtype:
    """A numpy dtype, of which only the size and the byte order matter."""

    __slots__ = ("code", "order")

    def __init__(self, code: str = "f8", *_: Any) -> None:
        if code not in _STRUCT_CODES:
            raise ValueError(f"numpy scalars of type {code!r} are not expected here")
        self.code, self.order = code, "<"


_STRUCT_CODES = {"f8": "d", "f4": "f", "f2": "e", "i8": "q", "i4": "i", "i2": "h", "i1": "b", "u1": "B", "b1": "?"}


def _scalar(dtype: object, raw: bytes) -> Any:
    if type(dtype) is not _Dtype:
        raise ValueError("a numpy scalar without its type")
    return struct.unpack(dtype.order + _STRUCT_CODES[dtype.code], raw)[0]


def _encode(text: str, encoding: str) -> bytes:
    if encoding != "latin1":
        raise ValueError(f"bytes encoded as {encoding!r}")
    return text.encode("latin1")


# numpy's own functions are never called. Protocol 2 spells bytes as _codecs.encode(text, 'latin1').
ALLOWED: dict[str, Callable[..., Any]] = {
    "collections.OrderedDict": dict,
    "numpy.dtype": _Dtype,
    "numpy.dtypes.Float64DType": _Dtype,
    "numpy.core.multiarray.scalar": _scalar,
    "numpy._core.multiarray.scalar": _scalar,
    "_codecs.encode": _encode,
}


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
        if op in _SIZES:
            start, size = self.pos + 1, _SIZES[op]
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
_PROTO, _STOP, _MARK, _TEXT, _SHORT_TEXT, _FLOAT, _INT1, _INT2 = b"\x80.(X\x8cGKM"
_PUT1, _PUT4, _MEMOIZE, _GET1, _GET4, _SETITEMS, _GLOBAL, _STACK_GLOBAL, _REDUCE = b"qr\x94hju" + b"c\x93R"
_SIZES = dict.fromkeys(b".(N\x88\x89}])\x8f02\x85\x86\x87tldeu\x90\x911R\x81bas\x94\x93", 0)
_SIZES |= dict.fromkeys(b"Kqh\x80", 1) | {ord("M"): 2} | dict.fromkeys(b"Jrj", 4) | dict.fromkeys(b"G\x95", 8)
_PREFIXES = dict.fromkeys(b"UC\x8c\x8a", 1) | dict.fromkeys(b"XBT\x8b", 4) | dict.fromkeys(b"\x8d\x8e", 8)
_LINES = dict.fromkeys(b"ILFSVgp", 1) | {ord("c"): 2}


def scan(source: Source) -> set[int]:
    """Memo entries that the next pickle fetches."""
    entries = set()
    sizes, unpack = _SIZES, struct.unpack_from
    data, pos, safe = source.data, source.pos, source.safe
    while True:
        if pos > safe:
            data, safe = source.refill(pos)
            pos = 0
        op = data[pos]
        if op == _TEXT:
            stop = pos + 5 + unpack("<I", data, pos + 1)[0]
            if stop > source.length:
                data, safe = source.refill(pos, stop - pos)
                stop -= pos
            pos = stop
        elif op == _GET1:
            entries.add(data[pos + 1])
            pos += 2
        elif op == _GET4:
            entries.add(unpack("<I", data, pos + 1)[0])
            pos += 5
        elif op in sizes:
            if op == _STOP:
                return entries
            pos += 1 + sizes[op]
        else:
            source.pos = pos
            argument = source.argument(op)
            if op == ord("g"):
                entries.add(int(argument[0]))
            data, pos, safe = source.data, source.pos, source.safe


def interpret(
    source: Source, holders: Container[str], wanted: Container[int] | None, reduce: Callable[[dict], None] | None
) -> Any:
    """The object of the next pickle; arguments as in `unpickle.unpickle`."""
    stack: list[Any] = []
    below: list[list[Any]] = []  # stacks under each open mark
    memo: dict[int, Any] = {}
    memoized = 0
    unpack = struct.unpack_from
    data, pos, safe = source.data, source.pos, source.safe
    while True:
        if pos > safe:
            data, safe = source.refill(pos)
            pos = 0
        op = data[pos]
        # The order is by frequency: an official record is a dict of text or integers to floats.
        if op == _FLOAT:
            stack.append(unpack(">d", data, pos + 1)[0])
            pos += 9
        elif op == _PUT4:
            entry = unpack("<I", data, pos + 1)[0]
            if wanted is None or entry in wanted:
                memo[entry] = stack[-1]
            memoized += 1
            pos += 5
        elif op == _TEXT:
            start = pos + 5
            stop = start + unpack("<I", data, pos + 1)[0]
            if stop > source.length:
                data, safe = source.refill(pos, stop - pos)
                start, stop, pos = 5, stop - pos, 0
            stack.append(data[start:stop].decode("utf-8", "surrogatepass"))
            pos = stop
        elif op == _INT1:
            stack.append(data[pos + 1])
            pos += 2
        elif op == _GET1:
            stack.append(memo[data[pos + 1]])
            pos += 2
        elif op == _GET4:
            stack.append(memo[unpack("<I", data, pos + 1)[0]])
            pos += 5
        elif op in (_PUT1, _MEMOIZE):
            entry = data[pos + 1] if op == _PUT1 else memoized
            if wanted is None or entry in wanted:
                memo[entry] = stack[-1]
            memoized += 1
            pos += 2 if op == _PUT1 else 1
        elif op == _MARK:
            below.append(stack)
            stack = []
            pos += 1
        elif op in _CLOSING:
            items = stack
            stack = below.pop()
            _CLOSING[op](stack, items)
            pos += 1
            if op == _SETITEMS and reduce is not None:
                reduce(stack[-1])
        elif op in _BARE:
            _BARE[op](stack, b"")
            pos += 1
        else:
            source.pos = pos
            argument = source.argument(op)
            data, pos, safe = source.data, source.pos, source.safe
            if op in _ACTIONS:
                _ACTIONS[op](stack, argument)
            elif op == _GLOBAL:
                stack.append(_find(".".join(argument), holders))
            elif op == _STACK_GLOBAL:
                name, module = stack.pop(), stack.pop()
                stack.append(_find(f"{module}.{name}", holders))
            elif op == ord("g"):
                stack.append(memo[int(argument[0])])
            elif op == ord("p"):
                memo[int(argument[0])] = stack[-1]
                memoized += 1
            elif op == _STOP:
                return stack.pop()
            elif op == _PROTO and argument[0] > 5:
                raise ValueError(f"pickle protocol {argument[0]} is not known")


def _find(name: str, holders: Container[str]) -> Any:
    if name in holders:
        return _Class(name)
    if name not in ALLOWED:
        raise InputError(f"the file wants to use {name!r}, which no benchmark file needs. Nothing of it was executed.")
    return _Callable(ALLOWED[name])


class _Class:
    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


class _Callable:
    __slots__ = ("call",)

    def __init__(self, call: Callable[..., Any]) -> None:
        self.call = call


def _call(stack: list, _: bytes) -> None:
    arguments, called = stack.pop(), stack.pop()
    if type(called) is not _Callable or type(arguments) is not tuple:
        raise ValueError("it calls something that is not a function")
    stack.append(called.call(*arguments))


def _create(stack: list, _: bytes) -> None:
    arguments, called = stack.pop(), stack.pop()
    if type(called) is _Class and arguments == ():
        stack.append(Holder(called.name))
    elif type(called) is _Callable and called.call is dict and arguments == ():
        stack.append({})
    else:
        raise ValueError("it creates an instance of something that is not a class")


def _build(stack: list, _: bytes) -> None:
    state = stack.pop()
    if type(stack[-1]) is Holder and isinstance(state, Mapping):
        stack[-1].state.update(state)
    elif type(stack[-1]) is _Dtype and type(state) is tuple and state[1] in ("<", ">", "|"):
        stack[-1].order = "<" if state[1] == "|" else state[1]
    else:
        raise ValueError("it sets the state of something that has none")


def _append(stack: list, _: bytes) -> None:
    item = stack.pop()
    _extend(stack, [item])


def _extend(stack: list, items: list) -> None:
    if type(stack[-1]) is not list:
        raise ValueError("it appends to something that is not a list")
    stack[-1].extend(items)


def _set_item(stack: list, _: bytes) -> None:
    value, key = stack.pop(), stack.pop()
    _set_items(stack, [key, value])


def _set_items(stack: list, items: list) -> None:
    if type(stack[-1]) is not dict or len(items) % 2:
        raise ValueError("it sets items of something that is not a dict")
    stack[-1].update(zip(items[::2], items[1::2]))


def _add_items(stack: list, items: list) -> None:
    if type(stack[-1]) is not set:
        raise ValueError("it adds to something that is not a set")
    stack[-1].update(items)


def _take(n: int) -> Callable[[list, bytes], None]:
    def take(stack: list, _: bytes) -> None:
        if len(stack) < n:
            raise IndexError("it takes more than there is")
        items = tuple(stack[-n:])
        del stack[-n:]
        stack.append(items)

    return take


def _push(value: Callable[[Any], Any]) -> Callable[[list, Any], None]:
    return lambda stack, argument: stack.append(value(argument))


def _integer(signed: bool) -> Callable[[bytes], int]:
    return lambda raw: int.from_bytes(raw, "little", signed=signed)


def _integer_line(lines: list[str]) -> int | bool:
    return {"00": False, "01": True}[lines[0]] if lines[0] in ("00", "01") else int(lines[0])


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogatepass")


# Opcodes that take everything above the last mark.
_CLOSING: dict[int, Callable[[list, list], None]] = {
    ord("t"): lambda stack, items: stack.append(tuple(items)),
    ord("l"): lambda stack, items: stack.append(items),
    ord("d"): lambda stack, items: stack.append(dict(zip(items[::2], items[1::2]))),
    ord("e"): _extend,
    _SETITEMS: _set_items,
    0x90: _add_items,
    0x91: lambda stack, items: stack.append(frozenset(items)),
    ord("1"): lambda stack, items: None,
}
_ACTIONS: dict[int, Callable[[list, Any], None]] = {
    **{ord(op): _push(make) for op, make in {"N": lambda _: None, "}": lambda _: {}, "]": lambda _: []}.items()},
    ord(")"): _push(lambda _: ()),
    0x88: _push(lambda _: True),
    0x89: _push(lambda _: False),
    0x8F: _push(lambda _: set()),
    ord("0"): lambda stack, _: stack.pop(),
    ord("2"): lambda stack, _: stack.append(stack[-1]),
    0x85: _take(1),
    0x86: _take(2),
    0x87: _take(3),
    _INT2: _push(_integer(signed=False)),
    ord("J"): _push(_integer(signed=True)),
    0x8A: _push(_integer(signed=True)),
    0x8B: _push(_integer(signed=True)),
    ord("I"): _push(_integer_line),
    ord("L"): _push(lambda lines: int(lines[0].rstrip("L"))),
    ord("F"): _push(lambda lines: float(lines[0])),
    ord("V"): _push(lambda lines: lines[0].encode("latin1").decode("raw-unicode-escape")),
    ord("U"): _push(lambda raw: raw.decode("latin1")),
    ord("T"): _push(lambda raw: raw.decode("latin1")),
    **dict.fromkeys(b"CB\x8e", _push(bytes)),
    **dict.fromkeys(b"\x8c\x8d", _push(_text)),
    ord("R"): _call,
    0x81: _create,
    ord("b"): _build,
    ord("a"): _append,
    ord("s"): _set_item,
    0x95: lambda stack, _: None,
}
_BARE = {op: action for op, action in _ACTIONS.items() if _SIZES.get(op) == 0}
