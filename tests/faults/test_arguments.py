"""Every command's every option with what nobody should give it: exit code 0 or 2, one line where it is 2.

Numbers outside their bounds go through the parsers of all commands; paths that are none go through the commands that
analyse. What a training would take is tried as a configuration: nothing is trained here.
"""

import argparse
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nasbias.cli import list_commands, main
from nasbias.errors import InputError
from nasbias.finetune import Tuning
from nasbias.recipes import has_supernet, supernet_options
from nasbias.runs import Training
from nasbias.score import Scoring
from nasbias.spaces import get_space, list_spaces
from nasbias.tables import read_table
from nasbias.terminal import Parser
from nasbias.train import make_truth, train_run

pytestmark = pytest.mark.filterwarnings("ignore::nasbias.notices.Notice")
NO_NUMBERS = ("", "x", "nan", "inf", "-inf", "1e400", "9" * 400, "1_0", "٤", "0x1", "--1", "1 1", "[1]", "None")
PATHS = ("", "x" * 5000, "[/b]", "\x1b[2J", "/dev/zero", "/", ".", "folder", "pipe", "loop", "no/such", "text.txt/x",
         "text.txt", "empty.csv", "~nobody", "\u202eabc", "nan", "\udcff", "a\0b", "zeros.parquet")  # fmt: skip
NEW_FOLDERS = ("[/b]", "\x1b[2J", "no/such", "~nobody", "\u202eabc", "nan", "folder")
FILES = ("", "x" * 5000, "x" * 250, "/dev/full/x", "text.txt/x", "folder", "pipe", "loop", "a\0b")
ANALYSES = {
    "correlation": [],
    "stability": [],
    "bias": ["--draws", "1"],
    "report": ["--draws", "1", "--out", "r.html"],
    "figures": ["run_taus", "--out", "f.png"],
}


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with good and bad files in it, where the commands are run."""
    monkeypatch.chdir(tmp_path)
    names, rng = get_space("nb201").sample(30, seed=0), np.random.default_rng(0)
    for file, column in (("p.csv", "accuracy"), ("t.csv", "valid_accuracy")):
        pd.DataFrame({"architecture": names, column: rng.uniform(10, 90, 30)}).to_csv(file, index=False)
    os.mkfifo("pipe")
    Path("loop").symlink_to("loop")
    Path("folder").mkdir()
    Path("text.txt").write_text("hello\n")
    Path("empty.csv").touch()
    Path("zeros.parquet").write_bytes(bytes(1000))
    return tmp_path


def refused(argv, capsys):
    """Run a command that must not end well."""
    try:
        code = main(argv)
    except SystemExit as ended:  # argparse's own: --help
        code = ended.code
    printed = capsys.readouterr().err
    assert code == 2, (argv, printed)
    assert printed.count("\n") == 1, printed
    assert printed.startswith("nasbias: ")
    assert len(printed) < 2_200
    assert printed.strip().isprintable()


def parsers(monkeypatch):
    """The parser of every command and of every action of one, by what is typed."""
    built = []

    def parse_args(self, args=None, namespace=None):
        built.append(self)
        raise InputError("built")

    with monkeypatch.context() as patched:
        patched.setattr(Parser, "parse_args", parse_args)
        for name in list_commands():
            main([name])
            yield (name,), built.pop()


def numeric(parser):
    """The options of a parser, and of its actions, that take numbers."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                yield from numeric(inner)
        elif getattr(action.type, "__qualname__", "").startswith(("number.", "numbers.")):
            yield action


def test_a_number_that_is_none_is_refused_by_every_command(monkeypatch):
    tried = 0
    for call, parser in list(parsers(monkeypatch)):
        for action in numeric(parser):
            for value in NO_NUMBERS:
                if not value and action.type.__qualname__.startswith("numbers."):
                    continue  # an empty list
                with pytest.raises(argparse.ArgumentTypeError) as caught:
                    pytest.fail(f"{call} {action.option_strings}: {value!r} is read as {action.type(value)}")
                assert len(str(caught.value)) < 300
                tried += 1
    assert tried > 400


@pytest.mark.parametrize("option", ["--predictions", "--truth"])
@pytest.mark.parametrize("name", ANALYSES)
def test_a_path_that_is_none_is_refused_by_the_studies(name, option, place, capsys):
    for path in PATHS:
        given = {"--predictions": "p.csv", "--truth": "t.csv", option: path}
        words = [f"{key}={value}" for key, value in given.items()]
        words = [part for word in words for part in word.split("=", 1)]
        refused([name, *ANALYSES[name], "--space", "nb201", *words], capsys)
    assert not {path.name for path in place.iterdir()} & {"r.html", "f.png"}


@pytest.mark.parametrize("call", [("density",), ("pruning", "compare"), ("score",), ("finetune",)], ids=" ".join)
def test_a_path_that_is_no_run_is_refused(call, place, capsys):
    for path in PATHS:
        refused([*call, *(["--truth", "t.csv"] if call[0] not in ("score", "finetune") else []), "--", path], capsys)


@pytest.mark.parametrize(
    "call",
    [
        ("truth", "import", "nb201", "{}", "--name", "a"),
        ("truth", "import", "nb101", "{}", "--name", "a"),
        ("truth", "import", "darts", "{}", "--name", "a"),
        ("truth", "import", "nb-macro", "{}", "--name", "a"),
        ("truth", "import", "ptb", "{}", "--name", "a"),
        ("truth", "show", "{}"),
        ("truth", "remove", "{}"),
        ("datasets", "show", "{}"),
        ("train", "--out", "new", "--dataset", "{}"),
        ("train", "--out", "new", "--architectures", "{}"),
        ("train", "--out", "new", "--standalone", "{}"),
        ("train", "--out", "new", "--subset", "{}"),
        ("train", "--out", "new", "--space", "ptb", "--dataset", "{}"),
        ("train", "--out", "{}"),
    ],
    ids=" ".join,
)
def test_a_name_that_is_none_is_refused(call, place, capsys):
    *before, option = [word for word in call if word != "{}"] if call[-1] == "{}" else (*call, "")
    for path in PATHS:
        if (option == "--out" and path in NEW_FOLDERS) or (option in ("--architectures", "--standalone") and not path):
            continue
        words = [*before, f"{option}={path}"] if option.startswith("--") else [path if w == "{}" else w for w in call]
        refused(words, capsys)
    assert not (place / "new").exists()


OUTSIDE = [
    *[(Training, {name: value}) for name in ("epochs", "batch_size", "per_step", "prune_every") for value in (0, -1)],
    *[(Training, {name: value}) for name in ("seed", "split_seed", "init_seed") for value in (-1, 2**63, 10**400, 0.5)],
    *[(Training, {"learning_rate": value}) for value in (-1.0, np.nan, np.inf, "fast", None, 10**400)],
    *[(Training, {"momentum": value}) for value in (-0.1, 1.0, 2, np.nan)],
    *[(Training, {"weight_decay": value}) for value in (-1e-9, np.inf)],
    *[(Training, {"clip": -1.0}), (Training, {"crop": -1}), (Training, {"crop": 10**9}), (Training, {"cutout": -2})],
    *[(Training, {"device": value}) for value in ("foo", "cuda:7", "mps", "meta", "", 0)],
    *[(Training, {"checkpoints": value}) for value in ((-1,), (10**9,), 4, ("4",))],
    *[(Training, {"epochs": value}) for value in ("4", 4.0, True, 10**10)],
    *[(Training, {"resolution": value}) for value in (0, -1, 1.5)],
    *[(Training, {"order": value}) for value in ("any", "", 1, None, ["fair"])],
    *[(Scoring, {name: 0}) for name in ("sample", "recalibration_images", "valid_size", "processes")],
    *[(Scoring, {"processes": 10**6}), (Scoring, {"bn": "none"}), (Scoring, {"sample_seed": -1})],
    *[(Tuning, {name: 0}) for name in ("steps", "sample", "threads")],
    *[
        (supernet_options(space), {"bn_momentum": 2.0})
        for space in list_spaces()
        if has_supernet(space) and space != "ptb"
    ],
    *[(supernet_options("nb201"), {name: value}) for name in ("channels", "cells") for value in (0, -1, 10**6, 1.5)],
    *[(Training, {"network": value}) for value in (4, "x", [1], None)],
    *[(supernet_options("ptb"), {"dropout": value}) for value in (-0.1, 1.0, np.nan)],
]


@pytest.mark.parametrize(("config", "values"), OUTSIDE, ids=lambda value: str(value)[:50])
def test_a_configuration_outside_its_bounds_is_refused(config, values):
    with pytest.raises(InputError) as caught:
        config(**values)
    assert len(str(caught.value)) < 300


GIVEN = ["--space", "nb201", "--predictions", "p.csv", "--truth", "t.csv"]
WRITERS = {
    "correlation --out": (".csv", ["correlation", *GIVEN]),
    "stability --ranks": (".parquet", ["stability", *GIVEN]),
    "report --out": (".html", ["report", *GIVEN]),
    "figures --out": (".png", ["figures", "run_taus", *GIVEN]),
    "pruning --out": (".txt", ["pruning", "select", "--truth", "t.csv"]),
    "proxies --out": (".parquet", ["proxies", "--sample", "2"]),
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_place_where_no_file_can_be_written_is_refused(name, place, capsys):
    ending, call = WRITERS[name]
    for stem in FILES:
        path = stem + ending if stem else stem
        if stem == "loop":
            Path(path).symlink_to(path)
        elif stem in ("folder", "pipe"):
            Path(stem).rename(path)
        before = sorted(Path().iterdir())
        refused([*call, name.split()[1], path], capsys)
        assert sorted(Path().iterdir()) == before


def test_a_name_that_is_no_utf_8_is_one_for_a_table_and_none_for_a_run(place, capsys):
    assert main(["stability", *GIVEN, "--ranks", "\udcff.parquet"]) == 0 and len(read_table("\udcff.parquet")) == 30
    capsys.readouterr()
    refused(["score", "\udcff"], capsys)
    refused(["train", "--out", "\udcff"], capsys)


def test_runs_without_a_common_architecture_have_no_median(place, capsys):
    table = pd.read_csv("p.csv")
    table[:15].to_csv("a.csv", index=False)
    table[15:].to_csv("b.csv", index=False)
    assert main(["correlation", *GIVEN[:2], "--cross-run", "--truth", "t.csv", "--predictions", "a.csv", "b.csv"]) == 0
    assert "median nan" in capsys.readouterr().out


def test_a_gpu_that_is_not_there_is_refused(place, capsys, monkeypatch):
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for more in ([], ["--standalone-sample", "2", "--processes", "1"], ["--dry-run"]):
        refused(["train", "--train-size", "64", "--channels", "4", "--device", "cuda", "--out", "new", *more], capsys)


EDITED = ('epochs = "4"', "epochs = inf", "epochs = 0", "epochs = true", "checkpoints = 4", "seed = -1", "nonsense = 1",
          "space = 4", "= 1", "a = " + "[" * 5000, "\xff", "seed = " + "9" * 5000, "a" + ".a" * 10**5 + " = 1",
          "form = 99", "network = 4", "network = {nonsense = 1}", "network = {cells = true}",
          "epochs = 1\nepochs = 2")  # fmt: skip


@pytest.mark.parametrize("text", EDITED)
def test_a_config_file_that_was_edited_badly_is_refused_with_its_name(text, tmp_path, capsys):
    (tmp_path / "config.toml").write_bytes(text.encode("latin1"))
    refused(["score", str(tmp_path)], capsys)


def test_functions_hold_their_arguments_to_bounds_too(tmp_path):
    for threads in (0, -1, 10**6, 1024, 1.5, "1", True):
        with pytest.raises(InputError, match="threads (is|are)"):
            train_run(Training(), tmp_path / "run", threads=threads)  # pyright: ignore[reportArgumentType]
    for sample in (0, -1):
        with pytest.raises(InputError):
            make_truth(Training(), tmp_path / "truth", sample=sample)
    assert not list(tmp_path.iterdir())
