"""The benchmark's module hash: MD5 colours of the vertices, refined by the sorted colours of their neighbours as many
times as there are vertices (arXiv 1902.09635 and the released `hash_module`).

One cell at a time in plain Python (0.1 ms each), or thousands at once, with MD5 itself vectorised over them (RFC 1321),
which takes 0.04 ms each and pays from about 8,000 cells on.
"""

import functools
import math
from hashlib import md5

import numpy as np

_LANES = 8192  # messages hashed at once: 4,096 take 1.6 times as long each, for numpy's overhead
_CELLS = 30_000  # cells whose colours are in memory at once
_SHIFTS = ((7, 12, 17, 22), (5, 9, 14, 20), (4, 11, 16, 23), (6, 10, 15, 21))
_SINES = [int(abs(math.sin(i + 1)) * 2**32) for i in range(64)]
_START = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476)


def hash_one(matrix: np.ndarray, labels: list[int]) -> str:
    """Module hash of one cell: matrix [n, n] and operations of its interior vertices."""
    n = len(matrix)
    labels = [-1, *labels, -2]
    inward = [np.flatnonzero(matrix[:, v]).tolist() for v in range(n)]
    outward = [np.flatnonzero(matrix[v]).tolist() for v in range(n)]
    colours = [_digest(f"({len(outward[v])}, {len(inward[v])}, {labels[v]})") for v in range(n)]
    for _ in range(n):
        colours = [
            _digest(
                f"{''.join(sorted([colours[w] for w in inward[v]]))}|"
                f"{''.join(sorted([colours[w] for w in outward[v]]))}|{colours[v]}"
            )
            for v in range(n)
        ]
    return _digest(str(sorted(colours)))


def hash_many(matrices: np.ndarray, labels: np.ndarray) -> list[str]:
    """Module hashes [k] of cells of equal size: matrices [k, n, n] and interior operations [k, n - 2]."""
    found: list[str] = []
    for start in range(0, len(matrices), _CELLS):
        digests = _hash_block(matrices[start : start + _CELLS].astype(bool), labels[start : start + _CELLS])
        text = digests.tobytes().hex()
        found += [text[32 * i : 32 * i + 32] for i in range(len(digests))]
    return found


def _hash_block(matrices: np.ndarray, labels: np.ndarray) -> np.ndarray:
    k, n = matrices.shape[:2]
    indegree, outdegree = matrices.sum(axis=1), matrices.sum(axis=2)
    labels = np.concatenate([np.full((k, 1), -1), labels, np.full((k, 1), -2)], axis=1)
    key = (outdegree * 10 + indegree) * 10 + labels + 2  # three numbers below 10
    kinds, kind = np.unique(key, return_inverse=True)
    first = [_digest(f"({key // 100}, {key // 10 % 10}, {key % 10 - 2})") for key in kinds.tolist()]
    digests = np.frombuffer(bytes.fromhex("".join(first)), dtype=np.uint8).reshape(-1, 16)[kind.reshape(k, n)]
    degrees = key // 10
    groups = [np.nonzero(degrees == value) for value in np.unique(degrees)]
    for _ in range(n):
        order, colours = _order(digests), _hex(digests)
        refined = np.empty_like(digests)
        for cell, vertex in groups:
            ordered = order[cell]
            at, v = cell[:, None], vertex[:, None]
            sides = [
                colours[at, ordered[present].reshape(len(cell), -1)].reshape(len(cell), -1)
                for present in (matrices[at, ordered, v], matrices[at, v, ordered])
            ]
            bar = np.full((len(cell), 1), ord("|"), dtype=np.uint8)
            message = np.concatenate([sides[0], bar, sides[1], bar, colours[cell, vertex]], axis=1)
            refined[cell, vertex] = md5_rows(message)
        digests = refined
    ordered = np.take_along_axis(_hex(digests), _order(digests)[..., None], axis=1)
    text = np.full((k, n, 36), ord("'"), dtype=np.uint8)  # of each colour: comma, blank, quote, colour, quote
    text[:, :, :2] = np.frombuffer(b", ", dtype=np.uint8)
    text[:, :, 3:35] = ordered
    flat = text.reshape(k, -1)[:, 1:]
    closed = np.concatenate([flat, np.full((k, 1), ord("]"), dtype=np.uint8)], axis=1)
    closed[:, 0] = ord("[")
    return md5_rows(closed)


def md5_rows(messages: np.ndarray) -> np.ndarray:
    """MD5 digests [m, 16] of messages [m, length], bytes as uint8."""
    m, length = messages.shape
    blocks = (length + 8) // 64 + 1
    digests = np.empty((m, 16), dtype=np.uint8)
    for start in range(0, m, _LANES):
        part = messages[start : start + _LANES]
        padded = np.zeros((len(part), 64 * blocks), dtype=np.uint8)
        padded[:, :length] = part
        padded[:, length] = 0x80
        padded[:, -8:] = np.frombuffer((8 * length).to_bytes(8, "little"), dtype=np.uint8)
        words = np.ascontiguousarray(padded.view("<u4").T)
        state = [np.full(len(part), value, dtype=np.uint32) for value in _START]
        for block in range(blocks):
            _compress(state, words[16 * block : 16 * block + 16])
        digests[start : start + len(part)] = np.stack(state, axis=1).astype("<u4").view(np.uint8)
    return digests


def _compress(state: list[np.ndarray], words: np.ndarray) -> None:
    """One block of MD5 on every lane; `state` is updated in place."""
    a, b, c, d = (part.copy() for part in state)
    mixed, other = np.empty_like(a), np.empty_like(a)
    for i in range(64):
        turn, place = divmod(i, 16)
        if turn < 2:  # (b & c) | (~b & d), in the second turn with the roles of b and d changed
            chooser, yes, no = (b, c, d) if turn == 0 else (d, b, c)
            np.bitwise_xor(yes, no, out=mixed)
            np.bitwise_and(mixed, chooser, out=mixed)
            np.bitwise_xor(mixed, no, out=mixed)
        elif turn == 2:
            np.bitwise_xor(b, c, out=mixed)
            np.bitwise_xor(mixed, d, out=mixed)
        else:
            np.bitwise_not(d, out=mixed)
            np.bitwise_or(mixed, b, out=mixed)
            np.bitwise_xor(mixed, c, out=mixed)
        place = (place, 5 * place + 1, 3 * place + 5, 7 * place)[turn] % 16
        np.add(mixed, a, out=mixed)
        np.add(mixed, words[place], out=mixed)
        np.add(mixed, np.uint32(_SINES[i]), out=mixed)
        shift = _SHIFTS[turn][i % 4]
        np.right_shift(mixed, np.uint32(32 - shift), out=other)
        np.left_shift(mixed, np.uint32(shift), out=mixed)
        np.bitwise_or(mixed, other, out=mixed)
        np.add(mixed, b, out=a)  # the old a is used up: its memory takes the new b
        a, b, c, d = d, a, b, c
    for part, value in zip(state, (a, b, c, d)):
        np.add(part, value, out=part)


def _order(digests: np.ndarray) -> np.ndarray:
    """Order [k, n] of a cell's colours as text; 8 of 16 bytes decide, which errs with a chance of 2^-64."""
    keys = np.ascontiguousarray(digests[..., :8]).view(">u8")[..., 0].astype(np.uint64)
    return np.argsort(keys, axis=1, kind="stable")


@functools.cache
def _hex_digits() -> np.ndarray:
    return np.frombuffer(bytes(range(256)).hex().encode(), dtype=np.uint8).reshape(256, 2)


def _hex(digests: np.ndarray) -> np.ndarray:
    """Hexadecimal text [..., 32] of digests [..., 16]."""
    return _hex_digits()[digests].reshape(*digests.shape[:-1], 32)


def _digest(text: str) -> str:
    return md5(text.encode(), usedforsecurity=False).hexdigest()
