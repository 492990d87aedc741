"""Every opcode against the standard library's pickle, which is the oracle here, and what is refused."""

import io
import pickle
import struct

import pytest

from nasbias.errors import InputError
from nasbias.pickles.opcodes import interpret
from nasbias.pickles.source import Source, scan
from nasbias.pickles.values import SCALARS, Holder

LONG = b"\x03" + (70_000).to_bytes(3, "little")
STREAMS = {
    "NONE": b"N.",
    "NEWTRUE": b"\x88.",
    "NEWFALSE": b"\x89.",
    "INT": b"I-12\n.",
    "INT true": b"I01\n.",
    "INT false": b"I00\n.",
    "INT one": b"I1\n.",
    "LONG": b"L-123456789012345678901L\n.",
    "FLOAT": b"F-2.5e3\n.",
    "BINFLOAT": b"G" + struct.pack(">d", -1.25) + b".",
    "BININT": b"J" + struct.pack("<i", -70_000) + b".",
    "BININT1": b"K\xff.",
    "BININT2": b"M\x01\xff.",
    "LONG1": b"\x8a" + LONG + b".",
    "LONG1 negative": b"\x8a\x02\x00\x80.",
    "LONG1 zero": b"\x8a\x00.",
    "LONG4": b"\x8b\x02\x00\x00\x00\xfe\xff.",
    "UNICODE": b"Vtau \\u03c4 \xe9\n.",
    "BINUNICODE": b"X\x02\x00\x00\x00\xcf\x84.",
    "SHORT_BINUNICODE": b"\x8c\x02\xcf\x84.",
    "BINUNICODE8": b"\x8d\x02" + bytes(7) + b"\xcf\x84.",
    "BINUNICODE surrogate": b"X\x03\x00\x00\x00\xed\xa0\x80.",
    "SHORT_BINUNICODE surrogate": b"\x8c\x03\xed\xa0\x80.",
    "BINSTRING": b"T\x03\x00\x00\x00a\xe9c.",
    "SHORT_BINSTRING": b"U\x03a\xe9c.",
    "BINBYTES": b"B\x03\x00\x00\x00a\xe9c.",
    "SHORT_BINBYTES": b"C\x03a\xe9c.",
    "BINBYTES8": b"\x8e\x03" + bytes(7) + b"a\xe9c.",
    "EMPTY_LIST": b"].",
    "EMPTY_TUPLE": b").",
    "EMPTY_DICT": b"}.",
    "EMPTY_SET": b"\x8f.",
    "TUPLE": b"(K\x01K\x02t.",
    "TUPLE empty": b"(t.",
    "TUPLE1": b"K\x01\x85.",
    "TUPLE2": b"K\x01K\x02\x86.",
    "TUPLE3": b"K\x00K\x01K\x02K\x03\x87\x86.",
    "LIST": b"(K\x01K\x02l.",
    "DICT": b"(K\x01K\x02K\x03K\x04d.",
    "FROZENSET": b"(K\x01K\x02\x91.",
    "ADDITEMS": b"\x8f(K\x01K\x02\x90.",
    "APPEND": b"]K\x01aK\x02a.",
    "APPENDS": b"]K\x00a(K\x01K\x02e.",
    "SETITEM": b"}K\x01K\x02sK\x03K\x04s.",
    "SETITEMS": b"}K\x00K\x00s(K\x01K\x02K\x03K\x04u.",
    "POP": b"K\x01K\x02K\x030.",
    "POP_MARK": b"K\x01(K\x02K\x031.",
    "DUP": b"K\x01K\x022\x86.",
    "marks in marks": b"(K\x01(K\x02(K\x03tK\x04tK\x05t.",
    "PUT GET": b"]p3\n0K\x01g3\n\x86.",
    "PUT GET of two digits": b"]p12\n0K\x01p1\ng12\n\x86.",
    "BINPUT BINGET": b"]q\x030K\x01h\x03\x86.",
    "LONG_BINPUT LONG_BINGET": b"]r\x01\x02\x00\x000K\x01j\x01\x02\x00\x00\x86.",
    "MEMOIZE": b"]\x94K\x01\x940K\x02h\x01h\x00\x87.",
    "MEMOIZE after puts": b"]q\x00K\x01\x94K\x02r\x02\x00\x00\x00K\x03p3\nK\x04\x94h\x04h\x01h\x00\x87.",
    "PROTO": b"\x80\x05K\x01.",
    "FRAME": b"\x80\x04\x95\x03" + bytes(7) + b"K\x01.",
    "OrderedDict called": b"ccollections\nOrderedDict\n)RK\x01K\x02s.",
    "OrderedDict created": b"ccollections\nOrderedDict\n)\x81K\x01K\x02s.",
    "STACK_GLOBAL": b"\x8c\x0bcollections\x8c\x0bOrderedDict\x93)R.",
    "_codecs.encode": b"c_codecs\nencode\nX\x03\x00\x00\x00a\xc3\xa9X\x06\x00\x00\x00latin1\x86R.",
}


def run(data: bytes, **options):
    return interpret(Source(io.BytesIO(data)), SCALARS, **options)


@pytest.mark.parametrize("name", STREAMS)
def test_an_opcode_means_what_it_means_to_pickle(name):
    expected = pickle.loads(STREAMS[name], encoding="latin1")
    found = run(STREAMS[name])
    assert found == expected
    assert type(found) is type(expected) or type(found) is dict  # OrderedDict is read as dict


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize("piece", [1, 7])
def test_a_stream_in_small_reads_is_the_same_and_ends_at_its_stop(name, piece, monkeypatch):
    monkeypatch.setattr("nasbias.pickles.source._CHUNK", piece)
    data = STREAMS[name] + b"K\x07."
    source = Source(_at(b"head" + data, 4))
    assert interpret(source, SCALARS) == pickle.loads(data, encoding="latin1")
    assert source.offset == 4 + len(STREAMS[name])
    assert interpret(source, SCALARS) == 7


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize("piece", [1, 1 << 20])
def test_the_scan_finds_the_entries_that_are_fetched_and_no_more(name, piece, monkeypatch):
    import pickletools

    monkeypatch.setattr("nasbias.pickles.source._CHUNK", piece)
    expected = {int(a) for op, a, _ in pickletools.genops(STREAMS[name]) if op.name in ("GET", "BINGET", "LONG_BINGET")}
    wanted = scan(Source(io.BytesIO(STREAMS[name] + b"h\x09")))
    assert wanted == expected
    if not any(op.name == "PUT" for op, *_ in pickletools.genops(STREAMS[name])):
        assert run(STREAMS[name], wanted=wanted) == pickle.loads(STREAMS[name], encoding="latin1")


@pytest.mark.parametrize("put", [b"q\x01", b"r\x01\x00\x00\x00", b"K\x00\x940\x94"])
def test_an_entry_that_is_not_wanted_is_not_kept(put):
    assert run(b"]" + put + b"0h\x01.", wanted={1}) is not None
    with pytest.raises(KeyError):
        run(b"]" + put + b"0h\x01.", wanted={2})


def _at(data: bytes, position: int) -> io.BytesIO:
    file = io.BytesIO(data)
    file.seek(position)
    return file


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        (b"\x80\x06N.", ValueError, "^pickle protocol 6 is not known$"),
        (b"K\x01Q.", ValueError, r"^opcode b'Q' at byte 2, which no benchmark file has$"),
        (b"K\x01)R.", ValueError, "^it calls something that is not a function$"),
        (b"ccollections\nOrderedDict\n]R.", ValueError, "^it calls something that is not a function$"),
        (b"K\x01)\x81.", ValueError, "^it creates an instance of something that is not a class$"),
        (b"ccollections\nOrderedDict\nK\x01\x85\x81.", ValueError, "^it creates an instance of something that is not"),
        (b"c_codecs\nencode\n)\x81.", ValueError, "^it creates an instance of something that is not a class$"),
        (b"]}b.", ValueError, "^it sets the state of something that has none$"),
        (b"cmy\nThing\n)\x81K\x01b.", ValueError, "^it sets the state of something to what is no dict$"),
        (b"}K\x01a.", ValueError, "^it appends to something that is not a list$"),
        (b"}(K\x01e.", ValueError, "^it appends to something that is not a list$"),
        (b"]K\x01K\x02s.", ValueError, "^it sets items of something that is not a dict$"),
        (b"}(K\x01u.", ValueError, "^it sets items of something that is not a dict$"),
        (b"}(K\x01\x90.", ValueError, "^it adds to something that is not a set$"),
        (b"K\x01\x86.", IndexError, "^it takes more than there is$"),
        (b"\x85.", IndexError, "^it takes more than there is$"),
        (b"K\x01K\x02\x87.", IndexError, "^it takes more than there is$"),
        (b"c_codecs\nencode\nX\x01\x00\x00\x00aX\x05\x00\x00\x00utf-8\x86R.", ValueError, "^bytes encoded as 'utf-8'$"),
        (b"cnumpy\ndtype\nX\x02\x00\x00\x00O8\x85R.", ValueError, "^numpy values of type 'O8' are not expected here$"),
        (b"cnumpy.core.multiarray\nscalar\nNC\x00\x86R.", ValueError, "^a numpy scalar without its type$"),
        (b"V", EOFError, "^it ends in the middle$"),
        (b"Vabc", EOFError, "^it ends in the middle$"),
        (b"C\x05abc.", EOFError, "^it ends in the middle$"),
        (b"", EOFError, "^it ends in the middle$"),
        (
            b"cos\nsystem\n.",
            InputError,
            r"^the file wants to use 'os\.system', which no such file needs.*executed\.$",
        ),
        (b"\x8c\x02os\x8c\x06system\x93.", InputError, r"^the file wants to use 'os\.system', which"),
    ],
)
def test_what_no_benchmark_file_does_is_refused(data, error, message):
    with pytest.raises(error, match=message):
        run(data, holders={"my.Thing"})


def dtype(code: str, order: str | None = None) -> bytes:
    """numpy's dtype as its own pickles spell it."""
    made = b"cnumpy\ndtype\n\x8c\x02" + code.encode() + b"K\x00K\x01\x87R"
    if order is None:
        return made
    return made + b"(K\x03\x8c\x01" + order.encode() + b"NNNtb"


@pytest.mark.parametrize("code", ["f8", "f4", "f2", "i8", "i4", "i2", "i1", "u1", "b1"])
@pytest.mark.parametrize("module", ["numpy.core.multiarray", "numpy._core.multiarray"])
def test_a_numpy_scalar_has_the_value_that_numpy_gives_it(code, module):
    import numpy as np

    value = np.array(3, dtype=code)[()]
    data = b"c" + module.encode() + b"\nscalar\n" + dtype(code) + b"C" + bytes([value.nbytes]) + value.tobytes()
    assert run(data + b"\x86R.") == value


@pytest.mark.parametrize(("order", "mark"), [("<", "<"), (">", ">"), ("|", "<")])
def test_a_byte_order_is_kept(order, mark):
    data = (
        b"cnumpy.core.multiarray\nscalar\n" + dtype("i4", order) + b"C\x04" + struct.pack(f"{mark}i", 258) + b"\x86R."
    )
    assert run(data) == 258


def test_a_byte_order_that_is_none_is_refused():
    with pytest.raises(ValueError, match="a numpy dtype in it is damaged"):
        run(dtype("i4", "=") + b".")


def test_a_dtype_without_arguments_is_a_double():
    data = b"cnumpy.core.multiarray\nscalar\ncnumpy.dtypes\nFloat64DType\n)RC\x08" + struct.pack("<d", 91.5) + b"\x86R."
    assert run(data) == 91.5


def test_a_class_that_is_held_takes_its_attributes_in_turn():
    holder = run(b"cmy\nThing\n)\x81}X\x01\x00\x00\x00aK\x01sb}X\x01\x00\x00\x00bK\x02sb.", holders={"my.Thing"})
    assert type(holder) is Holder
    assert (holder.name, holder.state) == ("my.Thing", {"a": 1, "b": 2})


def test_reduce_sees_a_dict_as_soon_as_it_is_filled():
    seen = []

    def reduce(content: dict) -> None:
        seen.append(dict(content))
        content.clear()

    assert run(b"](}(K\x01K\x02u}(K\x03K\x04ue.", reduce=reduce) == [{}, {}]
    assert seen == [{1: 2}, {3: 4}]


def test_only_what_is_written_here_can_be_called():
    assert set(SCALARS) == {
        "collections.OrderedDict",
        "numpy.dtype",
        "numpy.dtypes.Float64DType",
        "numpy.core.multiarray.scalar",
        "numpy._core.multiarray.scalar",
        "_codecs.encode",
    }


def nested(times: int) -> bytes:
    """A tuple of (a tuple of (...) and itself): 2^times empty tuples to whoever walks it."""
    return b")q\x00" + b"h\x00\x86q\x00" * times


def listed(times: int) -> bytes:
    """The same of lists that are filled from the outermost inwards, each empty when it is put into the last."""
    made = b"".join(b"]q" + bytes([i]) + b"0" for i in range(times))
    return made + b"".join(b"h%c(h%ch%ce0" % (i, i + 1, i + 1) for i in range(times - 1)) + b"h\x00"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (nested(200) + b".", "more than 100 containers within each other"),
        (nested(60) + b".", "more than 103,040 items with 304 bytes"),
        (listed(60) + b".", "items with"),
        (b"}X\x01\x00\x00\x00k" + listed(60) + b"s.", "items with"),
        (b")" + b"\x85" * 1_000_000 + b".", "more than 100 containers within each other"),
        (b"]q\x00h\x00a.", "a container within itself"),
        (b"]q\x00}X\x01\x00\x00\x00kh\x00sa.", "a container within itself"),
        (b"}" + nested(40) + b"K\x01s.", "a key of type tuple"),  # hashing it never ends
        (b"\x8f(" + nested(40) + b"\x90.", "a key of type tuple"),
        (b"(" + nested(40) + b"K\x01d.", "a key of type tuple"),
        (b"(" + nested(40) + b"\x91.", "a key of type tuple"),
        (b"}(" + b"".join(pickle.dumps((2**61 - 1) * i, 2)[2:-1] + b"N" for i in (1, 2)) + b"u.", "a key of type int"),
        (b"c_codecs\nencode\nq\x00X\xe8\x03\x00\x00" + b"x" * 1000 + b"X\x06\x00\x00\x00latin1\x86q\x01\x850"
         + b"h\x00h\x01R0" * 300 + b"N.", "more bytes than it holds"),
        (b"T\xff\xff\xff\xff.", "4,294,967,300 bytes"),
        (b"\x8e" + b"\xff" * 8 + b".", "bytes at byte 0, which no such file has"),
    ],
)  # fmt: skip
def test_what_would_take_for_ever_or_all_memory_is_refused_at_once(data, message):
    with pytest.raises(ValueError, match=message):
        run(data)


def test_what_is_shared_a_few_times_is_built_as_pickle_builds_it():
    row = list(range(50))
    whole = {"a": [row] * 300, "b": (row, [row, {"c": row}])}
    assert run(pickle.dumps(whole, 2)) == whole
    assert run(pickle.dumps([[[1], [2]], ()], 2)) == [[[1], [2]], ()]


def test_short_tuples_and_small_numbers_are_keys_as_official_files_have_them():
    things = {("cifar10", 777): 1.0, "a": 2, 199: 3, -5: 4, None: 5, b"x": 7, True: 8, (4, 0, 255): 9}
    assert run(pickle.dumps(things, 4)) == things


def test_every_key_is_looked_at_and_a_tuple_may_have_eight_parts():
    assert run(pickle.dumps({tuple(range(8)): 1}, 2)) == {tuple(range(8)): 1}
    for bad in (tuple(range(9)), 2**31, -(2**31), ((1,),), frozenset([1]), (256, 1), (1.5, 1), 1.5):
        with pytest.raises((ValueError, InputError)):
            run(pickle.dumps({"a": 1, "b": 2, bad: 3, "d": 4}, 4))
