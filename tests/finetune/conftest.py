"""What the tests of finetune share."""

import pytest

torch = pytest.importorskip("torch")

from nasbias.training import train  # noqa: E402
from tests.finetune.made import CONFIG  # noqa: E402


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return train(CONFIG, tmp_path_factory.mktemp("n_runs") / "supernet")
