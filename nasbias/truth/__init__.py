"""Ground truth: what each architecture reaches when it is trained alone, from official files to one tidy table.

`load_truth` answers which number: of which source, dataset, budget and seed. A source is a stored name (`python -m
nasbias.truth import`), a file or folder in an official format, a table, or an API object. Every space has a module here
whose `FORMATS` it can read; a CSV or Parquet file with the columns of `tables.check_truth` works for every space.
Nothing that is read can run code.
"""

import contextlib
import dataclasses
import importlib
import importlib.util
import os
import warnings
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from nasbias.digests import DIFFERS
from nasbias.errors import InputError
from nasbias.files import data_folder, sha256
from nasbias.notices import Notice, say
from nasbias.opening import checked_path
from nasbias.spaces import get_space, list_spaces
from nasbias.tables import (
    AS_IS,
    MEASURES,
    TABLES,
    Reading,
    check_truth,
    column_of,
    list_shipped,
    measures_of,
    read_about,
    read_table,
    rename_columns,
    select_truth,
    table_ending,
    write_parquet,
)
from nasbias.truth import store
from nasbias.truth.fetch import compare_published, remedy
from nasbias.truth.formats import Format, columns_of

__all__ = [
    "Format",
    "describe_sources",
    "find_truth",
    "import_truth",
    "load_truth",
    "rank_sources",
    "read_truth",
    "remove_truth",
]

_CLAIMED = "as the file says of itself: "  # anybody can write such a file, so it is no official one
AS_GOOD = 0.95  # a truth of so large a share of the widest one's architectures counts as wide: its kind decides


def _is_tidy(columns: set[str]) -> bool:
    """Whether a table with these columns has an architecture and a measure, under any of their usual names."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Notice)  # nothing is read yet
        named = set(rename_columns(pd.DataFrame(columns=sorted(columns)), "", "epochs", AS_IS).columns)
    return "architecture" in named and not named.isdisjoint(MEASURES)


TIDY = Format(
    name="tidy",
    describes="a table of one's own; its columns are what their names say",
    recognises=lambda path: _is_tidy(columns_of(path)),
    read=read_table,
    takes_object=lambda thing: isinstance(thing, pd.DataFrame),
    read_object=lambda table: table,  # pyright: ignore[reportArgumentType]
)

_RECIPE = {"epochs": "epochs", "train_size": "examples", "resolution": "pixels a side"}  # a recipe's field -> in words

# What this project trained alone, at the size of its shipped supernets: nobody's benchmark, so last of those as wide.
SHIPPED = dataclasses.replace(
    TIDY,
    name="nasbias",
    describes="trained alone by this project, as small as its shipped supernets: no benchmark",
    licence="Apache-2.0",
    retrained=True,
)


def load_truth(
    space: str,
    source: object = None,
    dataset: str | None = None,
    epochs: int | None = None,
    seed: Literal["mean", "all"] | int = "mean",
) -> pd.DataFrame:
    """The ground truth of a space: one dataset and training budget, per seed or as the mean over seeds.

    Args:
        source: a stored name, a path (CSV, Parquet, any official file), a table, or an official API object. Default:
            of those present that hold most of the space the best: the benchmark's own files before other tables before
            a retraining before what this project trained. (`nasbias.correlate` counts the predictions instead.)
        dataset: default: the source's only one, else cifar10 (for nb201: trained on all 50,000 images, test accuracy
            only; the validation accuracies are dataset cifar10-valid), else its first.
        epochs: training budget; default: the largest that the source has.
        seed: "mean" averages over the source's seeds (`n_seeds` counts them), "all" gives each, a number that one.

    Returns:
        Columns `architecture` (canonical), `dataset`, `epochs`, `seed`, then measures: `valid_accuracy`,
        `test_accuracy` in per cent or `valid_perplexity`, `test_perplexity`; NaN where the benchmark has none. `attrs`
        says what was loaded: `name`, `format`, `describes`, `licence`, `source`.

    Raises:
        InputError: nothing present, an unknown name, a file that is not what it claims, no such dataset, budget, seed.
    """
    table, about = find_truth(space, source)
    selected = select_truth(table, dataset, epochs, seed, where=about["name"])
    selected.attrs = {key: about.get(key) for key in ("name", "format", "describes", "licence", "source")}
    return selected


def read_truth(space: str, source: object = None) -> pd.DataFrame:
    """All rows of a truth: every dataset, budget and seed. `source` and errors as in `load_truth`."""
    return find_truth(space, source)[0]


def find_truth(space: str, source: object = None) -> tuple[pd.DataFrame, dict[str, Any]]:
    """All rows of a truth and what it is: `name`, `space`, `format`, `describes`, `licence`, `source`, `sha256`, ...

    `source` and errors as in `load_truth`.
    """
    get_space(space)
    if source is None:
        return _open(_best(space))
    if isinstance(source, str):
        named = [each for each in describe_sources(space) if each["name"] == source]
        if named:
            return _open(named[0])
        if not os.path.lexists(source):
            if store.has_stored(space, source):
                return store.read_stored(space, source)  # which says what is wrong with it
            known = ", ".join(each["name"] for each in describe_sources(space)) or "none yet"
            raise InputError(f"no truth {source!r} for {space}: it is no file and no stored name. Stored: {known}.")
    if isinstance(source, (str, os.PathLike)):
        return _read_path(space, Path(source))
    return _read_object(space, source)


def import_truth(space: str, source: object, name: str, reading: Reading = AS_IS) -> dict[str, Any]:
    """Read a file, table or API object into the store under `name`; returns what is stored with it.

    Replaces a stored table of that name, but only once the new one has been read and checked.

    Args:
        reading: a table's own names of columns, and what a list of operation numbers means.

    Raises:
        InputError: an impossible name, or anything wrong with the source; the store is then as it was.
    """
    store.stored_path(space, name)
    if isinstance(source, (str, os.PathLike)):
        table, about = _read_path(space, Path(source), reading)
    else:
        table, about = _read_object(space, source, reading)
    store.write_stored(space, name, table, {**about, "name": name})
    return {**about, "name": name}


def remove_truth(name: str, space: str | None = None) -> dict[str, Any]:
    """Remove a stored truth, damaged or not; returns what it was.

    Raises:
        InputError: none of that name is stored, several spaces have one, or it comes with a package.
    """
    spaces = [each for each in (list_spaces() if space is None else [space]) if store.has_stored(each, name)]
    if len(spaces) > 1:
        raise InputError(f"{name!r} is the name of a truth in {' and '.join(spaces)}. Choose with --space.")
    if not spaces:
        if any(about["name"] == name for about in describe_sources(space)):
            raise InputError(f"{name!r} comes with an installed package and is not stored: there is nothing to remove.")
        known = ", ".join(f"{about['name']} ({about['space']})" for about in store.list_stored(space)) or "none yet"
        raise InputError(f"no truth called {name!r} is stored. Stored: {known}.")
    known = {about["name"]: about for about in store.list_stored(spaces[0])}
    removed = known.get(name, {"space": spaces[0], "name": name})
    store.remove_stored(spaces[0], name)
    return removed


def describe_sources(space: str | None = None) -> list[dict[str, Any]]:
    """What there is to load, stored or shipped by an installed package: the provenance of each (see `find_truth`)."""
    found = [{**about, "stored": True} for about in store.list_stored(space)]
    taken = {(about["space"], about["name"]) for about in found}
    for each in list_spaces() if space is None else [space]:
        for form in list_formats(each):
            path = form.installed() if form.installed else None
            if path is not None and (each, form.name) not in taken:
                found.append({**_about(each, form, path.name), "name": form.name, "path": str(path), "stored": False})
        own = f"{each.replace('-', '_')}_truth"
        for name, path in list_shipped(each).items():
            if (name == own or name.startswith(f"{own}_")) and (each, name) not in taken:
                about = _about(each, SHIPPED, path.name) | {"describes": _describe_own(path)}
                found.append({**about, "name": name, "path": str(path), "stored": False})
    return found


def _describe_own(path: Path) -> str:
    """What a shipped truth is, with the recipe that its file names: how small it is must be seen beside its numbers."""
    recipe = read_about(path).get("recipe")
    if not isinstance(recipe, dict):
        return SHIPPED.describes
    facts = [f"{recipe[name]:,} {what}" for name, what in _RECIPE.items() if isinstance(recipe.get(name), int)]
    sizes = recipe.get("network")
    facts += [f"{name} {value}" for name, value in sizes.items()] if isinstance(sizes, dict) else []
    return f"{SHIPPED.describes} ({recipe.get('dataset')}: {', '.join(facts)})"


def rank_sources(space: str) -> list[dict[str, Any]]:
    """`describe_sources` of a space, the best kind first: the benchmark's own, other tables, retrainings, our own."""
    formats = list_formats(space)
    ranks = {form.name: (form.retrained, place) for place, form in enumerate((*formats, SHIPPED))}
    return sorted(describe_sources(space), key=lambda about: ranks.get(str(about["format"]), (False, len(formats))))


def list_formats(space: str) -> tuple[Format, ...]:
    """The formats of a space's own module, in the order in which they are tried."""
    get_space(space)
    module = f"{__name__}.{space.replace('-', '_')}"
    if importlib.util.find_spec(module) is None:
        return ()
    return importlib.import_module(module).FORMATS


def _best(space: str) -> dict[str, Any]:
    """The best kind of those that hold nearly as much of the space as the widest."""
    sources = rank_sources(space)
    if not sources:
        raise InputError(f"no ground truth for {space} is here. Remedy: {remedy(space)}")
    if len(sources) == 1:
        return sources[0]
    held = [_count(about) for about in sources]
    return next(about for about, count in zip(sources, held) if count >= AS_GOOD * max(held))


def _count(about: dict[str, Any]) -> int:
    """How many architectures a source holds, its table being read where nobody counted yet."""
    if "architectures" in about:
        return about["architectures"]
    return column_of(_open(about)[0], "architecture", about["name"]).nunique()


def _open(about: dict[str, Any]) -> tuple[pd.DataFrame, dict[str, Any]]:
    if about["stored"]:
        return store.read_stored(about["space"], about["name"])
    if about["format"] == SHIPPED.name:
        table, found = _read_path(about["space"], Path(about["path"]))
        return table, {**found, **about}
    return _read_installed(about["space"], about["name"], Path(about["path"]))


def _read_installed(space: str, name: str, path: Path) -> tuple[pd.DataFrame, dict[str, Any]]:
    """A package's file takes about a second; its table is kept in the cache, from where it takes milliseconds."""
    cached = data_folder() / "cache" / f"truth-{space}-{name}-{sha256(path)[:16]}.parquet"
    if cached.is_file():
        return read_table(cached), read_about(cached)
    table, about = _read_path(space, path)
    about["name"] = name
    with contextlib.suppress(OSError, InputError):  # a folder that can't be written costs a second each time, no more
        write_parquet(table, cached, about)
    return table, about


def _read_path(space: str, path: Path, reading: Reading = AS_IS) -> tuple[pd.DataFrame, dict[str, Any]]:
    if not checked_path(path).exists():
        raise InputError(f"{path}: no such file or folder.")
    formats = (*list_formats(space), TIDY)
    try:
        form = None if reading != AS_IS else next((form for form in formats if form.recognises(path)), None)
        if form is None and table_ending(path) in TABLES and (reading != AS_IS or table_ending(path) != ".txt"):
            form = TIDY  # whose check says what is missing
        if form is None:
            known = ", ".join(form.name for form in formats)
            raise InputError(f"{path}: not recognised as ground truth of {space}. Known formats: {known}.")
        own = read_about(path) if path.suffix == ".parquet" and form is TIDY else {}
        known_unit = form is not TIDY or bool(own)  # a benchmark's reader, or nasbias itself, wrote per cent
        table = check_truth(form.read(path), space, path.name, reading, per_cent=known_unit)
        about = _about(space, form, path.name, table) | {"sha256": sha256(path) if path.is_file() else None}
        if form is not TIDY:
            about |= _compared(path, form, table)
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror or error}).") from None
    diverged = own.get("diverged")
    if diverged and isinstance(diverged, list):
        say(f"{path}: {len(diverged):,} of its trainings diverged and have no row (first: {str(diverged[0])[:300]})")
    claimed = {key: own[key] for key in ("describes", "licence") if isinstance(own.get(key), str)}
    return table, about | {key: text if text.startswith(_CLAIMED) else _CLAIMED + text for key, text in claimed.items()}


def _compared(path: Path, form: Format, table: pd.DataFrame) -> dict[str, str]:
    """Whether a file in a published form is the published one, and whole; a notice says where it is not."""
    published, missing = compare_published(path), form.what_is_missing(table)
    if missing:
        say(f"{path}: holds {missing}. Is it a part that was cut out on purpose? Else get the file again.")
    elif published.startswith(DIFFERS):
        say(f"{path}: is not the published file: it {published.partition(' ')[2].partition(' ')[2]}.")
    return {"published": published, "holds": missing or "all of it"}


def _read_object(space: str, thing: object, reading: Reading = AS_IS) -> tuple[pd.DataFrame, dict[str, Any]]:
    for form in (*list_formats(space), TIDY):
        if form.takes_object is not None and form.takes_object(thing):
            assert form.read_object is not None
            kind = type(thing).__name__
            own = getattr(thing, "attrs", {}) if isinstance(thing, pd.DataFrame) else {}
            per_cent = form is not TIDY or "describes" in own
            table = check_truth(form.read_object(thing), space, kind, reading, per_cent=per_cent)
            kept = {key: own[key] for key in ("name", "format", "describes", "licence", "source") if own.get(key)}
            return table, _about(space, form, kind, table) | kept
    raise InputError(
        f"can't read ground truth of {space} from {type(thing).__name__}: "
        f"give a stored name, a path, a table or an API object."
    )


def _about(space: str, form: Format, source: str, table: pd.DataFrame | None = None) -> dict[str, Any]:
    about: dict[str, Any] = {
        "space": space,
        "name": source,
        "format": form.name,
        "describes": form.describes,
        "licence": form.licence,
        "source": source,
    }
    if table is None:
        return about
    return about | {
        "architectures": len(set(table["architecture"])),
        "rows": len(table),
        "columns": {
            name: f"{MEASURES[name].unit or 'no unit'}, {MEASURES[name].better} is better"
            for name in measures_of(table)
        },
        "imported": datetime.now(UTC).isoformat(timespec="seconds"),
        "nasbias": version("nasbias"),
    }
