"""The Lightning callback, in a real Trainer."""

import warnings

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("torch")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    lightning = pytest.importorskip("pytorch_lightning")

import torch

from nasbias import Monitor
from nasbias.errors import InputError
from nasbias.lightning import MonitorCallback
from nasbias.spaces import get_space

CODES = get_space("darts64").architectures()["architecture"].tolist()


class Small(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Dropout())
        self.modes = []

    def training_step(self, batch, _):
        self.modes.append(self.layer[1].training)
        return self.layer(batch[0]).sum()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


@pytest.mark.filterwarnings("ignore")
def test_a_trainer_updates_the_monitor_and_logs_its_tau(tmp_path):
    truth = pd.DataFrame({"architecture": CODES, "test_accuracy": np.random.default_rng(0).uniform(80, 90, 64)})
    monitor = Monitor("darts64", truth, n=30)
    seen = []

    def score(module, architecture):
        seen.append((module.training, torch.is_grad_enabled()))
        return float(architecture) * (1 + module.layer[0].weight.detach().abs().sum().item())

    module = Small()
    trainer = lightning.Trainer(
        max_epochs=5, callbacks=[MonitorCallback(monitor, score, every=2)], logger=False, accelerator="cpu",
        enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False, default_root_dir=tmp_path,
    )  # fmt: skip
    data = torch.utils.data.TensorDataset(torch.randn(4, 2))
    trainer.fit(module, torch.utils.data.DataLoader(data, batch_size=4))
    assert monitor.table["epoch"].tolist() == [2, 4, 5] and len(seen) == 90
    assert set(seen) == {(False, False)} and module.modes == [True] * 5
    assert float(trainer.callback_metrics["rank_gt_tau"]) == pytest.approx(monitor.table["gt_tau"].iloc[-1], abs=1e-6)


def test_every_must_be_a_number_of_epochs():
    with pytest.raises(InputError, match="every is 0"):
        MonitorCallback(None, len, every=0)
