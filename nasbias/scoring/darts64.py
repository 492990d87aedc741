"""Fast scoring of P1's 64 architectures: equal to the plain engine (1e-4).

All share the stem and the input of the first cell, where 24 operations stand for 192 (`nasbias.scoring.program`).
"""

from nasbias.scoring import program
from nasbias.scoring._separable import describe_separable
from nasbias.scoring.program import Classify, Program
from nasbias.supernets import Choice
from nasbias.supernets.darts64 import Cell, Network, PoolBN


def describe(network: Network, choice: Choice, program: Program) -> int:
    """An architecture's logits."""
    x = program.normalise_each(0, network.stem)
    for cell in network.cells:
        assert isinstance(cell, Cell)
        x0 = program.normalise(program.relu(x), [cell.conv], cell.bn)
        x1 = _operate(program, cell, 0, choice, x0)
        x2 = program.add(_operate(program, cell, 1, choice, x0), _operate(program, cell, 2, choice, x1))
        x = program.concatenate(x1, x2) if cell.concatenates else program.add(x1, x2)
    return program.apply(Classify(network.classifier), x)


def _operate(steps: Program, cell: Cell, edge: int, choice: Choice, x: int) -> int:
    operation = cell.get_submodule(f"edges.{edge}.{choice[edge]}")
    if isinstance(operation, PoolBN):
        return steps.normalise(steps.apply(program.max_pool, x), [], operation.bn)
    return describe_separable(steps, operation, x)


ENGINES = {"fast": program.Engine(describe)}
