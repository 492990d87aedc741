"""The mutants of a module: mutmut's changes, drawn with a seed, those left out that change nothing a test could see."""
# pyright: reportMissingImports=false

import random
import re
from dataclasses import dataclass

ENCODING = re.compile(r',? ?encoding=("[^"]*"|None)')  # UTF-8 is the default wherever this runs


@dataclass(frozen=True)
class Mutant:
    """One change: its number among the module's mutants, the line (from 1), and that line before and after."""

    number: int
    line: int
    before: str
    after: str
    source: str


def draw_mutants(source: str, sample: int, seed: int) -> tuple[list[Mutant], int]:
    """`sample` of the mutants of a module's source in an order that `seed` fixes, and how many changes there are."""
    import libcst as cst
    from libcst.metadata import MetadataWrapper, PositionProvider
    from mutmut.mutation.file_mutation import MutationVisitor
    from mutmut.mutation.mutators import mutation_operators
    from mutmut.mutation.pragma_handling import IgnoredCode

    class Everything(MutationVisitor):
        def _skip_node_and_children(self, node: cst.CSTNode) -> bool:
            if isinstance(node, cst.Decorator):
                return "dataclass" in cst.Module([]).code_for_node(node)
            if isinstance(node, cst.FunctionDef | cst.Param):
                return False
            return super()._skip_node_and_children(node)

    wrapper = MetadataWrapper(cst.parse_module(source))
    visitor = Everything(mutation_operators, IgnoredCode(set(), set(), set()))
    wrapper.visit(visitor)
    positions = wrapper.resolve(PositionProvider)
    lines = source.splitlines()
    found = []
    changes = list(enumerate(visitor.mutations))
    random.Random(seed).shuffle(changes)
    for number, mutation in changes:
        if len(found) == sample:
            break
        node, changed = mutation.original_node, mutation.mutated_node
        if isinstance(node, cst.SimpleString) and " " in node.value and changed.value != node.value.upper():
            continue
        line = positions[node].start.line
        if lines[line - 1].startswith("__all__"):
            continue
        mutated = wrapper.module.deep_replace(node, changed).code
        if ENCODING.sub("", mutated) == ENCODING.sub("", source):
            continue
        before, after = _first_difference(lines, mutated.splitlines(), line)
        found.append(Mutant(number, line, before, after, mutated))
    return found, len(changes)


def _first_difference(lines: list[str], mutated: list[str], line: int) -> tuple[str, str]:
    for before, after in zip(lines, mutated, strict=False):
        if before != after:
            return before.strip(), after.strip()
    return lines[line - 1].strip(), ""
