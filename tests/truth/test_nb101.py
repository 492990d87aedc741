"""NAS-Bench-101's readers: TFRecords in the official form written here, API objects, the shared one-run Parquet."""

import base64
import json
import struct
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from nasbias.errors import InputError
from nasbias.notices import Notice
from nasbias.spaces import get_space
from nasbias.tables import check_truth, choose_split, select_truth
from nasbias.truth import find_truth, load_truth
from nasbias.truth.nb101 import FORMATS, _metrics_message, _triangle

SPACE = get_space("nb101")
TFRECORD, ONE_RUN = FORMATS
BUDGETS = (4, 108)
SPLITS = ("train", "validation", "test")


def crc32c(content):
    """CRC-32C bit by bit, from its polynomial (RFC 3720): an oracle for the package and for the masking."""
    crc = 0xFFFFFFFF
    for byte in content:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def masked(content):
    crc = crc32c(content)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) % 2**32)


def frame(payload):
    length = struct.pack("<Q", len(payload))
    return length + masked(length) + payload + masked(payload)


def double(number, value):
    return bytes([number << 3 | 1]) + struct.pack("<d", value)


def varint(value):
    found = b""
    while value > 127:
        found, value = found + bytes([value & 127 | 128]), value >> 7
    return found + bytes([value])


def model_metrics(evaluations, params):
    """The protobuf wire format by hand, so that our descriptor is tested and not used."""
    found = b""
    for epoch, accuracies in evaluations:
        inner = double(1, epoch) + double(2, 10 * epoch)
        inner += b"".join(double(number, value) for number, value in enumerate(accuracies, start=3))
        path = b"/path/model.ckpt"
        inner += bytes([6 << 3 | 2]) + varint(len(path)) + path
        found += bytes([1 << 3 | 2]) + varint(len(inner)) + inner
    return found + bytes([2 << 3]) + varint(params) + double(3, 1234.5)


def record_of(cell, module_hash, epochs, evaluations, params=227_274):
    adjacency, _, tail = cell.partition(":")
    names = ["input", *filter(None, tail.split(",")), "output"]
    matrix = np.zeros((len(names), len(names)), dtype=int)
    matrix[np.triu_indices(len(names), 1)] = [int(bit) for bit in adjacency]
    encoded = base64.b64encode(model_metrics(evaluations, params)).decode()
    return json.dumps([module_hash, epochs, "".join(map(str, matrix.ravel())), ",".join(names), encoded]).encode()


@pytest.fixture
def bench():
    """{(cell, epochs): accuracies [3 repeats, start/half/end, train/validation/test] as fractions}."""
    rng = np.random.default_rng(0)
    drawn = ["1:", *SPACE.sample(6, seed=0, subset="all")]
    return {(cell, epochs): rng.uniform(0.05, 1, (3, 3, 3)) for cell in drawn for epochs in BUDGETS}


@pytest.fixture
def payloads(bench):
    hashes = dict(zip(dict.fromkeys(cell for cell, _ in bench), SPACE.hashes(list(dict.fromkeys(c for c, _ in bench)))))
    found = []
    for repeat in range(3):  # the repeats of a cell need not be neighbours
        for (cell, epochs), accuracies in bench.items():
            moments = zip((0, epochs / 2, epochs), accuracies[repeat].tolist())
            found.append(record_of(cell, hashes[cell], epochs, list(moments)))
    return found


@pytest.fixture
def file(tmp_path, payloads):
    path = tmp_path / "nasbench.tfrecord"
    path.write_bytes(b"".join(map(frame, payloads)))
    return path


def read(path):
    assert TFRECORD.recognises(path)
    return check_truth(TFRECORD.read(path), "nb101", path.name)


def test_every_number_of_a_tfrecord_comes_back_in_per_cent_and_apart(file, bench):
    truth = read(file)
    assert len(truth) == 7 * 2 * 3
    rows = truth.set_index(["architecture", "epochs", "seed"])
    for (cell, epochs), accuracies in bench.items():
        for repeat in range(3):
            row = rows.loc[cell, epochs, repeat]
            for m, moment in enumerate(("start_", "half_", "")):
                for s, split in enumerate(("train", "valid", "test")):
                    assert row[f"{moment}{split}_accuracy"] == pytest.approx(100 * accuracies[repeat, m, s], abs=1e-9)
    assert set(truth["dataset"]) == {"cifar10"}


def test_both_forms_say_what_their_numbers_are_and_give_the_columns_of_a_truth(file, shared):
    assert [form.name for form in FORMATS] == ["tfrecord", "one-run-parquet"]
    assert {form.licence for form in FORMATS} == {"Apache-2.0 (google-research/nasbench)"}
    assert "each of three runs (seed 0, 1, 2)" in TFRECORD.describes and "ONE of the three runs" in ONE_RUN.describes
    for table in (TFRECORD.read(file), ONE_RUN.read(shared / "nb101_subset_val.parquet")):
        assert table.columns.tolist()[:4] == ["architecture", "dataset", "epochs", "seed"]


def test_the_mean_over_repeats_is_that_of_the_final_validation(file, bench):
    mean = select_truth(read(file))
    assert set(mean["epochs"]) == {108}
    assert set(mean["n_seeds"]) == {3}
    assert choose_split(mean) == "valid_accuracy"
    expected = [100 * bench[cell, 108][:, 2, 1].mean() for cell in mean["architecture"]]
    assert mean["valid_accuracy"].tolist() == pytest.approx(expected)
    assert len(load_truth("nb101", file, epochs=4, seed="all")) == 21


def test_our_descriptor_reads_what_it_writes():
    message = _metrics_message()(trainable_parameters=5, total_time=1.5)
    message.evaluation_data.add(current_epoch=54.0, validation_accuracy=0.25)
    again = _metrics_message().FromString(message.SerializeToString())
    assert (again.trainable_parameters, again.evaluation_data[0].validation_accuracy) == (5, 0.25)


def test_a_file_cut_anywhere_is_refused(file, payloads):
    whole = file.read_bytes()
    for length in (len(whole) - 1, len(whole) - 5, len(whole) // 2, len(frame(payloads[0])) + 7):
        file.write_bytes(whole[:length])
        with pytest.raises(InputError, match=r"record \d+ \(at byte [\d,]+\) is cut off.*Download it again"):
            read(file)


def test_any_flipped_bit_is_found(file, payloads):
    whole = bytearray(file.read_bytes())
    start = len(frame(payloads[0]))  # of the second record
    for offset, part in (
        (2, "length"),
        (8, "length"),
        (12, "content"),
        (200, "content"),
        (len(frame(payloads[1])) - 1, "content"),
    ):
        damaged = whole.copy()
        damaged[start + offset] ^= 1 << 3
        file.write_bytes(damaged)
        with pytest.raises(InputError, match=rf"record 1 \(at byte {start:,}\): the checksum of its {part}"):
            read(file)


def test_a_hash_that_is_not_the_cells_is_refused(file, payloads):
    fields = json.loads(payloads[0])
    fields[0] = "0" * 32
    wrong = json.dumps(fields).encode()
    file.write_bytes(frame(wrong))
    with pytest.raises(
        InputError, match=r"1 of 1 module hashes are unknown or another cell's \(first: '0{32}' at '1:'"
    ):
        read(file)
    file.write_bytes(b"".join(map(frame, [*payloads, payloads[1].replace(fields[0].encode(), b"x")])))
    other = json.loads(payloads[2])
    file.write_bytes(frame(payloads[0]) + frame(json.dumps([json.loads(payloads[0])[0], *other[1:]]).encode()))
    with pytest.raises(InputError, match="names two cells"):
        read(file)


@pytest.mark.parametrize(
    "payload",
    [
        b"not JSON",
        b"[1, 2]",
        b"\xff\xfe",
        json.dumps(["a" * 32, 108, "0100", "input,output", "AAAA"]).encode(),  # no evaluations
        json.dumps(["a" * 32, 108, "0110", "input,output", ""]).encode(),  # an edge backwards
    ],
)
def test_a_record_of_another_kind_is_refused_in_one_line(file, payloads, payload):
    file.write_bytes(frame(payloads[0]) + frame(payload))
    with pytest.raises(InputError, match="record 1 is not one of NAS-Bench-101") as caught:
        read(file)
    assert "\n" not in str(caught.value)


def test_other_files_are_not_taken_for_tfrecords(tmp_path):
    for content in (b"", b"PK\x03\x04" + bytes(100), b"architecture,accuracy\n1:,2\n"):
        path = tmp_path / "file.tfrecord"
        path.write_bytes(content)
        assert not TFRECORD.recognises(path)
    assert not TFRECORD.recognises(tmp_path)


def test_an_api_object_gives_the_table_of_the_file(file, payloads, bench):
    assert TFRECORD.takes_object is not None and TFRECORD.read_object is not None
    fixed, computed = {}, {}
    for payload in payloads:
        module_hash, epochs, digits, operations, _ = json.loads(payload)
        n = len(operations.split(","))
        matrix = np.array(list(digits), dtype=int).reshape(n, n)
        fixed[module_hash] = {"module_adjacency": matrix, "module_operations": operations.split(",")}
        cell = SPACE.parse((matrix, operations.split(",")))
        runs = computed.setdefault(module_hash, {}).setdefault(epochs, [])
        accuracies = bench[cell, epochs][len(runs)]
        names = [(moment, split) for moment in ("halfway", "final") for split in SPLITS]
        runs.append({f"{m}_{s}_accuracy": accuracies[1 + (m == "final"), SPLITS.index(s)] for m, s in names})
    api = SimpleNamespace(fixed_statistics=fixed, computed_statistics=computed)
    assert TFRECORD.takes_object(api)
    assert not TFRECORD.takes_object(SimpleNamespace(fixed_statistics=1))
    table = check_truth(TFRECORD.read_object(api), "nb101", "api")
    keys = ["architecture", "epochs", "seed"]
    ours = read(file).sort_values(keys, ignore_index=True)
    pd.testing.assert_frame_equal(table.sort_values(keys, ignore_index=True), ours[list(table.columns)])
    assert len(load_truth("nb101", api)) == 7
    del next(iter(computed.values()))[108][0]["final_test_accuracy"]
    with pytest.raises(InputError, match="final_test_accuracy"):
        TFRECORD.read_object(api)


def test_the_shared_sample_is_one_run_at_four_budgets(shared):
    path = shared / "nb101_subset_val.parquet"
    assert ONE_RUN.recognises(path)
    truth = check_truth(ONE_RUN.read(path), "nb101", path.name)
    assert truth.groupby("epochs").size().to_dict() == dict.fromkeys((4, 12, 36, 108), 25_001)
    assert set(truth["seed"]) == {0}
    final = select_truth(truth)
    assert set(final["epochs"]) == {108}
    assert final["valid_accuracy"].max() == pytest.approx(94.9119, abs=1e-4)


def test_a_table_with_hashes_or_with_accuracies_alone_is_not_the_one_run_form(tmp_path):
    whole = {"module_hash": ["a"], "adjacency": ["01"], "ops": ["input"], "val_acc_108": [0.9]}
    path = tmp_path / "sample.parquet"
    for left_out in (*whole, None):
        pd.DataFrame({name: value for name, value in whole.items() if name != left_out}).to_parquet(path)
        assert ONE_RUN.recognises(path) == (left_out is None)


@pytest.mark.parametrize("matrix", ["0110", "010", "1000", "0001", "01000"])
def test_a_matrix_that_is_not_square_or_has_an_edge_backwards_is_refused(matrix):
    assert (_triangle("0100"), _triangle("011001000")) == ("1", "111")
    with pytest.raises(ValueError, match="not an upper triangular matrix"):
        _triangle(matrix)


def test_the_one_run_form_with_a_wrong_or_repeated_hash_is_refused(tmp_path):
    cell = SPACE.sample(2, seed=0)
    adjacency, ops = zip(*(text.split(":") for text in cell))
    rows = pd.DataFrame(
        {"module_hash": SPACE.hashes(cell), "adjacency": adjacency, "ops": ops, "val_acc_108": [0.9, 0.8]}
    )
    path = tmp_path / "sample.parquet"
    rows.to_parquet(path)
    assert load_truth("nb101", path)["valid_accuracy"].tolist() == pytest.approx([90, 80])
    rows.assign(module_hash=rows["module_hash"][::-1].to_numpy()).to_parquet(path)
    with pytest.raises(InputError, match="2 of 2 module hashes"):
        load_truth("nb101", path)
    pd.concat([rows, rows]).to_parquet(path)
    with pytest.raises(InputError, match=r"2 row\(s\) repeat a module hash"):
        load_truth("nb101", path)
    rows.rename(columns={"val_acc_108": "val_acc_final"}).to_parquet(path)
    with pytest.raises(InputError, match="names no number of epochs"):
        load_truth("nb101", path)


def test_predictions_for_isomorphic_labelled_cells_meet_one_truth_row(shared):
    truth = load_truth("nb101", shared / "nb101_subset_val.parquet")
    study = SPACE.members("study")
    known = set(SPACE.truth_keys(truth["architecture"].tolist()))
    keys = SPACE.truth_keys(study)
    joined = pd.Series(keys)[[key in known for key in keys]]
    assert joined.duplicated().any()
    assert joined.nunique() == 2_571


def test_a_file_cut_at_the_border_of_a_record_says_how_much_it_has_of_the_whole(file):
    path = file.rename(file.with_name("nasbench_only108.tfrecord"))
    with pytest.warns(Notice, match=r"holds 7 of the 423,624 architectures. Is it a part that was cut out"):
        about = find_truth("nb101", path)[1]
    assert about["holds"] == "7 of the 423,624 architectures"
    assert about["published"].startswith(
        "differs: nasbench_only108.tfrecord has another SHA-256 than was published (4c39"
    )


def test_whole_architectures_with_a_run_too_few_are_not_all_of_it():
    (form,) = [form for form in FORMATS if form.name == "tfrecord"]
    whole = pd.DataFrame({"architecture": np.repeat(np.arange(423_624), 3)})
    assert form.what_is_missing(whole) == ""
    cut = form.what_is_missing(whole.iloc[:-1])
    assert cut == "1,270,871 rows where whole files have 1,270,872 or 5,083,488"
