"""The interpreter of pickle opcodes behind `unpickle`.

Whatever is wrong with a stream raises one of the errors that `readable` turns into an `InputError`. What can be built
is bounded by the bytes of the stream: keys of dicts and sets are text or small whole numbers (or short tuples of them),
so that none is slow to hash or collides by design, and calls make no more bytes than were read.
"""

import struct
from collections.abc import Callable, Container, Iterable, Mapping
from typing import Any

from nasbias.errors import InputError
from nasbias.pickles.source import (
    FLOAT,
    GET1,
    GET4,
    GLOBAL,
    INT1,
    INT2,
    MARK,
    MEMOIZE,
    PROTO,
    PUT1,
    PUT4,
    REDUCE,
    SETITEMS,
    SIZES,
    STACK_GLOBAL,
    STOP,
    TEXT,
    Source,
)
from nasbias.pickles.values import Class, Function, Holder

_LARGEST_KEY = 2**31  # beyond it whole numbers could be chosen to collide
_LONGEST_KEY, _LARGEST_PART = 8, 2**8  # items of a tuple, and its numbers where it holds no text
_FREELY, _PER_BYTE, _DEEPEST = 100_000, 10, 100  # items of a tree, items a byte, containers within each other
_CONTAINERS = {dict, list, tuple, set, frozenset, Holder}
_NOTHING: Any = object()


def interpret(
    source: Source,
    allowed: Mapping[str, Callable[..., Any]],
    holders: Container[str] = (),
    wanted: Container[int] | None = None,
    reduce: Callable[[dict], None] | None = None,
) -> Any:
    """The object of the next pickle; arguments as in `nasbias.pickles.unpickle`."""
    stack: list[Any] = []
    below: list[list[Any]] = []  # stacks under each open mark
    memo: dict[int, Any] = {}
    memoized = 0
    rest = _Rest(source, allowed, holders, memo)
    unpack = struct.unpack_from
    data, pos, safe = source.data, source.pos, source.safe
    while True:
        if pos > safe:
            data, safe = source.refill(pos)
            pos = 0
        op = data[pos]
        # The order is by frequency: an official record is a dict of text or integers to floats.
        if op == FLOAT:
            stack.append(unpack(">d", data, pos + 1)[0])
            pos += 9
        elif op in (PUT4, PUT1, MEMOIZE):
            entry = unpack("<I", data, pos + 1)[0] if op == PUT4 else data[pos + 1] if op == PUT1 else memoized
            if wanted is None or entry in wanted:
                memo[entry] = stack[-1]
            memoized += 1
            pos += 1 + SIZES[op]
        elif op == TEXT:
            start = pos + 5
            stop = start + unpack("<I", data, pos + 1)[0]
            if stop > source.length:
                data, safe = source.refill(pos, stop - pos)
                start, stop, pos = 5, stop - pos, 0
            stack.append(data[start:stop].decode("utf-8", "surrogatepass"))
            pos = stop
        elif op == INT1:
            stack.append(data[pos + 1])
            pos += 2
        elif op in (GET1, GET4):
            stack.append(memo[data[pos + 1] if op == GET1 else unpack("<I", data, pos + 1)[0]])
            pos += 1 + SIZES[op]
        elif op == MARK:
            below.append(stack)
            stack = []
            pos += 1
        elif op in _CLOSING:
            items, stack = stack, below.pop()
            _CLOSING[op](stack, items)
            pos += 1
            if op == SETITEMS and reduce is not None:
                reduce(stack[-1])
        elif op in _BARE:
            _BARE[op](stack, b"")
            pos += 1
        else:
            source.pos = pos
            argument = source.argument(op)
            data, pos, safe = source.data, source.pos, source.safe
            memoized += op == ord("p")
            if (done := rest.act(op, stack, argument)) is not _NOTHING:
                check_tree(done, source.offset)
                return done


class _Rest:
    """The opcodes that are seldom: names, calls, text protocol's memo, the end."""

    def __init__(
        self,
        source: Source,
        allowed: Mapping[str, Callable[..., Any]],
        holders: Container[str],
        memo: dict[int, Any],
    ) -> None:
        self.source, self.allowed, self.holders, self.memo = source, allowed, holders, memo
        self.made = 0  # bytes, by calls

    def act(self, op: int, stack: list, argument: Any) -> Any:
        """Do what `op` says; the whole object where it is the last one."""
        if op in _ACTIONS:
            _ACTIONS[op](stack, argument)
        elif op == REDUCE:
            self._call(stack)
        elif op == GLOBAL:
            stack.append(self._find(".".join(argument)))
        elif op == STACK_GLOBAL:
            name, module = stack.pop(), stack.pop()
            if type(name) is not str or type(module) is not str:
                raise ValueError("it names something by what is no text")
            stack.append(self._find(f"{module}.{name}"))
        elif op == ord("g"):
            stack.append(self.memo[int(argument[0])])
        elif op == ord("p"):
            self.memo[int(argument[0])] = stack[-1]
        elif op == STOP:
            return stack.pop()
        elif op == PROTO and argument[0] > 5:
            raise ValueError(f"pickle protocol {argument[0]} is not known")
        return _NOTHING

    def _call(self, stack: list) -> None:
        arguments, called = stack.pop(), stack.pop()
        if type(called) is not Function or type(arguments) is not tuple:
            raise ValueError("it calls something that is not a function")
        result = called.call(*arguments)
        if type(result) is bytes:
            self.made += len(result)
            if self.made > self.source.offset:
                raise ValueError("it makes more bytes than it holds")
        stack.append(result)

    def _find(self, name: str) -> Class | Function:
        if name in self.holders:
            return Class(name)
        if name not in self.allowed:
            raise InputError(f"the file wants to use {name!r}, which no such file needs. Nothing of it was executed.")
        return Function(self.allowed[name])


def check_keys(keys: Iterable[Any], largest: int = _LARGEST_KEY) -> None:
    """That each may be a key of a dict or an item of a set.

    Raises:
        ValueError: one is neither text, bytes, None, a truth value, a whole number below `largest` nor a tuple of at
            most eight of these. A tuple without text, whose hash nothing makes random, has numbers below 256 only.
    """
    for key in keys:
        kind = type(key)
        if kind is str or (kind is int and -largest < key < largest):
            continue
        if kind is tuple and len(key) <= _LONGEST_KEY and tuple not in map(type, key):
            check_keys(key, _LARGEST_KEY if str in map(type, key) else _LARGEST_PART)
        elif not (key is None or kind in (bool, bytes)):
            raise ValueError(f"a key of type {kind.__name__}, which no such file has")


def check_tree(value: Any, read: int) -> None:
    """That a value which was built from `read` bytes can be gone through: memo entries may put one list into many
    others, so that a kilobyte describes a tree of 2^500 items.

    Raises:
        ValueError: a container within itself, more than 100 within each other, or, everything counted as often as it
            occurs, more than 100,000 items and ten a byte.
    """
    most = _FREELY + _PER_BYTE * read
    sizes: dict[int, int] = {}
    under_way: dict[int, list] = {}  # containers whose contents are being counted, and those among their contents
    todo = [value] if type(value) in _CONTAINERS else []
    while todo:
        this = todo[-1]
        if id(this) in sizes:
            todo.pop()
        elif id(this) in under_way:
            inner = under_way.pop(id(this))
            size = len(_items(this)) + sum(sizes[id(each)] for each in inner)
            if size > most:
                raise ValueError(f"it describes more than {most:,} items with {read:,} bytes")
            sizes[id(todo.pop())] = size
        else:
            inner = [each for each in _items(this) if type(each) in _CONTAINERS]
            under_way[id(this)] = inner
            if len(under_way) > _DEEPEST:
                raise ValueError(f"more than {_DEEPEST} containers within each other")
            if any(id(each) in under_way for each in inner):
                raise ValueError("a container within itself")
            todo.extend(inner)


def _items(container: Any) -> Any:
    """What a container holds: keys are bounded already."""
    held = container.state if type(container) is Holder else container
    return held.values() if type(held) is dict else held


def _create(stack: list, _: bytes) -> None:
    arguments, called = stack.pop(), stack.pop()
    if type(called) is Class and arguments == ():
        stack.append(Holder(called.name))
    elif type(called) is Function and called.call is dict and arguments == ():
        stack.append({})
    else:
        raise ValueError("it creates an instance of something that is not a class")


def _build(stack: list, _: bytes) -> None:
    state = stack.pop()
    if not hasattr(stack[-1], "set_state"):
        raise ValueError("it sets the state of something that has none")
    stack[-1].set_state(state)


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
    check_keys(items[::2])
    stack[-1].update(zip(items[::2], items[1::2]))


def _add_items(stack: list, items: list) -> None:
    if type(stack[-1]) is not set:
        raise ValueError("it adds to something that is not a set")
    check_keys(items)
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
    ord("d"): lambda stack, items: (stack.append({}), _set_items(stack, items))[0],
    ord("e"): _extend,
    SETITEMS: _set_items,
    0x90: _add_items,
    0x91: lambda stack, items: (check_keys(items), stack.append(frozenset(items)))[0],
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
    INT2: _push(_integer(signed=False)),
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
    0x81: _create,
    ord("b"): _build,
    ord("a"): _append,
    ord("s"): _set_item,
    0x95: lambda stack, _: None,
}
_BARE = {op: action for op, action in _ACTIONS.items() if SIZES.get(op) == 0}
