"""Every module has a test file of its own name."""

import pytest

from tests import mirror

# Modules without a test file of their own name, each with the reason.
ALLOWED = {
    "nasbias/training/__init__.py": "names of its modules only",
}
# To come with the branches that write them (issue 7); the list only gets shorter.
TO_COME = {
    *("nasbias/errors.py", "nasbias/files.py", "nasbias/score.py", "nasbias/train.py"),
    *("nasbias/kendall.py", "nasbias/comparison.py", "nasbias/cross_run.py", "nasbias/correlation_report.py"),
    *("nasbias/steps.py", "nasbias/matching.py", "nasbias/panel.py"),
    *("nasbias/effects.py", "nasbias/decomposition.py", "nasbias/correction.py"),
    *("nasbias/datasets/__init__.py", "nasbias/datasets/__main__.py", "nasbias/datasets/digits.py"),
    *("nasbias/truth/__init__.py", "nasbias/truth/fetch.py", "nasbias/truth/summary.py"),
    *("nasbias/scoring/__init__.py", "nasbias/scoring/data.py", "nasbias/scoring/nb201_batched.py"),
    *("nasbias/scoring/plain.py", "nasbias/scoring/workers.py"),
    *("nasbias/supernets/__init__.py", "nasbias/supernets/_separable.py"),
    *("nasbias/training/aliased.py", "nasbias/training/config.py", "nasbias/training/copies.py"),
    *("nasbias/training/dense.py", "nasbias/training/finetuning.py", "nasbias/training/folder.py"),
    *("nasbias/training/images.py", "nasbias/training/sampling.py", "nasbias/training/task.py"),
    # Moved with the house; their tests still lie with the room they came from.
    "nasbias/__main__.py",
    "nasbias/campaigns/__init__.py",
    "nasbias/campaigns/dense.py",
    "nasbias/campaigns/pruner.py",
    "nasbias/campaigns/standalone.py",
    "nasbias/campaigns/tuning.py",
    "nasbias/matching/__init__.py",
    "nasbias/recipes/__init__.py",
    "nasbias/recipes/darts.py",
    "nasbias/recipes/darts64.py",
    "nasbias/recipes/nats_sss.py",
    "nasbias/recipes/nb101.py",
    "nasbias/recipes/nb201.py",
    "nasbias/recipes/ptb.py",
    "nasbias/runs/checkpoints.py",
    "nasbias/runs/config.py",
    "nasbias/runs/data.py",
    "nasbias/runs/folder.py",
    "nasbias/runs/network.py",
    "nasbias/runs/sampling.py",
    "nasbias/statistics/__init__.py",
    "nasbias/supernets/nats_sss.py",
    "nasbias/supernets/sharing/__init__.py",
    "nasbias/supernets/sharing/aliased.py",
    "nasbias/supernets/sharing/copies.py",
    "nasbias/tables/__init__.py",
    "nasbias/terminal/__init__.py",
    "nasbias/training/companion.py",
    "nasbias/truth/nats.py",
}


def is_mirrored(path) -> bool:
    return bool(mirror.tests_of(path))


def test_every_module_has_a_test_file_of_its_own_name():
    names = {path.relative_to(mirror.ROOT).as_posix() for path in mirror.list_modules() if not is_mirrored(path)}
    missing = sorted(names - ALLOWED.keys() - TO_COME)
    assert not missing, f"no test file of their own name (see tests/mirror.py): {missing}"


def test_no_exception_outlives_its_reason():
    for name in [*ALLOWED, *mirror.EXTRAS]:
        assert (mirror.ROOT / name).is_file(), f"{name} is gone: take it off the list"
        assert name in mirror.EXTRAS or not is_mirrored(mirror.ROOT / name), f"{name} has a test file now: take it off"
    for extra in {extra for extras in mirror.EXTRAS.values() for extra in extras}:
        assert (mirror.ROOT / extra).is_file(), extra


@pytest.mark.parametrize(
    ("module", "places"),
    [
        ("kendall.py", ["tests/test_kendall.py"]),
        ("truth/nb101.py", ["tests/truth/test_nb101.py"]),
        ("spaces/_space.py", ["tests/spaces/test_space.py"]),
        ("truth/__init__.py", ["tests/truth/test_truth.py", "tests/test_truth.py"]),
        ("truth/__main__.py", ["tests/truth/test_command.py"]),
    ],
)
def test_a_module_and_its_test_file_lie_at_the_same_place(module, places):
    found = mirror.mirrors_of(mirror.PACKAGE / module)
    assert [path.relative_to(mirror.ROOT).as_posix() for path in found] == places
