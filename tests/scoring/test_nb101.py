import pytest

torch = pytest.importorskip("torch")

from nasbias.scoring.nb101 import describe  # noqa: E402
from nasbias.scoring.program import Program  # noqa: E402
from nasbias.spaces import get_space  # noqa: E402
from nasbias.supernets.nb101 import Network, Options  # noqa: E402


def test_cells_that_differ_in_their_last_vertex_alone_share_all_before_it():
    space = get_space("nb101")
    network, program = Network(Options(channels=4, stacks=1, cells=1)), Program({})
    choice = tuple(space.encode([space.sample(1, seed=0)[0]])[0].tolist())
    describe(network, choice, program)
    before = len(program.steps)
    describe(network, (*choice[:4], (choice[4] + 1) % 3, *choice[5:]), program)
    # The last vertex (convolution and ReLU, or pooling), what joins it to the output, and the classifier.
    assert len(program.steps) - before <= 4
