"""Text: the folder forms users have, the cap on the vocabulary, the embedded text, and the walk through columns."""

import gzip

import pytest

torch = pytest.importorskip("torch")

from nasbias.datasets.text import EOS, UNK, columns, load_text, windows  # noqa: E402
from nasbias.errors import InputError  # noqa: E402

LINES = {"train": " the <unk> sat on N mats \n the cat sat \n", "valid": " the dog \n", "test": " mats sat on the \n"}


def write_folder(folder, pattern="{}.txt", lines=LINES, write=lambda path, text: path.write_text(text)):
    for split, text in lines.items():
        write(folder / pattern.format(split), text)
    return folder


def words(text, split):
    return [text.vocabulary[number] for number in getattr(text, split).tolist()]


@pytest.mark.parametrize(
    "pattern", ["{}.txt", "ptb.{}.txt", "wiki.{}.tokens", "wiki.{}.raw", "{}.txt.gz", "wikitext2_{}.txt.gz"]
)
def test_a_folder_is_taken_as_penn_treebank_comes(tmp_path, pattern):
    def write(path, text):
        path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())

    text = load_text(write_folder(tmp_path, pattern, write=write))
    assert words(text, "train") == ["the", "<unk>", "sat", "on", "N", "mats", "<eos>", "the", "cat", "sat", "<eos>"]
    assert words(text, "valid") == ["the", UNK, EOS]  # "dog" was never trained on
    assert words(text, "test") == ["mats", "sat", "on", "the", "<eos>"]
    assert text.name == tmp_path.name


def test_the_vocabulary_is_the_most_frequent_words_of_the_training_text(tmp_path):
    write_folder(tmp_path)
    assert load_text(tmp_path).vocabulary == (EOS, UNK, "sat", "the", "N", "cat", "mats", "on")
    capped = load_text(tmp_path, vocabulary=4)
    assert capped.vocabulary == (EOS, UNK, "sat", "the")
    assert " ".join(words(capped, "train")) == "the <unk> sat <unk> <unk> <unk> <eos> the <unk> sat <eos>"
    assert load_text(tmp_path, vocabulary=None).vocabulary == load_text(tmp_path).vocabulary
    assert capped.fingerprint == load_text(tmp_path).fingerprint


def test_unknown_words_are_trained_also_where_the_text_marks_none(tmp_path):
    text = load_text(write_folder(tmp_path, lines=LINES | {"train": "a b a c \n"}))
    assert text.vocabulary == (EOS, UNK, "a")
    assert words(text, "train") == ["a", UNK, "a", UNK, EOS]


def test_an_empty_line_is_an_end_of_sentence(tmp_path):
    text = load_text(write_folder(tmp_path, lines=LINES | {"train": "\n a a \n\n b b"}))
    assert words(text, "train") == [EOS, "a", "a", EOS, EOS, "b", "b", EOS]


def test_the_embedded_text_is_english_split_without_leaks():
    text = load_text()
    assert text.name == "pydoc"
    assert 40_000 < len(text.train) < 200_000
    assert 0.08 < len(text.valid) / len(text.train) < 0.25
    assert {"the", "a", "is", "statement", "."} <= set(text.vocabulary)
    assert (text.valid == text.vocabulary.index(UNK)).float().mean() < 0.1

    def paragraphs(split):
        return set(" ".join(words(text, split)).split(f" {EOS} "))

    long = {paragraph for paragraph in paragraphs("valid") if len(paragraph.split()) > 12}
    assert len(long) > 50
    assert not long & paragraphs("train")
    assert load_text().fingerprint == text.fingerprint
    assert (load_text().train == text.train).all()


def test_a_raw_file_is_tokenised_and_split_in_blocks(tmp_path):
    path = tmp_path / "book.txt"
    path.write_text("".join(f'"Line {i}, Isn\'t it?" ======\n' for i in range(400)))
    text = load_text(path)
    assert text.name == "book"
    assert words(text, "valid") == ['"', "line", "N", ",", "isn", "'", "t", "it", "?", '"', "=", "<eos>"] * 40
    assert (len(text.train), len(text.valid), len(text.test)) == (12 * 320, 12 * 40, 12 * 40)


def test_the_bible_is_penn_treebanks_size(shared):
    text = load_text(shared / "text" / "kjv_bible_verses.txt.gz")
    assert 8_000 < len(text.vocabulary) <= 10_000
    assert 0.8e6 < len(text.train) < 0.9e6
    assert {"lord", "unto", "begat"} <= set(text.vocabulary)


def test_wikitext_without_its_training_split_says_so(shared):
    with pytest.raises(InputError, match=r"no train text. Wanted: train\.txt, valid\.txt, test\.txt"):
        load_text(shared / "text")


def test_bad_texts_are_refused_in_one_line(tmp_path):
    def refused(match, source=tmp_path, **options):
        with pytest.raises(InputError, match=match):
            load_text(source, **options)

    refused("unknown text 'pydocs'. Did you mean pydoc", "pydocs")
    refused("no such file", tmp_path / "absent.txt")
    write_folder(tmp_path, lines=LINES | {"valid": "\n \n"})
    refused("the valid text is empty")
    write_folder(tmp_path, lines=LINES | {"train": ""})
    refused("the train text is empty")
    write_folder(tmp_path)
    refused("vocabulary is 2", vocabulary=2)
    refused("device 'nowhere' can't be used", device="nowhere")
    (tmp_path / "ptb.train.txt").write_text("a")
    refused(r"2 files for train: ptb\.train\.txt, train\.txt")
    (tmp_path / "ptb.train.txt").unlink()
    (tmp_path / "train.txt").write_bytes(b"caf\xe9 \xff")
    refused("not UTF-8 text")
    (tmp_path / "train.txt").unlink()
    (tmp_path / "train.txt.gz").write_bytes(gzip.compress(b"the cat sat on the mat")[:-9])
    refused(r"train\.txt\.gz: can't be read")
    short = tmp_path / "short.txt"
    short.write_text("one line\n")
    refused("1 line.* too few to split", short)


def test_columns_run_side_by_side_and_drop_the_rest():
    assert columns(torch.arange(11), 3).tolist() == [[0, 3, 6], [1, 4, 7], [2, 5, 8]]
    for batch_size in (6, 0):
        with pytest.raises(InputError, match="fewer than two words each"):
            columns(torch.arange(11), batch_size)


@pytest.mark.parametrize("seed", [None, 0])
def test_windows_visit_every_word_once_and_look_one_ahead(seed):
    text = torch.arange(2_000).view(2, 1_000).t()
    generator = None if seed is None else torch.Generator().manual_seed(seed)
    pairs = list(windows(text, 35, generator))
    inputs, targets = (torch.cat(part) for part in zip(*pairs))
    assert inputs.tolist() == text[:-1].tolist()
    assert targets.tolist() == text[1:].tolist()
    lengths = [len(x) for x, _ in pairs[:-1]]
    if seed is None:
        assert set(lengths) == {35}
    else:
        assert len(set(lengths)) > 5
        assert min(lengths) >= 5
        assert max(lengths) <= 55
