"""Fast scoring of NAS-Bench-101: equal to the plain engine (1e-4).

Cells that begin alike share what they have in common of the first stack, the stem and the projections of its output
among it (`nasbias.scoring.program`); architectures are sorted by their codes, and so by their first vertices.
"""

from torch import nn

from nasbias.scoring import program
from nasbias.scoring.program import Classify, Program
from nasbias.supernets import Choice
from nasbias.supernets.nb101 import KERNEL, VERTICES, Cell, ConvBNReLU, Network, parents_of


def describe(network: Network, choice: Choice, program: Program) -> int:
    """An architecture's logits."""
    x = _convolve(program, network.stem, 0)
    for block in network.blocks:
        x = _describe_cell(program, block, choice, x) if isinstance(block, Cell) else program.apply(block, x)
    return program.apply(Classify(network.classifier), x)


def _describe_cell(steps: Program, cell: Cell, choice: Choice, x: int) -> int:
    values = [x]
    for v in VERTICES:
        first, *others = [
            _convolve(steps, cell.projections[str(v)], x) if u == 0 else values[u] for u in parents_of(v, choice[v + 3])
        ]
        for other in others:
            first = steps.add(first, other)
        op = choice[v - 1]
        values.append(
            _convolve(steps, cell.convolution(v, op), first) if op in KERNEL else steps.apply(program.max_pool, first)
        )
    return steps.concatenate(*(values[u] for u in parents_of(6, choice[9])))


def _convolve(steps: Program, module: nn.Module, x: int) -> int:
    assert isinstance(module, ConvBNReLU)
    return steps.relu(steps.normalise(x, [module.conv], module.bn))


ENGINES = {"fast": program.Engine(describe)}
