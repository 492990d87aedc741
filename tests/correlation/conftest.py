"""A made-up benchmark, what runs say of it, and the command that correlates them."""

import pytest

from nasbias.correlation.__main__ import main
from tests.predicted import make_table, make_truth, runs_of


@pytest.fixture(scope="session")
def table():
    return make_table()


@pytest.fixture(scope="session")
def truth(table):
    return make_truth(table)


@pytest.fixture
def files(tmp_path, table, truth):
    runs_of(table).to_parquet(tmp_path / "runs.parquet")
    truth.to_csv(tmp_path / "truth.csv", index=False)
    return tmp_path


@pytest.fixture
def call(capsys):
    """Run the command: its exit code, standard output and standard error."""

    def run(*argv):
        code = main([str(part) for part in argv])
        output = capsys.readouterr()
        return code, output.out, output.err

    return run
