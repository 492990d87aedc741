"""The pickle reader against the standard library's, and against files that want more than data."""

import bz2
import collections
import io
import os
import pickle
import struct
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasbias import pickles
from nasbias.errors import InputError
from nasbias.pickles import Holder, fetched_entries, is_pickle, open_pickle, unpickle

plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | st.binary(max_size=300),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.tuples(inner, inner)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(max_size=3) | st.integers(-(2**31) + 1, 2**31 - 1), inner, max_size=4)
        | st.dictionaries(st.text(max_size=3), inner, max_size=4).map(collections.OrderedDict)
        | st.sets(st.integers(-9, 9), max_size=3)
    ),
    max_leaves=12,
)


@settings(deadline=None, max_examples=60)
@given(thing=plain, protocol=st.integers(2, 5))
def test_it_reads_what_pickle_reads(thing, protocol):
    data = pickle.dumps([thing, thing], protocol)
    wanted = fetched_entries(io.BytesIO(data), "test")
    if b"__builtin__" in data or b"builtins" in data:  # before protocol 4 sets and empty bytes are calls of builtins
        with pytest.raises(InputError, match="which no such file needs"):
            unpickle(io.BytesIO(data), "test")
        return
    assert unpickle(io.BytesIO(data), "test", wanted=wanted) == [thing, thing]


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("value", [np.float64(1.5), np.float32(0.25), np.int64(-7), np.bool_(True), np.float64(2e-300)])
def test_numpy_scalars_become_numbers(value, protocol):
    assert unpickle(io.BytesIO(pickle.dumps(value, protocol)), "test") == value.item()


def test_numpy_scalars_of_another_byte_order_are_right():
    big = (
        b"\x80\x02cnumpy.core.multiarray\nscalar\ncnumpy\ndtype\nU\x02f8K\x00K\x01\x87R(K\x03U\x01>NNNJ\xff\xff\xff\xff"
    )
    big += b"J\xff\xff\xff\xffK\x00tbU\x08" + struct.pack(">d", 91.5) + b"\x86R."
    with pytest.raises(InputError):  # text is no raw number ...
        unpickle(io.BytesIO(big), "test")
    raw = big.replace(b"U\x08", b"C\x08")
    assert unpickle(io.BytesIO(raw), "test") == 91.5


class _Evil:
    def __reduce__(self):
        return os.system, ("touch executed",)


class _EvilEval:
    def __reduce__(self):
        return eval, ("open('executed', 'w').close()",)


@pytest.mark.parametrize("protocol", [0, 2, 4])
@pytest.mark.parametrize("evil", [_Evil(), _EvilEval(), {"meta_archs": [_Evil()]}])
def test_a_hostile_pickle_is_refused_and_nothing_executed(evil, protocol, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="Nothing of it was executed"):
        unpickle(io.BytesIO(pickle.dumps(evil, protocol)), "evil")
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize(
    "data",
    [
        b"\x80\x04\x8e\xff\xff\xff\xff\xff\x00\x00\x00.",  # a terabyte of bytes
        b"\x80\x02X\xff\xff\xff\xffabc.",
        b"\x80\x02h\x05.",
        b"\x80\x02}K\x01a.",
        b"\x80\x02]K\x01K\x02s.",
        b"\x80\x02ccollections\nOrderedDict\n}\x92.",
        b"\x80\x02ccollections\nOrderedDict\n}X\x01\x00\x00\x00aK\x01sb.",
        b"\x80\x02K\x01)R.",
        b"\x80\x02R.",
        b"\x80\x02.",
        b"\x80\x02(K\x01(.",
        b"\x80\x02X\x01\x00\x00\x00aQ.",
        b"\x80\x63N.",
        b"",
        b"\x80",
        b"not a pickle at all, but a text",
    ],
)
def test_a_broken_pickle_is_one_line(data):
    with pytest.raises(InputError, match=r"^broken\.pth: [^\n]+$"):
        unpickle(io.BytesIO(data), "broken.pth")


def test_five_bytes_do_not_allocate_gigabytes():
    assert unpickle(io.BytesIO(b"\x80\x02Nr\xff\xff\xff\x7f."), "test") is None  # pickle.Unpickler takes 16 GB here


def test_a_pickle_cut_anywhere_is_refused():
    data = pickle.dumps({"a": [1, 2.5, "text" * 20, (3, None)], "b": np.float64(3)}, 2)
    for length in range(len(data)):
        with pytest.raises(InputError):
            unpickle(io.BytesIO(data[:length]), "cut")


def test_long_values_cross_the_window():
    thing = {"text": "x" * 3_000_000, "bytes": b"y" * 1_500_000, "numbers": [float(i) for i in range(200_000)]}
    for protocol in (2, 4):
        if protocol == 2:
            thing["bytes"] = b"z"
        data = pickle.dumps(thing, protocol)
        assert unpickle(io.BytesIO(data), "test", wanted=fetched_entries(io.BytesIO(data), "test")) == thing


def test_only_wanted_entries_are_remembered():
    inner = ["shared"]
    data = pickle.dumps([inner, ["alone"], inner], 2)
    wanted = fetched_entries(io.BytesIO(data), "test")
    assert len(wanted) == 1
    first, _, last = unpickle(io.BytesIO(data), "test", wanted=wanted)
    assert first is last


def test_a_held_class_is_a_name_and_attributes():
    holder = unpickle(
        io.BytesIO(b"\x80\x02cany.where\nThing\n)\x81}X\x01\x00\x00\x00aK\x07sb."), "test", holders={"any.where.Thing"}
    )
    assert isinstance(holder, Holder)
    assert (holder.name, holder.state) == ("any.where.Thing", {"a": 7})


@pytest.mark.parametrize("name", ["legacy", "zip", "bare", "bz2"])
def test_every_container_is_opened_at_its_pickle(name, tmp_path):
    torch = pytest.importorskip("torch")
    path, thing = tmp_path / "file.pth", {"a": [1.5, "b"], "c": np.float64(2)}
    if name in ("legacy", "zip"):
        torch.save(thing, path, _use_new_zipfile_serialization=name == "zip")
    elif name == "bare":
        path.write_bytes(pickle.dumps(thing, 4))
    else:
        import bz2

        path.write_bytes(bz2.compress(pickle.dumps(thing, 4)))
    assert is_pickle(path)
    with open_pickle(path) as file:
        assert unpickle(file, "test") == {"a": [1.5, "b"], "c": 2.0}


def test_tensors_are_refused(tmp_path):
    torch = pytest.importorskip("torch")
    torch.save({"weights": torch.zeros(3)}, tmp_path / "weights.pth")
    with pytest.raises(InputError, match=r"weights.pth"), open_pickle(tmp_path / "weights.pth") as file:
        unpickle(file, "weights.pth")


@pytest.mark.parametrize(
    ("head", "known"),
    [
        *[(bytes([0x80, protocol]) + b"N.", 2 <= protocol <= 5) for protocol in range(8)],
        (b"PK\x03\x04", True),
        (b"PK\x05\x06", False),
        (b"BZh9", True),
        (b"BZ", False),
        (b"\x80", False),
        (b"", False),
        (b"\x81\x02N.", False),
    ],
)
def test_a_pickle_is_known_by_its_first_bytes(head, known, tmp_path):
    (tmp_path / "file").write_bytes(head)
    assert is_pickle(tmp_path / "file") is known


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        (b"\x80\x02]K\x01K\x02s.", "ValueError: it sets items of something that is not a dict"),
        (b"\x80\x02h\x05.", "KeyError: 5"),
        (b"\x80\x02N", "EOFError: it ends in the middle"),
    ],
)
def test_the_line_names_the_file_and_what_broke(data, detail):
    with pytest.raises(InputError) as caught:
        unpickle(io.BytesIO(data), "x.pth")
    assert str(caught.value) == f"x.pth: can't be read ({detail}). Is the file whole and of this format?"


def test_an_error_without_words_is_named_by_its_kind():
    from nasbias.pickles import readable

    with pytest.raises(InputError) as caught, readable("x.pth"):
        raise MemoryError
    assert str(caught.value) == "x.pth: can't be read (MemoryError). Is the file whole and of this format?"


def test_the_files_name_stands_once_at_the_start_of_a_refusal():
    from nasbias.pickles import readable

    for message in ("too many", "x.pth: too many"):
        with pytest.raises(InputError) as caught, readable("x.pth"):
            raise InputError(message)
        assert str(caught.value) == "x.pth: too many"


def test_a_zip_file_must_hold_one_pickle_in_a_folder_of_its_own(tmp_path):
    import zipfile

    for names in (["data.pkl"], ["a/b/data.pkl"], ["a/data.pkl", "b/data.pkl"], ["a/other.pkl"]):
        with zipfile.ZipFile(tmp_path / "x.pth", "w") as archive:
            for name in names:
                archive.writestr(name, pickle.dumps(1))
        message = r"^x\.pth: a zip file without a data\.pkl: torch did not write it\.$"
        with pytest.raises(InputError, match=message), open_pickle(tmp_path / "x.pth"):
            pass
    with zipfile.ZipFile(tmp_path / "x.pth", "w") as archive:
        archive.writestr("any/data.pkl", pickle.dumps({"a": 1}))
    with open_pickle(tmp_path / "x.pth") as file:
        assert unpickle(file, "x.pth") == {"a": 1}


@pytest.mark.parametrize("kind", ["bz2", "zip"])
def test_a_small_file_that_swells_without_end_is_refused(tmp_path, kind, monkeypatch):
    monkeypatch.setattr("nasbias.opening._ALWAYS", 1 << 20)
    bomb = b"\x80\x02" + b"N0" * (1 << 22) + b"N."
    path = tmp_path / "bomb.pth"
    if kind == "bz2":
        path.write_bytes(bz2.compress(bomb))
    else:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("archive/data.pkl", bomb)
    with pytest.raises(InputError, match="swells to more than 1,048,576 bytes"), open_pickle(path) as file:
        unpickle(file, "bomb.pth")


def test_every_public_name_is_there():
    assert all(hasattr(pickles, name) for name in pickles.__all__)


def test_reduce_may_empty_each_dict_as_soon_as_it_is_filled():
    seen = []

    def take(filled):
        seen.append(dict(filled))
        filled.clear()

    assert unpickle(io.BytesIO(pickle.dumps([{"a": 1, "b": 2}, {"c": 3, "d": 4}], 2)), "test", reduce=take) == [{}, {}]
    assert seen == [{"a": 1, "b": 2}, {"c": 3, "d": 4}]


def test_a_file_that_is_cut_is_named_by_both_passes():
    for read in (unpickle, fetched_entries):
        with pytest.raises(InputError, match=r"^cut\.pth: can't be read"):
            read(io.BytesIO(b"\x80\x02]q"), "cut.pth")


def test_a_decompressed_stream_can_be_gone_back_in_from_either_end(tmp_path):
    (tmp_path / "x").write_bytes(bz2.compress(b"\x80\x02K\x07."))
    with open_pickle(tmp_path / "x") as file:
        assert (file.seek(-2, os.SEEK_END), file.read(), file.tell()) == (3, b"\x07.", 5)
        assert (file.seek(1), file.read(1)) == (1, b"\x02")


def test_two_bytes_are_enough_to_tell_a_bare_pickle(tmp_path):
    for head, told in ((b"\x80\x04", True), (b"\x80", False), (b"\x80\x01", False), (b"\x80\x06", False), (b"", False)):
        (tmp_path / "x").write_bytes(head)
        assert is_pickle(tmp_path / "x") == told


def test_an_entry_that_was_not_wanted_is_not_there_to_be_fetched():
    data = io.BytesIO(b"X\x01\x00\x00\x00aq\x000h\x00.")
    assert unpickle(data, "test", wanted={0}) == "a"
    data.seek(0)
    with pytest.raises(InputError, match="test: can't be read"):
        unpickle(data, "test", wanted=set())
