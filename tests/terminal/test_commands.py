import argparse
import subprocess
import sys
from pathlib import Path

import pytest

from nasbias.cli import list_commands, main
from nasbias.terminal import Parser

ROOT = Path(__file__).parents[2]
ACTIONS = {
    "truth": ("import", "list", "show", "fetch"),
    "datasets": ("fetch", "list", "show"),
    "pruning": ("select", "compare"),
}
CALLS = [
    (name, *action) for name in list_commands() for action in [(), *((action,) for action in ACTIONS.get(name, ()))]
]


@pytest.fixture
def parser_of(monkeypatch):
    """The parser that a command builds, without carrying the command out."""

    def build(*call):
        built = []

        def parse_args(self, args=None, namespace=None):
            built.append(self)
            raise SystemExit(0)

        monkeypatch.setattr(Parser, "parse_args", parse_args)
        with pytest.raises(SystemExit):
            main(list(call[:1]))
        parser = built[0]
        for action in call[1:]:
            actions = next(one for one in parser._actions if isinstance(one, argparse._SubParsersAction))
            parser = actions.choices[action]
        return parser

    return build


@pytest.mark.parametrize("call", CALLS, ids=" ".join)
def test_help_ends_well_and_has_an_example(call, capsys):
    with pytest.raises(SystemExit, match="0"):
        main([*call, "--help"])
    printed = capsys.readouterr().out
    assert printed.startswith("usage: python -m nasbias.")
    if len(call) == 1:
        assert f"example:\n  python -m nasbias.{call[0]} " in printed


@pytest.mark.parametrize("call", CALLS, ids=" ".join)
def test_every_option_has_a_help_text_that_says_its_default(call, parser_of):
    silent = []
    for action in parser_of(*call)._actions:
        text = action.help or ""
        if isinstance(action, argparse._SubParsersAction) or action.dest == "help":
            continue
        said = "default" in text or "(required)" in text or not action.option_strings
        if not text or not said:
            silent.append(f"{action.option_strings or action.dest}: {text}")
    assert not silent


@pytest.mark.parametrize("call", CALLS, ids=" ".join)
def test_the_default_that_help_says_is_the_real_one(call, parser_of):
    for action in parser_of(*call)._actions:
        said = (action.help or "").rpartition("(default: ")[2].rstrip(")")
        if not action.option_strings or "(default: " not in (action.help or "") or action.dest in ("help", "format"):
            continue
        if isinstance(action.default, bool):
            assert said.split(" ")[0] in {True: ("yes",), False: ("no", "those")}[action.default], action.dest
        elif isinstance(action.default, (int, float)):
            assert said.startswith(str(action.default)), action.dest
        elif isinstance(action.default, tuple):
            assert said == (",".join(map(str, action.default)) or "none"), action.dest
        elif isinstance(action.default, str):
            assert said == action.default.replace("%", "%%"), action.dest


@pytest.mark.parametrize("call", CALLS, ids=" ".join)
def test_an_unknown_option_is_one_line_and_code_2(call, capsys):
    assert main([*call, "--no-such-option"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1


def test_one_option_has_one_meaning_over_all_commands(parser_of):
    kinds = {}
    for call in CALLS:
        for action in parser_of(*call)._actions:
            for option in action.option_strings:
                kinds.setdefault(option, {}).setdefault((action.dest, action.type), []).append(" ".join(call))
    one_name = ("--space", "--truth", "--dataset", "--budget", "--split", "--truth-sample", "--epoch", "--checkpoints")
    for option in (*one_name, "--sample", "--sample-seed", "--bn", "--top", "--wide", "--format", "--processes"):
        dests = {dest for dest, _ in kinds[option]}
        assert len(dests) == 1, (option, kinds[option])
    for option in ("--epochs", "--scores", "-k"):
        assert set().union(*kinds.get(option, {}).values()) <= {"train"}, option


@pytest.mark.parametrize("call", CALLS, ids=" ".join)
def test_help_imports_nothing_slow(call):
    code = (
        f"import sys\nfrom nasbias.cli import main\ntry: main([*{call!r}, '--help'])\nexcept SystemExit: pass\n"
        "slow = {'scipy.stats', 'scipy.optimize', 'torch', 'matplotlib', 'requests', 'sklearn', 'rich'}\n"
        "sys.exit(','.join(slow & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_package_is_a_command_and_says_its_version():
    done = subprocess.run([sys.executable, "-m", "nasbias", "--version"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0
    assert done.stdout.startswith("nasbias 0.")
    assert "numpy" in done.stdout
    done = subprocess.run([sys.executable, "-m", "nasbias"], cwd=ROOT, capture_output=True, text=True)
    assert all(name in done.stdout for name in list_commands())
