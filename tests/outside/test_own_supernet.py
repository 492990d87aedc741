"""A supernet that is not ours, ten lines of torch without nasbias.supernets, watched and scored as a user would."""

import pytest

torch = pytest.importorskip("torch")
import numpy as np  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from sklearn.datasets import load_digits  # noqa: E402
from torch import nn  # noqa: E402

import nasbias  # noqa: E402

SPACE = nasbias.get_space("nb201")


class Supernet(nn.Module):
    """One cell of NAS-Bench-201 whose six edges share a 3x3 and a 1x1 convolution each."""

    def __init__(self, width=4):
        super().__init__()
        self.stem, self.head = nn.Conv2d(1, width, 3, padding=1), nn.Linear(width, 10)
        self.convs = nn.ModuleList(
            nn.ModuleList(nn.Conv2d(width, width, k, padding=k // 2) for k in (1, 3)) for _ in range(6)
        )

    def forward(self, x, operations):
        nodes = [self.stem(x), 0, 0, 0]
        for convs, (source, target), operation in zip(
            self.convs, ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3)), operations
        ):
            x = torch.as_tensor(nodes[source]) + torch.zeros_like(nodes[0])
            done = {
                "none": lambda x: 0 * x,
                "skip_connect": lambda x: x,
                "avg_pool_3x3": lambda x: F.avg_pool2d(x, 3, 1, 1),
            }
            done |= {
                "nor_conv_1x1": lambda x, c=convs[0]: c(x.relu()),
                "nor_conv_3x3": lambda x, c=convs[1]: c(x.relu()),
            }
            nodes[target] = nodes[target] + done[operation](x)
        return self.head(nodes[3].mean((2, 3)))


def operations_of(architecture):
    return SPACE.decide([architecture]).iloc[0].tolist()


def test_a_supernet_of_ten_lines_is_monitored_while_it_trains_and_scored_afterwards(tmp_path):
    torch.manual_seed(0)
    x, y = (torch.tensor(each) for each in load_digits(return_X_y=True))
    x = x.float().reshape(-1, 1, 8, 8) / 16
    supernet, drawn = Supernet(), SPACE.sample(240, seed=5).tolist()
    optimizer = torch.optim.Adam(supernet.parameters(), lr=0.01)

    @torch.no_grad()
    def accuracy_of(architecture):
        return 100 * float((supernet(x[1500:], operations_of(architecture)).argmax(1) == y[1500:]).float().mean())

    truth = SPACE.describe(SPACE.sample(300, seed=1))[["architecture"]]
    truth["test_accuracy"] = 50 + truth["architecture"].str.count("conv_3x3") * 5 + np.linspace(0, 1, 300)
    monitor = nasbias.Monitor("nb201", truth, n=60, out=tmp_path / "monitor", patience=10)
    with pytest.warns(nasbias.notices.Notice, match="epoch 0: score ranks worse than counting parameters"):
        monitor.update(0, {a: accuracy_of(a) for a in monitor.architectures})
    for step, architecture in enumerate(drawn):
        at = torch.arange(64) + 64 * (step % 23)
        optimizer.zero_grad()
        F.cross_entropy(supernet(x[at], operations_of(architecture)), y[at]).backward()
        optimizer.step()
    row = monitor.update(1, {a: accuracy_of(a) for a in monitor.architectures})
    untrained, trained = monitor.predictions.groupby("epoch")["score"].mean().tolist()
    assert trained > untrained + 3  # per cent, most of the sixty with a third of a pass each
    assert row["epoch"] == 1 and row["n"] == 60 and row["best_free"] and row["over_params_high"] < 0
    table = nasbias.score_with(
        accuracy_of, "nb201", monitor.architectures, tmp_path / "scores.parquet", name="accuracy"
    )
    told = nasbias.correlate(table, truth).iloc[0]
    assert told["gt_tau"] == pytest.approx(row["gt_tau"])
