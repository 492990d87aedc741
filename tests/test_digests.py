"""Published digests, and files that are theirs or not."""

import hashlib

import pytest

from nasbias.digests import compare_digests

CONTENT = b"records"
MD5, SHA256 = hashlib.md5(CONTENT).hexdigest(), hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a.tfrecord"
    path.write_bytes(CONTENT)
    return path


@pytest.mark.parametrize(("digest", "kind"), [(MD5, "MD5"), (SHA256, "SHA-256"), (MD5[-6:], "MD5")])
def test_a_file_of_a_published_name_has_its_digest_or_differs(digest, kind, file):
    assert compare_digests([file], {"a.tfrecord": digest}) == f"matched: the published {kind} of a.tfrecord"
    file.write_bytes(CONTENT + b".")
    found = compare_digests([file], {"a.tfrecord": digest})
    assert found == f"differs: a.tfrecord has another {kind} than was published ({digest})"


def test_a_renamed_file_is_known_by_its_digest(file):
    published = {"b.tfrecord": "0" * 64, "c.tfrecord": SHA256}
    assert compare_digests([file], published) == "matched: the published SHA-256 of c.tfrecord"
    assert compare_digests([file], {"b.tfrecord": "0" * 64}).startswith("unknown: ")


def test_the_end_of_a_digest_tells_nothing_of_a_file_of_another_name(file):
    assert compare_digests([file], {"x-096897.pth": MD5[-6:]}).startswith("unknown: ")


def test_one_file_that_differs_makes_the_set_differ_and_one_that_is_unknown_does_not(file):
    other = file.with_name("b")
    other.write_bytes(b"else")
    assert compare_digests([file, other], {"a.tfrecord": MD5}).startswith("matched: ")
    assert compare_digests([file, other], {"a.tfrecord": MD5, "b": MD5}).startswith("differs: b has another MD5")
