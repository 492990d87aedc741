"""A made-up benchmark, runs that rank it, and the reports of them."""

import pytest

import nasbias
from nasbias.bias.effects import percentiles
from nasbias.report import make_report, render
from tests.predicted import make_table, make_truth, runs_of

EVIL = "<script>alert(1)</script>[/b] \u05e9\u05dc\u05d5\u05dd \u202egnp"


@pytest.fixture(scope="session")
def table():
    return make_table()


@pytest.fixture(scope="session")
def truth(table):
    return make_truth(table)


@pytest.fixture(scope="session")
def runs(table):
    return runs_of(table, seeds=(0, 1, 2))


@pytest.fixture(scope="session")
def joined(runs, truth):
    """What the explorer should know: `join` of the mean and of each run, with ranks."""
    table = nasbias.join(runs, truth)
    table["true_rank"] = (-table["truth"]).rank(method="min").astype(int)
    for name in ("score", "score_s0", "score_s1", "score_s2"):
        table[f"{name}_rank"] = (-table[name]).rank(method="min").astype(int)
        table[f"{name}_difference"] = percentiles(table[name].to_numpy()) - percentiles(table["truth"].to_numpy())
    return table


@pytest.fixture(scope="session")
def one(runs):
    """One run without an epoch, called something nasty."""
    return runs[(runs["seed"] == 0) & (runs["epoch"] == 8)].drop(columns=["seed", "epoch"]).assign(run=EVIL)


@pytest.fixture(scope="session")
def report(runs, truth):
    return make_report(runs, truth, draws=2, against=runs[runs["seed"] < 2].assign(run="other"))


@pytest.fixture(scope="session")
def alone(one, truth):
    """The report of one run against a truth without repeats."""
    return make_report(one, truth[truth["seed"] == 777], draws=2)


@pytest.fixture(scope="session")
def page(report):
    return render(report)


@pytest.fixture(scope="session")
def page_alone(alone):
    return render(alone)


@pytest.fixture
def files(tmp_path, runs, truth):
    runs.to_csv(tmp_path / "mine.csv", index=False)
    truth.to_csv(tmp_path / "truth.csv", index=False)
    return ["--space", "nb201", "--predictions", str(tmp_path / "mine.csv"), "--truth", str(tmp_path / "truth.csv")]


def section_of(report, key):
    return next(section for section in report.sections if section.key == key)


def table_of(report, key, title):
    return next(table for table in section_of(report, key).tables if table.title == title)
