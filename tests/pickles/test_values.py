"""What a pickle may be made of, against numpy."""

import numpy as np
import pytest

from nasbias.pickles.values import ARRAYS, SCALARS, Array, Dtype, Holder

BYTES = Dtype("u1", False, True)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("code", ["f8", "f4", "f2", "i8", "i4", "i2", "i1"])
def test_a_scalar_is_what_numpy_reads(code, order):
    raw = np.array([1.5 if code[0] == "f" else -7], f"{order}{code}").tobytes()
    kind = Dtype(code)
    kind.set_state((3, order, None))
    assert SCALARS["numpy.core.multiarray.scalar"](kind, raw) == np.frombuffer(raw, f"{order}{code}")[0]


@pytest.mark.parametrize("is_fortran", [True, False])
@pytest.mark.parametrize("as_text", [True, False])
def test_an_array_is_what_numpy_reads(is_fortran, as_text):
    raw = bytes(range(250, 256))
    array = ARRAYS["numpy.core.multiarray._reconstruct"](None, (0,), b"b")
    array.set_state((1, (2, 3), BYTES, is_fortran, raw.decode("latin1") if as_text else raw))
    expected = np.frombuffer(raw, np.uint8).reshape((2, 3), order="F" if is_fortran else "C")
    assert array.value is not None
    assert (array.value == expected).all()


@pytest.mark.parametrize(
    "state",
    [None, (), (1, [2], BYTES, False, b"xx"), (1, (-1,), BYTES, False, b"xx"), (1, (2.0,), BYTES, False, b"xx")],
)
def test_a_damaged_array_is_refused(state):
    with pytest.raises(ValueError, match="^an array in it is damaged$"):
        Array().set_state(state)
    with pytest.raises(ValueError):
        Array().set_state((1, (3,), BYTES, False, b"xx"))  # two bytes are no three


@pytest.mark.parametrize("state", [(1, (2,), Dtype("f8"), False, b"xx"), (1, (2,), BYTES, False, 7)])
def test_an_array_of_anything_but_bytes_is_refused(state):
    with pytest.raises(ValueError, match="^an array in it is not of unsigned bytes$"):
        Array().set_state(state)


@pytest.mark.parametrize("names", [SCALARS, ARRAYS])
def test_bytes_that_protocol_2_spelled_as_text_are_bytes(names):
    assert names["_codecs.encode"]("\xe9a", "latin1") == b"\xe9a"


@pytest.mark.parametrize(("code", "raw", "value"), [("u1", b"\xff", 255), ("b1", b"\x01", True), ("i1", b"\xff", -1)])
def test_a_scalar_of_one_byte_has_its_sign(code, raw, value):
    assert SCALARS["numpy._core.multiarray.scalar"](Dtype(code), raw) == value


def test_only_plain_numbers_and_latin1_are_known():
    for code in ("O8", "V4", "S3"):
        with pytest.raises(ValueError, match=code):
            Dtype(code)
    with pytest.raises(ValueError, match="encoded as 'rot13'"):
        SCALARS["_codecs.encode"]("x", "rot13")
    with pytest.raises(ValueError, match="without its type"):
        SCALARS["numpy.core.multiarray.scalar"]("f8", b"")


def test_the_state_of_a_holder_grows_and_is_a_dict():
    holder = Holder("my.Thing")
    holder.set_state({"a": 1})
    holder.set_state({"b": 2})
    assert (holder.name, holder.state) == ("my.Thing", {"a": 1, "b": 2})
    with pytest.raises(ValueError, match="no dict"):
        holder.set_state([("a", 1)])
