"""The few values that benchmark files and image archives are made of, and the names that their pickles may use."""

import struct
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

_STRUCT_CODES = {"f8": "d", "f4": "f", "f2": "e", "i8": "q", "i4": "i", "i2": "h", "i1": "b", "u1": "B", "b1": "?"}


class Holder:
    """An instance of a class that is only a name here: `name`, and its attributes as `state`."""

    __slots__ = ("name", "state")

    def __init__(self, name: str) -> None:
        self.name = name
        self.state: dict[str, Any] = {}

    def set_state(self, state: object) -> None:
        if not isinstance(state, dict):
            raise ValueError("it sets the state of something to what is no dict")
        self.state.update(state)


class Dtype:
    """A numpy dtype, of which only the size and the byte order matter."""

    __slots__ = ("code", "order")

    def __init__(self, code: str = "f8", *_: Any) -> None:
        if code not in _STRUCT_CODES:
            raise ValueError(f"numpy values of type {code!r} are not expected here")
        self.code, self.order = code, "<"

    def set_state(self, state: object) -> None:
        if type(state) is not tuple or state[1] not in ("<", ">", "|"):
            raise ValueError("a numpy dtype in it is damaged")
        self.order = "<" if state[1] == "|" else state[1]


class Array:
    """Stands for numpy's array, whose own __setstate__ crashes the process on a damaged state. `value` is the array,
    None until its state is set: of bytes (uint8), the only kind in image archives. A subclass may take other kinds."""

    __slots__ = ("value",)
    codes: ClassVar[tuple[str, ...]] = ("u1",)
    holds: ClassVar[str] = "unsigned bytes"

    def __init__(self, *_: Any) -> None:
        self.value: np.ndarray | None = None

    def set_state(self, state: object) -> None:
        if type(state) is not tuple or len(state) != 5 or type(state[1]) is not tuple:
            raise ValueError("an array in it is damaged")
        _, shape, kind, is_fortran, data = state
        raw = data.encode("latin1") if type(data) is str else data  # Python 2 wrote bytes as text
        if type(kind) is not Dtype or kind.code not in self.codes or type(raw) is not bytes:
            raise ValueError(f"an array in it is not of {self.holds}")
        if not all(type(side) is int and side >= 0 for side in shape):
            raise ValueError("an array in it is damaged")
        values = np.frombuffer(raw, np.dtype(f"{kind.order}{kind.code}"))
        self.value = values.reshape(shape, order="F" if is_fortran else "C")


class Class:
    """A class that is only a name here."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


class Function:
    """One of the functions that a pickle may call; numpy's own are never called."""

    __slots__ = ("call",)

    def __init__(self, call: Callable[..., Any]) -> None:
        self.call = call


def _scalar(dtype: object, raw: bytes) -> Any:
    if type(dtype) is not Dtype:
        raise ValueError("a numpy scalar without its type")
    return struct.unpack(dtype.order + _STRUCT_CODES[dtype.code], raw)[0]


def _encode(text: str, encoding: str) -> bytes:
    if encoding != "latin1":
        raise ValueError(f"bytes encoded as {encoding!r}")
    return text.encode("latin1")


# Protocol 2 spells bytes as _codecs.encode(text, 'latin1').
SCALARS: dict[str, Callable[..., Any]] = {
    "collections.OrderedDict": dict,
    "numpy.dtype": Dtype,
    "numpy.dtypes.Float64DType": Dtype,
    "numpy.core.multiarray.scalar": _scalar,
    "numpy._core.multiarray.scalar": _scalar,
    "_codecs.encode": _encode,
}
# The old name is in the official CIFAR files; numpy 2 moved it. An array's class is only ever an argument.
ARRAYS: dict[str, Callable[..., Any]] = {
    "numpy.ndarray": Array,
    "numpy.dtype": Dtype,
    "numpy.core.multiarray._reconstruct": Array,
    "numpy._core.multiarray._reconstruct": Array,
    "_codecs.encode": _encode,
}
