"""Runs and a truth that the tests of pruning make up."""

from nasbias.spaces import get_space

CODES = get_space("darts64").architectures()["architecture"].to_numpy()


def make_run(folder, predictions, **config):
    folder.mkdir(parents=True)
    lines = [f'{name} = "{value}"' for name, value in ({"space": "darts64"} | config).items()]
    (folder / "config.toml").write_text("\n".join(lines) + "\n")
    table = predictions.assign(run=folder.name, seed=0, epoch=4, bn="recalibrated")
    table.to_parquet(folder / "predictions.parquet")
    return folder
