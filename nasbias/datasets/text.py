"""Text as three tensors of word numbers on one device, and its cutting into batches for truncated backpropagation.

    text = load_text("~/ptb", vocabulary=10_000, device="cuda")
    for inputs, targets in windows(columns(text.train, 256), 35, generator):
        ...  # int64 [time, batch] each, targets one word ahead

A folder with one text per split is taken as it is, as Penn Treebank comes: words between blanks, one <eos> after every
line, <unk> a word like any other. A single file, and the embedded default - the language reference that Python's own
help() shows, 0.4 MB of English in `pydoc_data.topics` - are raw: lower-cased, punctuation apart, numbers read N.
"""

import hashlib
import importlib
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from nasbias.errors import InputError, unknown
from nasbias.opening import checked_path, home, opened

SPLITS = ("train", "valid", "test")
EOS, UNK = "<eos>", "<unk>"
EMBEDDED = "pydoc"
_ENDINGS = (".txt", ".tokens", ".raw")
_RAW_TOKEN = re.compile(r"<unk>|<eos>|(?P<number>\d+(?:[.,]\d+)*)|[^\W\d]\w*|(?P<mark>[^\w\s])(?P=mark)*")
_BLOCK = 20  # lines of a raw text that stay together when it is split


@dataclass(frozen=True)
class Text:
    """Training, validation and test text: int64 [words] each, numbers into `vocabulary`."""

    name: str
    vocabulary: tuple[str, ...]  # <eos>, <unk>, then the most frequent words of the training text, most frequent first
    train: torch.Tensor
    valid: torch.Tensor
    test: torch.Tensor
    fingerprint: str  # SHA-256 of the words of all splits

    @property
    def device(self) -> torch.device:
        return self.train.device


def load_text(
    name_or_path: str | Path = EMBEDDED, *, vocabulary: int | None = 10_000, device: str | torch.device = "cpu"
) -> Text:
    """A text with its splits, on the device.

    Args:
        name_or_path: "pydoc" (embedded), a folder that holds one file per split (train.txt, valid.txt, test.txt; also
            ptb.train.txt, wiki.train.tokens and the like, also .gz), or one raw text file (.txt or .txt.gz), of which
            every ninth and tenth block of 20 lines become validation and test text.
        vocabulary: how many different words to tell apart, <eos> and <unk> included: the most frequent of the training
            text, ties alphabetically; all others read <unk>. 10,000 is Penn Treebank's own size. None: no limit. Where
            the training text has no <unk> of its own, words that occur in it only once read <unk>: it must be learnt.
        device: where the tensors live.

    Raises:
        InputError: unknown name, missing, damaged, empty or too short text, a vocabulary under 3, a device that fails.
    """
    if vocabulary is not None and vocabulary < 3:
        raise InputError(f"vocabulary is {vocabulary}, but <eos>, <unk> and one word are the least there can be.")
    name, words = _read(name_or_path)
    for split in SPLITS:
        if all(word == EOS for word in words[split]):
            raise InputError(f"{name}: the {split} text is empty. A language model needs words to learn and to score.")
    counts = Counter(words["train"])
    least = 1 if UNK in counts else 2
    frequent = [word for word, count in counts.items() if count >= least and word not in (EOS, UNK)]
    known = [EOS, UNK, *sorted(frequent, key=lambda word: (-counts[word], word))][:vocabulary]
    number = {word: i for i, word in enumerate(known)}
    fallback = number[UNK]
    digest = hashlib.sha256()
    for split in SPLITS:
        digest.update("\n".join([split, *words[split]]).encode())
    try:
        device = torch.device(device)
        train, valid, test = (
            torch.tensor([number.get(word, fallback) for word in words[split]]).to(device) for split in SPLITS
        )
    except (RuntimeError, AssertionError) as error:
        raise InputError(f"device {str(device)!r} can't be used: {error}") from None
    return Text(name, tuple(known), train, valid, test, digest.hexdigest())


def columns(words: torch.Tensor, batch_size: int) -> torch.Tensor:
    """Cut a text [words] into `batch_size` equal columns [time, batch] that are read side by side; the rest is dropped.

    Raises:
        InputError: fewer than two words a column.
    """
    length = len(words) // batch_size if batch_size > 0 else 0
    if length < 2:
        raise InputError(
            f"a text of {len(words):,} words gives {batch_size} columns fewer than two words each: "
            f"use a batch size of 1 to {len(words) // 2:,}, or more text."
        )
    return words[: length * batch_size].view(batch_size, length).t().contiguous()


def windows(
    text: torch.Tensor, bptt: int = 35, generator: torch.Generator | None = None
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Walk down columns [time, batch]: inputs and targets [length, batch], targets one word ahead.

    Without a generator every window is `bptt` long, the last one shorter. With one, lengths vary as in AWD-LSTM and
    DARTS, so that words are not always cut at the same places: normal around `bptt` (in 5 % of the cases half of it)
    with standard deviation 5, at least 5, at most bptt + 20.
    """
    start = 0
    while start < len(text) - 1:
        length = bptt
        if generator is not None:
            chance, noise = torch.rand(1, generator=generator).item(), torch.randn(1, generator=generator).item()
            centre = bptt if chance < 0.95 else bptt / 2
            length = min(max(5, int(centre + 5 * noise)), bptt + 20)
        end = min(start + length, len(text) - 1)
        yield text[start:end], text[start + 1 : end + 1]
        start = end


def _read(name_or_path: str | Path) -> tuple[str, dict[str, list[str]]]:
    """Name and words per split."""
    if str(name_or_path) == EMBEDDED:
        return EMBEDDED, _cut(_embedded_paragraphs(), EMBEDDED)
    path = checked_path(home(name_or_path))
    if path.is_dir():
        files = {split: _file_of(path, split) for split in SPLITS}
        return path.name, {split: _words(line.split() for line in _lines(file)) for split, file in files.items()}
    if path.is_file():
        return path.name.split(".")[0], _cut(_lines(path), str(path))
    if len(path.parts) == 1 and not path.suffix:
        raise unknown("text", name_or_path, [EMBEDDED, "the path of a folder or file"])
    raise InputError(f"{path}: no such file or folder.")


def _file_of(folder: Path, split: str) -> Path:
    """The one file of a folder that holds a split."""
    named = re.compile(rf"(.*[._-])?{split}({'|'.join(map(re.escape, _ENDINGS))})(\.gz)?")
    found = sorted(file for file in folder.iterdir() if named.fullmatch(file.name))
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError(f"{folder}: {len(found)} files for {split}: {', '.join(f.name for f in found)}. Leave one.")
    raise InputError(
        f"{folder}: no {split} text. Wanted: train.txt, valid.txt, test.txt (or ptb.train.txt ..., also .gz)."
    )


def _lines(path: Path) -> list[str]:
    try:
        with opened(path) as file:
            text = file.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text (at byte {error.start:,}).") from None
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise InputError(f"{path}: can't be read ({error}). Is the file whole?") from None
    return text.removesuffix("\n").split("\n")


def _embedded_paragraphs() -> list[str]:
    """Paragraphs of Python's help topics, each once: a statement's topic is part of its chapter's topic as well, and
    would else be trained on and scored."""
    topics: dict[str, str] = importlib.import_module("pydoc_data.topics").topics
    paragraphs = (part for name in sorted(topics) for part in re.split(r"\n\s*\n", topics[name]))
    return list(dict.fromkeys(" ".join(part.split()) for part in paragraphs if part.strip()))


def _cut(lines: Sequence[str], name: str) -> dict[str, list[str]]:
    """Split a raw text's lines: of ten blocks eight are for training, one for validation, one for testing."""
    lines = [line for line in lines if line.strip()]
    if len(lines) < 10:
        raise InputError(f"{name}: {len(lines)} line(s) of text are too few to split: at least 10 are needed.")
    block = min(_BLOCK, len(lines) // 10)
    parts: dict[str, list[str]] = {split: [] for split in SPLITS}
    for i, line in enumerate(lines):
        parts[{8: "valid", 9: "test"}.get(i // block % 10, "train")].append(line)
    return {split: _words(map(_tokens, part)) for split, part in parts.items()}


def _tokens(line: str) -> list[str]:
    """Words of a raw line; a mark that is repeated, as in a ruled line, is one."""
    found = _RAW_TOKEN.finditer(line.lower())
    return ["N" if match["number"] else match["mark"] or match[0] for match in found]


def _words(lines) -> list[str]:
    """Lines of words as one list, <eos> after every line."""
    words: list[str] = []
    for line in lines:
        words.extend(line)
        words.append(EOS)
    return words
