"""Fixtures that several rooms' tests share."""

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

# One thread, as every command trains and scores: on some processors (an AVX-512 Xeon with AMX) sums of two threads
# differ from those of one in the last bit. Set before torch is imported, which not every test does.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# A shell ignores Ctrl-C for what it starts in the background, and children inherit that: the tests of Ctrl-C mean it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A machine under load must not fail a test for its slowness; a mutant must meet the same examples as its neighbours.
settings.register_profile("nasbias", deadline=None)
settings.register_profile("mutants", deadline=None, derandomize=True, database=None)
settings.load_profile("nasbias")


def shared_folder() -> Path:
    """The folder of real tables, images and text: $NASBIAS_SHARED, else `shared/` beside the repository."""
    default = Path(__file__).resolve().parents[2] / "shared"
    return Path(os.environ.get("NASBIAS_SHARED", default)) / "data"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The shared data folder; tests that need it are skipped where it is missing."""
    folder = shared_folder()
    if not folder.is_dir():
        pytest.skip(f"real data is not here: {folder} (set NASBIAS_SHARED)")
    return folder


@pytest.fixture(autouse=True)
def own_store(tmp_path_factory, monkeypatch):
    """Every test has an empty truth store of its own."""
    monkeypatch.setenv("NASBIAS_DATA", str(tmp_path_factory.mktemp("store")))
