"""A file that knows its own digest."""

import random
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as some

from nasbias.errors import InputError
from nasbias.seals import blank_seal, check_seal, seal
from nasbias.tables import read_about, read_table, write_parquet

FLIPS = 1000
TABLE = pd.DataFrame(
    {
        "architecture": [f"{i:03b}" for i in range(300)],
        "accuracy": np.random.default_rng(0).normal(50, 9, 300).round(1),
        "seed": pd.array([None, *range(299)], dtype="Int64"),
    }
)


def sealed(path: Path, before: bytes, after: bytes) -> bytes:
    path.write_bytes(before + blank_seal().encode() + after)
    seal(path)
    return path.read_bytes()


@given(some.binary(max_size=200), some.binary(max_size=200), some.data())
def test_any_flipped_bit_of_the_content_is_found(tmp_path_factory, before, after, data):
    content = bytearray(sealed(tmp_path_factory.mktemp("seal") / "x", before, after))
    check_seal(bytes(content), "x")
    at = data.draw(some.integers(0, len(before) + len(after) - 1)) if before + after else None
    if at is not None:
        content[at if at < len(before) else at + len(blank_seal())] ^= 1 << data.draw(some.integers(0, 7))
        with pytest.raises(InputError, match="x: is damaged"):
            check_seal(bytes(content), "x")


def test_a_file_without_a_seal_is_read_as_it_is():
    check_seal(b"anything", "x")
    check_seal(b"nasbias-sha256: is a word of its text", "x")


def test_a_seal_among_the_content_does_no_harm(tmp_path):
    content = sealed(tmp_path / "inner", b"a", b"b")
    check_seal(sealed(tmp_path / "outer", content.replace(b"a", b"A"), b""), "outer")


def test_every_flip_in_a_stored_table_is_refused_or_changes_nothing(tmp_path):
    path, rng, changed = tmp_path / "t.parquet", random.Random(0), []
    write_parquet(TABLE, path, {"space": "nb201"})
    content, refused = path.read_bytes(), 0
    for _ in range(FLIPS):
        damaged = bytearray(content)
        at = rng.randrange(8 * len(content))
        damaged[at // 8] ^= 1 << at % 8
        path.write_bytes(damaged)
        try:
            if not read_table(path).equals(TABLE):
                changed.append(at)
        except InputError:
            refused += 1
    assert not changed
    assert refused > 0.95 * FLIPS  # what is left hit the seal's own name


def test_a_table_cut_anywhere_is_refused(tmp_path):
    path = tmp_path / "t.parquet"
    write_parquet(TABLE, path, {})
    content = path.read_bytes()
    for size in range(0, len(content), 37):
        path.write_bytes(content[:size])
        with pytest.raises(InputError):
            read_table(path)


def test_a_table_of_a_later_form_is_refused_with_the_remedy(tmp_path):
    path, arrow = tmp_path / "t.parquet", pq.ParquetWriter
    write_parquet(TABLE, path, {"space": "nb201"})
    table = pq.read_table(path)
    with arrow(path, table.schema) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata({"nasbias.version": "2"})
    for read in (read_table, read_about):
        with pytest.raises(InputError, match="a later nasbias writes.*Update it"):
            read(path)


@pytest.mark.parametrize("about", [b"[1]", b"{", b"[" * 100_000, b"\xff"])
def test_an_origin_that_is_no_mapping_is_refused(tmp_path, about):
    path = tmp_path / "t.parquet"
    TABLE.to_parquet(path)
    table = pq.read_table(path)
    pq.write_table(table.replace_schema_metadata({**(table.schema.metadata or {}), b"nasbias": about}), path)
    for read in (read_table, read_about):
        with pytest.raises(InputError):
            read(path)


def test_a_table_that_claims_more_than_any_memory_holds_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "t.parquet"
    write_parquet(TABLE, path, {})
    monkeypatch.setattr("nasbias.tables.files._MOST_CELLS", 800)
    with pytest.raises(InputError, match="claims 300 rows of 3 columns"):
        read_table(path)


def test_every_shipped_table_is_sealed_and_whole():
    for path in sorted((Path(__file__).parents[1] / "data").glob("*.parquet")):
        assert b"nasbias-sha256:" in path.read_bytes(), path
        read_table(path)
