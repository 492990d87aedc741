"""What fuzzing found, tried again; and that the fuzzer's readers read what they are for."""

import pytest

pytest.importorskip("torch")

from nasbias.errors import InputError
from tests.faults.readers import FOUND, READERS, attempt

CASES = sorted(path.name for path in FOUND.iterdir())
# Seeds that show the fuzzer the form, without being a whole file of it.
PARTS = {"analog-file", "nats-sss-file", "tfrecord", "tfrecord-records", "nds-json", "nb-macro-json", "architectures"}


@pytest.mark.parametrize("name", CASES)
def test_what_fuzzing_found_is_read_or_refused(name):
    attempt(next(reader for reader in READERS if name.startswith(f"{reader}-")), (FOUND / name).read_bytes())


@pytest.mark.parametrize("name", READERS)
@pytest.mark.filterwarnings("ignore::nasbias.notices.Notice")
def test_a_seed_is_a_file_that_is_read(name):
    seeds = READERS[name].seeds()
    assert seeds
    for seed in seeds:
        if name in PARTS:
            attempt(name, seed)
        else:
            try:
                READERS[name].read(seed)
            except InputError as error:
                pytest.fail(f"{name}: {error}")


@pytest.mark.parametrize("name", READERS)
def test_every_reader_refuses_what_is_no_file_of_its_kind(name):
    for data in (b"", b"\0" * 100, b"\xff" * 100, b"[" * 100_000, b"x\n" * 50, b"\x80\x02N."):
        attempt(name, data)
