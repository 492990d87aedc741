"""What the tests of finetune share."""

import pytest

torch = pytest.importorskip("torch")

from nasbias.campaigns.tuning import finetune  # noqa: E402
from nasbias.training import train  # noqa: E402
from tests.finetune.made import CONFIG, SOME  # noqa: E402


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return train(CONFIG, tmp_path_factory.mktemp("runs") / "supernet")


@pytest.fixture(scope="module")
def tuned(folder, tmp_path_factory):
    return finetune(folder, 1, SOME, tmp_path_factory.mktemp("tuned") / "t.parquet", steps=5)
