import pytest

torch = pytest.importorskip("torch")

from nasbias.scoring.darts64 import describe  # noqa: E402
from nasbias.scoring.folding import Unit  # noqa: E402
from nasbias.scoring.program import Program  # noqa: E402
from nasbias.spaces import get_space  # noqa: E402
from nasbias.supernets.darts64 import Network, Options  # noqa: E402


def test_the_64_architectures_share_the_stem_and_24_operations_of_the_first_cell():
    space, network, program = get_space("darts64"), Network(Options(channels=2, cells=1)), Program({})
    population = space.population()
    assert population is not None
    logits = {describe(network, choice, program) for choice in map(tuple, population.tolist())}
    assert len(logits) == 64
    units = [operation for operation, _ in program.steps if isinstance(operation, Unit)]
    # 4 operations on two edges, 16 on the third; both undilated ones have two rounds, with a BN each.
    assert len(units) == 2 + 1 + (4 + 4 + 16) * 6 / 4


def test_cells_that_add_their_outputs_as_in_the_paper_are_described_too():
    network, program = Network(Options(channels=2, cells=2, output="sum")), Program({})
    assert describe(network, (0, 1, 2), program) == describe(network, (0, 1, 2), program)
    assert torch.add in [operation for operation, _ in program.steps]
