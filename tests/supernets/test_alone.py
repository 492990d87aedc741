"""`nasbias.build`: stand-alone networks as ordinary modules."""

import subprocess
import sys

import pytest

torch = pytest.importorskip("torch")

import nasbias  # noqa: E402
from nasbias.errors import InputError  # noqa: E402
from nasbias.spaces import get_space  # noqa: E402
from nasbias.supernets import count_parameters, task_of  # noqa: E402
from tests.small import IMAGES, OPTIONS, SPACES  # noqa: E402


def small_options(space):
    from nasbias.recipes import supernet_options

    known = supernet_options(space).__dataclass_fields__
    return {name: value for name, value in OPTIONS.items() if name in known}


@pytest.mark.parametrize("space", SPACES)
def test_any_architecture_of_any_space_has_as_many_parameters_as_the_benchmark_says(space):
    for architecture in get_space(space).sample(2, seed=4):
        described = get_space(space).describe([architecture])
        network = nasbias.build(space, architecture)
        assert count_parameters(network) == described["params"].iloc[0]
        assert network.architecture == architecture and architecture in repr(network)


@pytest.mark.parametrize("space", IMAGES)
def test_an_image_network_is_called_with_images_alone_and_learns(space):
    torch.manual_seed(0)
    network = nasbias.build(get_space(space), get_space(space).sample(1, seed=0)[0], classes=4, **small_options(space))
    optimizer = torch.optim.SGD(network.parameters(), lr=0.05)
    x, y = torch.randn(16, 3, 8, 8), torch.arange(16) % 4
    losses = []
    for _ in range(12):
        optimizer.zero_grad()
        losses.append(torch.nn.functional.cross_entropy(network(x), y))
        losses[-1].backward()
        optimizer.step()
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("space", [name for name in SPACES if task_of(name) == "text"])
def test_a_text_network_goes_on_from_its_state(space):
    network = nasbias.build(space, get_space(space).sample(1, seed=0)[0], **small_options(space)).eval()
    words = torch.randint(50, (6, 2))
    whole, _ = network(words)
    first, state = network(words[:3])
    second, _ = network(words[3:], state)
    assert whole.shape == (6, 2, 50)
    torch.testing.assert_close(torch.cat([first, second]), whole)


def test_every_notation_builds_the_same_network_and_a_state_dict_travels():
    text = get_space("nb201").architectures()["architecture"][42]
    first, second = (nasbias.build("nb201", each, channels=4, cells=1) for each in (text, 42))
    second.load_state_dict(first.state_dict())
    x = torch.randn(2, 3, 8, 8)
    assert torch.equal(first.eval()(x), second.eval()(x))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"space": "nb202"}, "unknown space"),
        ({"space": "nb-macro"}, "no supernet"),
        ({"architecture": "|x|"}, "nb201"),
        ({"chanels": 3}, "unknown option of nb201's network 'chanels'. Did you mean channels"),
        ({"classes": 0}, "classes is 0"),
        ({"channels": 0}, "channels is 0"),
    ],
)
def test_what_can_not_be_built_is_refused_in_one_line(arguments, says):
    with pytest.raises(InputError, match=says):
        nasbias.build(**{"space": "nb201", "architecture": "0"} | arguments)


def test_the_name_is_there_without_torch_and_its_use_names_the_remedy():
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "import nasbias\n"
        "assert 'build' in dir(nasbias)\n"
        "try: nasbias.build\n"
        "except nasbias.InputError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'nasbias[train]'" in done.stdout
