"""Work out an operation's nodes and points, and refuse lists without a proper size, before anything runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    Undefined,
    get_named_type,
    value_from_ast_untyped,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from graphql import DocumentNode, GraphQLNamedType, OperationDefinitionNode, SelectionSetNode, ValueNode

MOST_NODES, LARGEST_PAGE = 500_000, 100
COUNTS_ONLY = {"totalCount", "__typename"}


@dataclass(frozen=True, slots=True)
class Cost:
    """Requests are one per connection, times the sizes of those around it; a hundred of them are one point."""

    nodes: int
    requests: int

    @property
    def points(self) -> int:
        return max(1, int(self.requests / 100 + 0.5))


@dataclass(frozen=True, slots=True)
class SizeRefused(Exception):
    kind: str
    message: str
    path: tuple[str, ...]
    field: FieldNode | None


class Estimate:
    """https://docs.github.com/en/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api"""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode, variables: Mapping[str, Any]) -> None:
        self._schema = schema
        self._variables = variables
        self._fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
        self._nodes = self._requests = 0

    def of(self, operation: OperationDefinitionNode) -> Cost:
        root = self._schema.get_root_type(operation.operation)
        assert root is not None, operation.operation
        self._walk(operation.selection_set, root, 1, ())
        if self._nodes > MOST_NODES:
            text = (
                f"This query requests up to {self._nodes:,} possible nodes which exceeds the maximum limit of 500,000."
            )
            raise SizeRefused("MAX_NODE_LIMIT_EXCEEDED", text, (), None)
        return Cost(self._nodes, self._requests)

    def _walk(self, selections: SelectionSetNode, parent: GraphQLNamedType, times: int, path: tuple[str, ...]) -> None:
        for field, owner in self._fields(selections, parent):
            definition = getattr(owner, "fields", {}).get(field.name.value)
            if definition is None or field.selection_set is None:
                continue
            here = (*path, field.alias.value if field.alias else field.name.value)
            inner = get_named_type(definition.type)
            arguments = {given.name.value: self._value(given.value) for given in field.arguments or ()}
            many = times
            if inner.name.endswith("Connection"):
                many = times * self._size(field, arguments, here)
                self._requests += times
                self._nodes += many
            elif field.name.value == "nodes" and owner is self._schema.query_type:
                many = times * len(arguments.get("ids") or ())
                self._nodes += many
            self._walk(field.selection_set, inner, many, here)

    def _fields(
        self, selections: SelectionSetNode, parent: GraphQLNamedType
    ) -> Iterator[tuple[FieldNode, GraphQLNamedType]]:
        for node in selections.selections:
            if not self._included(node):
                continue
            match node:
                case FieldNode():
                    yield node, parent
                case InlineFragmentNode(type_condition=condition):
                    named = self._schema.type_map[condition.name.value] if condition else parent
                    yield from self._fields(node.selection_set, named)
                case FragmentSpreadNode(name=name):
                    fragment = self._fragments[name.value]
                    named = self._schema.type_map[fragment.type_condition.name.value]
                    yield from self._fields(fragment.selection_set, named)

    def _value(self, node: ValueNode) -> Any:
        """A variable that was not given is null."""
        value = value_from_ast_untyped(node, dict(self._variables))
        return None if value is Undefined else value

    def _included(self, node: Any) -> bool:
        for directive in node.directives or ():
            switch = self._value(directive.arguments[0].value)
            if (directive.name.value, bool(switch)) in {("include", False), ("skip", True)}:
                return False
        return True

    def _size(self, field: FieldNode, arguments: Mapping[str, Any], path: tuple[str, ...]) -> int:
        name = field.name.value
        first, last = arguments.get("first"), arguments.get("last")
        if first is None and last is None:
            if field.selection_set and self._only_counts(field.selection_set):
                return 0
            text = f"You must provide a `first` or `last` value to properly paginate the `{name}` connection."
            raise SizeRefused("MISSING_PAGINATION_BOUNDARIES", text, path, field)
        if first is not None and last is not None:
            text = f"Passing both `first` and `last` to paginate the `{name}` connection is not supported."
            raise SizeRefused("INVALID_PAGINATION_BOUNDARIES", text, path, field)
        which, size = ("first", first) if first is not None else ("last", last)
        if not isinstance(size, int):
            return 0  # no operation runs with a variable of the wrong type
        if size > LARGEST_PAGE:
            text = f"Requesting {size} records on the `{name}` connection exceeds the `{which}` limit of 100 records."
            raise SizeRefused("EXCESSIVE_PAGINATION", text, path, field)
        if size < 1:
            text = f"`{which}` on the `{name}` connection cannot be less than one."
            raise SizeRefused("INVALID_PAGINATION_BOUNDARIES", text, path, field)
        return size

    def _only_counts(self, selections: SelectionSetNode) -> bool:
        return all(isinstance(node, FieldNode) and node.name.value in COUNTS_ONLY for node in selections.selections)
