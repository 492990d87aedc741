"""A `Monitor` as a callback of PyTorch Lightning, for whoever trains with its Trainer. Needs pytorch-lightning.

monitor = nasbias.Monitor("nb201", n=200, out="monitor")
trainer = Trainer(callbacks=[MonitorCallback(monitor, lambda module, architecture: module.accuracy_of(architecture))])
"""

from collections.abc import Callable
from typing import Any

from nasbias.errors import InputError, missing_extra
from nasbias.outside import Monitor

try:
    from lightning.pytorch import Callback  # pyright: ignore[reportMissingImports] the same package by its other name
except ModuleNotFoundError:
    try:
        from pytorch_lightning import Callback  # pyright: ignore[reportMissingImports]
    except ModuleNotFoundError:
        raise missing_extra("pytorch-lightning", "lightning") from None


class MonitorCallback(Callback):  # pyright: ignore[reportGeneralTypeIssues]
    """After every `every` training epochs scores the monitor's architectures and logs `rank_<metric>`.

    Args:
        score: (module, architecture) -> a number or a mapping of numbers; the module is in evaluation mode, without
            gradients, and back in its mode afterwards.
        every: epochs between two updates; the last epoch always has one.
    """

    logged = ("gt_tau", "gt_tau_low", "gt_tau_high", "over_params")

    def __init__(self, monitor: Monitor, score: Callable[[Any, str], Any], every: int = 1) -> None:
        super().__init__()
        if every < 1:
            raise InputError(f"every is {every}: 1 or more is needed.")
        self.monitor, self.score, self.every = monitor, score, every

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """Lightning's hook."""
        import torch

        epoch = trainer.current_epoch + 1
        if epoch % self.every and epoch != trainer.max_epochs:
            return
        modes = {module: module.training for module in pl_module.modules()}
        pl_module.eval()
        try:
            with torch.no_grad():
                scores = {each: self.score(pl_module, each) for each in self.monitor.architectures}
        finally:
            for module, mode in modes.items():
                module.training = mode
        row = self.monitor.update(epoch, scores)
        for name in self.logged:
            pl_module.log(f"rank_{name}", float(row[name]))
