"""Tables in files: CSV and its kin, JSON and Parquet, gzipped or not; what nasbias writes knows its origin."""

import io
import json
import os
import re
import zlib
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from nasbias.errors import InputError
from nasbias.files import written_atomically
from nasbias.forms import FORM, check_form
from nasbias.opening import checked_path, opened
from nasbias.seals import blank_seal, check_seal, seal
from nasbias.tables.columns import column_of, is_usual
from nasbias.tables.foreign import PICKLES, read_pickled, unnest
from nasbias.tables.values import is_number

_MOST_CELLS = 200_000_000  # of a Parquet table: a small file can claim any number
TABLES = (".csv", ".tsv", ".txt", ".json", ".jsonl", ".parquet")
_BROKEN = (
    pa.ArrowException,
    pd.errors.ParserError,
    pd.errors.EmptyDataError,
    OSError,
    EOFError,
    ValueError,
    zlib.error,
    MemoryError,
)


def table_ending(path: str | os.PathLike) -> str:
    """The ending that says how a table is written, `.gz` looked through: `.csv` of `mine.csv.gz`."""
    path = Path(path)
    return Path(path.stem).suffix.lower() if path.suffix.lower() == ".gz" else path.suffix.lower()


def read_table(path: str | os.PathLike) -> pd.DataFrame:
    """A table as its file has it: .parquet, .csv, .tsv, .txt, .json, .jsonl, each also with .gz.

    Text: the separator is the one its header has (`;`, tab, comma; in .txt also blanks); decimal commas are read where
    the separator is not a comma. JSON: records, a mapping from columns to lists, or from architectures to scores; so
    also without an ending, and in a pickle (.pkl, .pickle), which is read without running it. `tables.foreign`: what
    other projects write.

    Raises:
        InputError: missing, unreadable, truncated or of another ending.
    """
    path = checked_path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file.")
    ending = table_ending(path)
    if ending not in (*TABLES, *PICKLES, ""):
        raise _unknown_format(path, ending)
    try:
        with opened(path) as file:
            content = file.read()
        if ending in PICKLES:
            return _from_content(read_pickled(io.BytesIO(content), str(path)))
        if not ending:  # few-shot-NAS writes JSON without one
            if content.lstrip()[:1] not in (b"{", b"["):
                raise _unknown_format(path, ending)
            ending = ".json"
        if ending == ".parquet":
            return _from_parquet(content, str(path))
        text = content.decode("utf-8-sig")
        if ending in (".json", ".jsonl"):
            return _from_json(text, lines=ending == ".jsonl")
        return _from_text(text, blanks=ending == ".txt")
    except InputError:
        raise
    except (*_BROKEN, RecursionError) as error:
        raise InputError(f"{path}: can't be read as {ending[1:] or 'a table'} ({error}). Is the file whole?") from None


def _unknown_format(path: Path, ending: str) -> InputError:
    return InputError(
        f"{path}: unknown format {ending or 'without an ending'!r}. Give {', '.join(TABLES)}, each also with .gz."
    )


def read_columns(path: Path) -> set[str]:
    """Column names of a table, read from the head of a Parquet file or text; none of JSON or of what is broken."""
    try:
        ending = table_ending(path)
        if ending == ".parquet" and path.suffix.lower() != ".gz":
            return set(pq.read_schema(path).names)
        if ending in (".csv", ".tsv", ".txt"):
            with opened(path) as file:
                head = file.readline(1_000_000).decode("utf-8-sig")
            return set(_from_text(head, blanks=ending == ".txt").columns)
    except _BROKEN:
        pass
    return set()


def _from_parquet(content: bytes, where: str) -> pd.DataFrame:
    check_seal(content, where)
    meta = pq.read_metadata(io.BytesIO(content))
    if meta.num_rows * meta.num_columns > _MOST_CELLS:
        raise InputError(f"{where}: claims {meta.num_rows:,} rows of {meta.num_columns:,} columns, too many to read.")
    _about_of(meta.metadata or {}, where)
    try:
        return pd.read_parquet(io.BytesIO(content), page_checksum_verification=True)
    except (LookupError, TypeError, AttributeError) as error:  # pandas believes what the file says of its columns
        raise InputError(
            f"{where}: what it says of its columns is damaged ({type(error).__name__}: {error}). Is the file whole?"
        ) from None


def _from_text(text: str, blanks: bool) -> pd.DataFrame:
    header = text.lstrip().split("\n", 1)[0]
    outside = re.sub(r'"[^"]*"', "", header)
    separator = max((",", ";", "\t"), key=outside.count)
    if not outside.count(separator):
        separator = r"\s+" if blanks else ","
    decimal = "." if separator == "," or not _has_decimal_commas(text, separator) else ","
    return pd.read_csv(io.StringIO(text), sep=separator, decimal=decimal)


def _has_decimal_commas(text: str, separator: str) -> bool:
    """Whether a cell reads 91,2 and none reads 91.2, among the first thousand lines."""
    lines = text.split("\n", 1_001)[1:1_001]
    split = re.split if separator == r"\s+" else lambda by, line: line.split(by)
    cells = [cell.strip().strip('"').rstrip("% ") for line in lines for cell in split(separator, line)]
    points = any(re.fullmatch(r"[+-]?\d+\.\d+", cell) for cell in cells)
    return not points and any(re.fullmatch(r"[+-]?\d+,\d+", cell) for cell in cells)


def _from_json(text: str, lines: bool) -> pd.DataFrame:
    if lines:
        table = pd.DataFrame([_record(_decoded(line)) for line in text.splitlines() if line.strip()])
    else:
        table = _from_content(unnest(_decoded(text)))
    _refuse_quoted(table)
    return table


def _refuse_quoted(table: pd.DataFrame) -> None:
    """JSON has numbers: one in quotes is a name, or what went wrong where it was written."""
    for name in table.columns:
        if name != "score" and (not is_usual(name) or is_usual(name, "architecture")):
            continue
        for value in column_of(table, name, "it").tolist():
            if isinstance(value, str) and is_number(value):
                raise ValueError(f"{name} {value!r} is text; a number has no quotes in JSON")


def _from_content(content: Any) -> pd.DataFrame:
    """Records, a mapping from columns to lists, or from architectures to scores."""
    if isinstance(content, list):
        return pd.DataFrame([_record(each) for each in content])
    if not isinstance(content, dict) or not content:
        raise ValueError("neither records nor a mapping from architectures to scores")
    values = list(content.values())
    if all(isinstance(value, list) for value in values):
        return pd.DataFrame(content)
    return from_mapping(content)


def from_mapping(content: dict[Any, Any]) -> pd.DataFrame:
    """The table of {architecture: score} (its column is called `score`), of {architecture: {score: value}}, or of
    {column: {row: value}}, as a frame writes itself: known by a column's usual name among the keys.

    Raises:
        ValueError: some values are mappings and some are not, or one is a list.
    """
    nested = [isinstance(value, dict) for value in content.values()]
    if (any(nested) and not all(nested)) or any(isinstance(value, (list, tuple)) for value in content.values()):
        raise ValueError("the values of a mapping from architectures must all be numbers, or all be mappings")
    names = list(content)
    if all(nested) and any(is_usual(name) for name in names):
        table = pd.DataFrame(content)
        return table.reset_index(drop=True) if any(is_usual(name, "architecture") for name in names) else table
    if all(nested) and nested:
        return pd.DataFrame([{"architecture": name, **value} for name, value in content.items()])
    return pd.DataFrame({"architecture": names, "score": list(content.values())})


def _record(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"a record is a mapping from columns to values, not {str(value)[:40]}")
    return value


def _decoded(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_once)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A mapping whose keys are there once: json would keep the last of equal ones in silence."""
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in mapping if names.count(name) > 1)
        raise ValueError(f"{twice!r} is there twice")
    return mapping


def write_parquet(table: pd.DataFrame, path: str | os.PathLike, about: dict[str, Any]) -> None:
    """Write a table with `about` (provenance, JSON-able) and a seal (`nasbias.seals`) in the file's own metadata."""
    arrow = pa.Table.from_pandas(table, preserve_index=False)
    arrow = arrow.replace_schema_metadata({**(arrow.schema.metadata or {}), b"nasbias": json.dumps(about).encode()})
    with written_atomically(path) as temporary:
        # a file and not its path, which Arrow takes only where it is UTF-8
        with temporary.open("wb") as file, pq.ParquetWriter(file, arrow.schema, compression="zstd") as writer:
            writer.write_table(arrow)
            writer.add_key_value_metadata({"nasbias.seal": blank_seal(), "nasbias.version": str(FORM)})
        seal(temporary)


def read_about(path: str | os.PathLike) -> dict[str, Any]:
    """The provenance that `write_parquet` stored; empty for a file from elsewhere.

    Raises:
        InputError: not a Parquet file, or one of a later version of nasbias.
    """
    try:
        with checked_path(path).open("rb") as file:
            metadata = pq.read_metadata(file).metadata or {}
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{path}: can't be read as parquet ({error}). Is the file whole?") from None
    return _about_of(metadata, str(path))


def _about_of(metadata: dict[bytes, bytes], where: str) -> dict[str, Any]:
    check_form(metadata.get(b"nasbias.version"), where)
    try:
        about = json.loads(metadata.get(b"nasbias", b"{}"))
    except (ValueError, RecursionError):
        about = None
    if not isinstance(about, dict):
        raise InputError(f"{where}: what it says about its origin can't be read. Take a copy, or make it once more.")
    return about
