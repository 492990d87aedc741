"""Published digests, compared with the files that are here, also with those that somebody put there by hand.

    compare_digests([path], {"nasbench_only108.tfrecord": "4c39c393..."})  # "matched: the published SHA-256 of ..."

A digest is an MD5 or a SHA-256, told apart by its length; one of fewer than 32 digits is the end of an MD5, as
NAS-Bench-201's files have it in their names.
"""

import functools
import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

MATCHED, DIFFERS, UNKNOWN = "matched", "differs", "unknown"  # how an answer begins
_MD5, _SHA256 = 32, 64  # hexadecimal digits


def compare_digests(paths: Iterable[Path], published: Mapping[str, str]) -> str:
    """Whether files are those that were published, in a line that begins with `matched`, `differs` or `unknown`.

    A file whose name is a published one is held against the digest of that name, any other against all of them. Files
    that nobody published a digest of decide nothing where there are others.

    Args:
        published: digests in hexadecimal, by file name.
    """
    matched, differing = [], []
    for path in sorted(paths):
        digest, own = published.get(path.name), functools.cache(functools.partial(_digest, path))
        if digest is not None:
            (matched if own(_kind(digest)).endswith(digest) else differing).append((path.name, digest))
        else:
            whole = [each for each in published.items() if len(each[1]) >= _MD5]
            matched.extend([each for each in whole if own(_kind(each[1])) == each[1]][:1])
    if differing:
        name, digest = differing[0]
        return f"{DIFFERS}: {name} has another {_kind(digest)} than was published ({digest})"
    if matched:
        return f"{MATCHED}: the published {_kind(matched[0][1])} of {', '.join(name for name, _ in matched)}"
    return f"{UNKNOWN}: no digest of it was published that we know of"


def _kind(digest: str) -> str:
    return "SHA-256" if len(digest) == _SHA256 else "MD5"


def _digest(path: Path, kind: str) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, kind.replace("-", "")).hexdigest()
