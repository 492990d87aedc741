"""Digests of what a configuration only names."""

import dataclasses

import pytest

torch = pytest.importorskip("torch")

from nasbias.errors import InputError  # noqa: E402
from nasbias.runs.contents import describe_contents  # noqa: E402
from nasbias.spaces import get_space  # noqa: E402
from nasbias.training import train  # noqa: E402
from nasbias.training.run import Run  # noqa: E402
from tests.small import small_run  # noqa: E402

NAMES = get_space("nb201").sample(8, 3).tolist()


def contents(config):
    run = Run(config)
    return describe_contents(config, run.sampler, run.network, run.task.data)


def test_each_digest_follows_its_own_thing(tmp_path):
    listed, groups = tmp_path / "list.txt", tmp_path / "groups.csv"
    config = small_run("nb201", architectures=str(listed), sharing=f"file:{groups}")

    def write(names, parts):
        listed.write_text("\n".join(names))
        rows = (f"{name},{place % parts}" for place, name in enumerate(NAMES))
        groups.write_text("architecture,group\n" + "\n".join(rows))
        return contents(config)

    first = write(NAMES, 2)
    assert sorted(first) == ["architectures", "data", "groups"]
    assert write(NAMES, 2) == first
    assert write(NAMES, 2)["data"] == contents(dataclasses.replace(config, order="cycle"))["data"]
    turned = write(NAMES[::-1], 2)  # another order of training; the groups are the same
    assert {name for name in first if turned[name] != first[name]} == {"architectures"}
    moved = write(NAMES, 3)
    assert {name for name in first if moved[name] != first[name]} == {"groups"}
    assert contents(small_run("nb201", split_seed=1))["data"] != contents(small_run("nb201"))["data"]


@pytest.mark.parametrize("finished", [False, True])
def test_a_run_does_not_go_on_with_another_list(finished, tmp_path):
    listed = tmp_path / "list.txt"
    listed.write_text("\n".join(NAMES))
    config = small_run("nb201", epochs=2, architectures=str(listed))
    train(config, tmp_path / "run", stop_after=None if finished else 1)
    listed.write_text("\n".join(NAMES[:7]))
    with pytest.raises(InputError, match="began with other architectures"):
        train(config, tmp_path / "run")
    listed.write_text("\n".join(NAMES))
    assert train(config, tmp_path / "run").is_finished
