"""The papers' own numbers that figures show as hollow marks, each with the place it was read from.

P1 = arXiv 2001.01431, P2 = arXiv 2010.08219. Both trained longer and wider than the supernets shipped here.
"""

import pandas as pd

# P1, text of sections 4 and 5 and its tables, 10 instances after 200 epochs: seeds (fixed order), orders, reshuffled.
_S_TAU = (("cycle", 0.5415, 0.4567), ("shuffled", 0.3930, 0.4625), ("reshuffled", 0.4403, 0.5108))
# P1, the tables of group sharing (Mean-64, Std-64 of GT-Tau) and of prefix sharing after 2,000 epochs.
_GROUPS = (
    (1, 0.4988, 0.1497, 0.4988, 0.1497), (2, 0.4577, 0.1371, 0.3425, 0.1442), (4, 0.2736, 0.1340, 0.7075, 0.0702),
    (8, 0.2539, 0.1462, 0.6917, 0.0457), (16, 0.1658, 0.1255, 0.7200, 0.0411), (32, 0.2903, 0.1104, 0.7360, 0.0364),
    (64, 0.8032, 0.0151, 0.8032, 0.0151),
)  # fmt: skip
_PREFIXES = ((0, 0.6960, 0.0129), (1, 0.4837, 0.0939), (2, 0.4159, 0.1925), (3, 0.4448, 0.1881), (4, 0.5174, 0.1592))
# P1, text on fine-tuning: from epoch 100 to about .6 within 10 mini-batches, from epoch 200 within 5, then near .8.
_FINE_TUNING = ((100, 10, 0.6), (200, 5, 0.6), (200, 64, 0.8))
# P2, text: Spearman with the truth by training length.
_LENGTHS = (("darts", 64, 0.54), ("nb101", 1000, 0.618), ("nb101", 2000, 0.659), ("nb201", 2000, 0.701))
# P2, counted on the real NAS-Bench-201 table: of its true top 100, per cent with this operation on the edge.
_TOP = (
    ("0->3", "skip_connect", 93), ("0->3", "nor_conv_1x1", 4), ("0->3", "nor_conv_3x3", 2), ("0->3", "none", 1),
    ("0->1", "nor_conv_3x3", 69), ("0->1", "nor_conv_1x1", 21),
)  # fmt: skip


def published_instances() -> pd.DataFrame:
    """P1's tables 1 and 2: `order, epoch, s_tau, gt_tau`, 10 supernets each."""
    return pd.DataFrame(_S_TAU, columns=["order", "s_tau", "gt_tau"]).assign(epoch=200)


def published_groups() -> pd.DataFrame:
    """P1, m groups: `plan` (groups = random, similar), `m`, `gt_tau_mean`, `gt_tau_std` of the last 64 steps."""
    rows = [("groups", m, mean, std) for m, mean, std, _, _ in _GROUPS]
    rows += [("similar", m, mean, std) for m, _, _, mean, std in _GROUPS]
    return pd.DataFrame(rows, columns=["plan", "m", "gt_tau_mean", "gt_tau_std"])


def published_prefixes() -> pd.DataFrame:
    """P1, the first k cells shared: `k`, `gt_tau_mean`, `gt_tau_std`."""
    return pd.DataFrame(_PREFIXES, columns=["k", "gt_tau_mean", "gt_tau_std"])


def published_finetuning() -> pd.DataFrame:
    """P1: `epoch` of the checkpoint, `step` mini-batches of its own, `gt_tau`."""
    return pd.DataFrame(_FINE_TUNING, columns=["epoch", "step", "gt_tau"])


def published_lengths(space: str) -> pd.DataFrame:
    """P2: `epoch`, `spearman` of one space's supernets; empty where none is quoted."""
    table = pd.DataFrame(_LENGTHS, columns=["space", "epoch", "spearman"])
    return table.loc[table["space"] == space].drop(columns="space").reset_index(drop=True)


def published_top() -> pd.DataFrame:
    """NAS-Bench-201's real top 100: `decision, operation, share` (0 to 1) by truth."""
    table = pd.DataFrame(_TOP, columns=["decision", "operation", "share"])
    return table.assign(share=table["share"] / 100)
