"""How an architecture is wired: the nodes and edges of its cells, what stands on each, and which of it does nothing.

A space lists its `cells` once, in terms of its decisions; `wire` fills in the choices of one architecture. Both are
plain data, so that a drawing needs to know no space.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Node:
    """A place in a cell. It shows `text`, or the value of a decision; a node whose value is `idle` only hands on."""

    text: str = ""
    decision: str | None = None
    idle: str | None = None


@dataclass(frozen=True)
class Edge:
    """From `source` (a node, or the decision whose value names it, several joined by "+") to the node `target`; the
    decision's value is the operation on it."""

    source: int | str
    target: int
    decision: str | None = None


@dataclass(frozen=True)
class Cell:
    """A cell of a space: its nodes in topological order, its edges, where it is fed and where it is read."""

    title: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    inputs: tuple[int, ...] = (0,)
    outputs: tuple[int, ...] = (-1,)
    note: str = ""


@dataclass(frozen=True)
class WiredNode:
    text: str
    is_dead: bool


@dataclass(frozen=True)
class Wire:
    source: int
    target: int
    text: str  # the operation, where it stands on the edge
    is_dead: bool


@dataclass(frozen=True)
class Wiring:
    """One cell of one architecture. Dead is what no input reaches or no output reads, and what computes nothing."""

    title: str
    nodes: tuple[WiredNode, ...]
    wires: tuple[Wire, ...]
    note: str = ""


def chain(title: str, names: Sequence[str], idle: str | None = None, never_idle: Collection[int] = (0,)) -> Cell:
    """A cell of one node per decision, one after the other.

    Args:
        idle: the value that only hands on, except in the places `never_idle`.
    """
    nodes = tuple(Node(decision=name, idle=None if i in never_idle else idle) for i, name in enumerate(names))
    return Cell(title, nodes, tuple(Edge(i, i + 1) for i in range(len(nodes) - 1)))


def wire(cells: Sequence[Cell], values: Mapping[str, str], nothing: Collection[str] = ()) -> tuple[Wiring, ...]:
    """The cells of the architecture that chose `values` (decision -> value).

    Args:
        nothing: operations that compute nothing, so that an edge with one is none.
    """
    return tuple(_wire(cell, values, nothing) for cell in cells)


def _wire(cell: Cell, values: Mapping[str, str], nothing: Collection[str]) -> Wiring:
    edges = []
    for edge in cell.edges:
        for source in _sources(edge, values):
            edges.append((source, edge.target, values[edge.decision] if edge.decision else ""))
    living = [(source, target) for source, target, text in edges if text not in nothing]
    fed = set(cell.inputs)
    for node in range(len(cell.nodes)):  # in topological order
        if any(target == node and source in fed for source, target in living):
            fed.add(node)
    read = {place % len(cell.nodes) for place in cell.outputs}
    for node in reversed(range(len(cell.nodes))):
        if any(source == node and target in read for source, target in living):
            read.add(node)
    nodes = []
    for place, node in enumerate(cell.nodes):
        text = values[node.decision] if node.decision else node.text
        nodes.append(WiredNode(text, place not in fed & read or (node.idle is not None and text == node.idle)))
    wires = [
        Wire(source, target, text, text in nothing or source not in fed or target not in read)
        for source, target, text in edges
    ]
    return Wiring(cell.title, tuple(nodes), tuple(wires), cell.note)


def _sources(edge: Edge, values: Mapping[str, str]) -> Iterator[int]:
    if isinstance(edge.source, int):
        yield edge.source
    else:
        yield from map(int, values[edge.source].split("+"))
