"""Shell completion, in a real bash."""

import shutil
import subprocess

import pytest

from nasbias.cli import list_commands
from nasbias.completion import main, parser_of, words_of, write_completion


@pytest.fixture(scope="module")
def script():
    return write_completion()


@pytest.mark.parametrize(
    ("typed", "offered", "not_offered"),
    [
        (["nasbias", "corr"], {"correlation"}, {"bias"}),
        (["nasbias", ""], set(list_commands()), set()),
        (["nasbias", "correlation", "--pre"], {"--predictions"}, {"--space"}),
        (["nasbias", "truth", "imp"], {"import"}, {"list"}),
        (["nasbias", "bias", "--qu"], {"--quiet"}, set()),
    ],
)
def test_bash_offers_commands_actions_and_options(typed, offered, not_offered, script):
    if shutil.which("bash") is None:
        pytest.skip("no bash")
    words = " ".join(f"'{word}'" for word in typed)
    code = f'{script}\nCOMP_WORDS=({words}); COMP_CWORD={len(typed) - 1}; _nasbias; printf "%s\\n" "${{COMPREPLY[@]}}"'
    done = subprocess.run(["bash", "-c", code], capture_output=True, text=True, check=True)
    found = set(done.stdout.split())
    assert offered <= found and not not_offered & found


def test_the_command_prints_the_script_and_nothing_is_carried_out(capsys):
    assert main(["zsh"]) == 0
    assert capsys.readouterr().out.rstrip().endswith("complete -o default -F _nasbias nasbias")
    assert "--space" in words_of(parser_of("stability"))
    assert main(["fish"]) == 2
