"""A small tree of XML elements by their local names, whatever prefix they had."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_NOTHING: Mapping[str, str] = {}


class Node:
    """One element; children are found by paths such as 'Refs/AcctSvcrRef'."""

    __slots__ = ("attributes", "children", "name", "text")

    def __init__(self, name: str, attributes: Mapping[str, str] | None = None) -> None:
        self.name = name
        self.attributes = attributes or _NOTHING
        self.children: Sequence[Node] = ()
        self.text = ""

    def add(self, child: Node) -> None:
        """Append a child; most elements have none, and so no list."""
        if isinstance(self.children, list):
            self.children.append(child)
        else:
            self.children = [child]

    def all(self, path: str) -> Iterator[Node]:
        """Find every element under a path, in the order of the document."""
        head, _, rest = path.partition("/")
        for child in self.children:
            if child.name == head:
                if rest:
                    yield from child.all(rest)
                else:
                    yield child

    def first(self, path: str) -> Node | None:
        """Find the first element under a path."""
        return next(self.all(path), None)

    def value(self, path: str) -> str:
        """Return the text of the first element under a path, '' if there is none."""
        node = self.first(path)
        return "" if node is None else node.text.strip()

    def values(self, path: str) -> tuple[str, ...]:
        """Return the texts of all elements under a path that have one."""
        return tuple(text for node in self.all(path) if (text := node.text.strip()))
