import importlib.util
import re
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_an_example_of_the_readme_runs(number, capsys):
    if importlib.util.find_spec("analognasbench") is None:
        pytest.skip("the example reads the analog-nasbench wheel")
    exec(EXAMPLES[number], {})
    assert capsys.readouterr().out


def test_the_readme_names_only_commands_that_exist():
    text = README.read_text()
    for module in set(re.findall(r"python -m (nasbias\.\w+)", text)):
        assert (Path(__file__).parents[1] / (module.replace(".", "/") + ".py")).exists() or (
            Path(__file__).parents[1] / module.replace(".", "/") / "__main__.py"
        ).exists()
