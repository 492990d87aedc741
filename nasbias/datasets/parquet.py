"""Parquet files of encoded images: one file, or a folder of train and test files as Hugging Face has it.

The image column holds JPEG, PNG or WebP bytes, plain or as struct {bytes, path}; the label column is `label`,
`fine_label` or `labels`. One file may hold both splits, told apart by a column `split` (train, test); in a folder the
word train or test in a file's or subfolder's name tells (`train-00000-of-00001.parquet`, `test/0000.parquet`). Class
names come from the Hugging Face metadata where they are there. Without a test split the test tensors are empty.
"""

import io
import json
import re
import struct
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from nasbias.datasets._decoded import Decoded, assemble
from nasbias.errors import InputError, missing_extra
from nasbias.progress import progress

if TYPE_CHECKING:
    from PIL import Image

DESCRIBES = "Parquet of encoded images (one file with a column split, or a folder of train-*.parquet, test-*.parquet)"
IMAGE_COLUMNS = ("image", "img", "jpeg", "png")
LABEL_COLUMNS = ("label", "fine_label", "labels")
MAX_CLASSES = 100_000
MAX_SIDE = 512  # nothing here trains on more; guards against a small file that unpacks to gigabytes


def recognises(path: Path) -> bool:
    return path.suffix == ".parquet" if path.is_file() else bool(_files(path))


def read(path: Path) -> Decoded:
    """All images, files in order of name, rows in the file's order.

    Raises:
        InputError: unreadable Parquet, no image or label column, an unknown split, a broken image, mixed sizes.
    """
    if path.is_file():
        table = _read_table(path)
        test = _is_test(table, path)
        tables = {"train": table.filter(pa.array(~test)), "test": table.filter(pa.array(test))}
    else:
        tables = {
            split: _concatenate([_read_table(file) for file in _files(path) if _is_named(split, file, path)], path)
            for split in ("train", "test")
        }
        if tables["train"] is None:
            raise InputError(f"{path}: no train-*.parquet in this folder. Name files train-*.parquet, test-*.parquet.")
    pixels: dict[str, np.ndarray] = {}
    labels: dict[str, np.ndarray] = {}
    for split, table in tables.items():
        if table is None or not len(table):
            pixels[split], labels[split] = np.zeros((0, 1, 1, 1), np.uint8), np.zeros(0, np.int64)
            continue
        labels[split] = _labels(table, path)
        pixels[split] = _decode_all(_encoded(table, path), f"{path.name} {split}", str(path))
    train = tables["train"]
    names = _class_names(train) if train is not None else ()
    if not names:
        highest = max((int(y.max()) for y in labels.values() if len(y)), default=0)
        names = tuple(str(number) for number in range(highest + 1))
    name = path.stem if path.is_file() else path.name
    return assemble(name, names, (pixels["train"], labels["train"]), (pixels["test"], labels["test"]), str(path))


def _files(folder: Path) -> list[Path]:
    """The Parquet files in a folder or up to two levels down, in order of name."""
    return sorted(file for depth in ("", "*/", "*/*/") for file in folder.glob(f"{depth}*.parquet"))


def _is_named(split: str, file: Path, folder: Path) -> bool:
    """Whether `split` is a word in the file's name or in that of a subfolder it lies in."""
    return split in re.split(r"[^a-z]+", str(file.relative_to(folder)).lower())


def _read_table(path: Path) -> pa.Table:
    try:
        schema = pq.read_schema(path)
        image, label = _image_column(schema, path), _label_column(schema, path)
        wanted = [image, label, *(["split"] if "split" in schema.names else [])]
        table = pq.read_table(path, columns=wanted)
        table.validate(full=True)  # text that is none, offsets beyond the end
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: can't be read as parquet ({error}). Is the file whole?") from None
    # Renaming drops the metadata, where the class names are.
    return table.rename_columns(["image", "label", *wanted[2:]]).replace_schema_metadata(schema.metadata)


def _concatenate(tables: list[pa.Table], path: Path) -> pa.Table | None:
    if not tables:
        return None
    try:
        return pa.concat_tables(tables)
    except pa.ArrowException as error:
        raise InputError(f"{path}: the files of one split have different columns ({error}).") from None


def _image_column(schema: pa.Schema, path: Path) -> str:
    def holds_bytes(kind: pa.DataType) -> bool:
        if pa.types.is_struct(kind):
            return kind.get_field_index("bytes") >= 0
        return pa.types.is_binary(kind) or pa.types.is_large_binary(kind)

    found = [field.name for field in schema if holds_bytes(field.type)]
    named = [name for name in IMAGE_COLUMNS if name in found]
    if not (named or len(found) == 1):
        raise InputError(
            f"{path}: no column of encoded images among {', '.join(schema.names)}. Name one 'image', holding bytes."
        )
    return (named or found)[0]


def _label_column(schema: pa.Schema, path: Path) -> str:
    for name in LABEL_COLUMNS:
        if name in schema.names and pa.types.is_integer(schema.field(name).type):
            return name
    raise InputError(
        f"{path}: no whole-number label column among {', '.join(schema.names)}. Name one of {', '.join(LABEL_COLUMNS)}."
    )


def _is_test(table: pa.Table, path: Path) -> np.ndarray:
    if "split" not in table.column_names:
        return np.zeros(len(table), bool)
    splits = np.asarray(table["split"].to_pylist(), dtype=object)
    unknown = sorted({str(split) for split in splits} - {"train", "test"})
    if unknown:
        raise InputError(f"{path}: column 'split' holds {unknown[0]!r}; only train and test are known.")
    return splits == "test"


def _labels(table: pa.Table, path: Path) -> np.ndarray:
    if table["label"].null_count:
        raise InputError(f"{path}: {table['label'].null_count:,} image(s) have no label. Remove those rows.")
    labels = table["label"].to_numpy()
    if not 0 <= labels.min() <= labels.max() < MAX_CLASSES:
        wrong = labels.min() if labels.min() < 0 else labels.max()
        raise InputError(f"{path}: a label is {wrong}; it must lie in 0 to {MAX_CLASSES - 1:,}.")
    return labels.astype(np.int64)


def _encoded(table: pa.Table, path: Path) -> list[bytes]:
    column = table["image"]
    if pa.types.is_struct(column.type):
        column = pa.chunked_array([chunk.field("bytes") for chunk in column.chunks])
    if column.null_count:
        raise InputError(f"{path}: {column.null_count:,} row(s) hold no image bytes. Remove those rows.")
    return column.to_pylist()


def _decode_all(encoded: list[bytes], description: str, where: str) -> np.ndarray:
    """uint8 [n, channels, height, width]; gray where the first image is gray, else RGB."""
    result = np.zeros(0)
    mode, size = "", (0, 0)
    rows: Iterable = progress(enumerate(encoded), f"decoding {description}", total=len(encoded))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # odd EXIF blocks and the like: the pixels decide
        for row, data in rows:
            with _opened(data, f"{where}: image {row}") as image:
                if row == 0:
                    size, mode = _size_of(image, where), "L" if image.mode in ("1", "L") else "RGB"
                    result = np.empty((len(encoded), size[1], size[0], len(mode)), np.uint8)
                if image.size != size:
                    raise InputError(
                        f"{where}: image {row} is {image.size[0]}x{image.size[1]}, the first {size[0]}x{size[1]}. "
                        f"Make all images one size."
                    )
                result[row] = np.asarray(image.convert(mode)).reshape(result.shape[1:])
    return result.transpose(0, 3, 1, 2)


def _size_of(image: "Image.Image", where: str) -> tuple[int, int]:
    if max(image.size) > MAX_SIDE:
        raise InputError(f"{where}: images are {image.size[0]}x{image.size[1]}; at most {MAX_SIDE} a side are read.")
    return image.size


@contextmanager
def _opened(data: bytes, which: str) -> "Iterator[Image.Image]":
    """An encoded image; what is wrong with it, also while it is decoded, becomes one line."""
    try:
        from PIL import Image
    except ImportError:
        raise missing_extra("pillow", "train") from None
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "WEBP")) as image:
            yield image
    except InputError:
        raise
    except (OSError, SyntaxError, ValueError, struct.error, Image.DecompressionBombError) as error:
        raise InputError(f"{which} can't be decoded ({error}).") from None


def _class_names(table: pa.Table) -> tuple[str, ...]:
    """The names in Hugging Face's metadata, or none."""
    try:
        features = json.loads((table.schema.metadata or {})[b"huggingface"])["info"]["features"]
        for name in LABEL_COLUMNS:
            if name in features and "names" in features[name]:
                names = features[name]["names"]
                return tuple(str(value) for value in (names.values() if isinstance(names, dict) else names))
    except (KeyError, RecursionError, TypeError, ValueError):
        pass
    return ()
