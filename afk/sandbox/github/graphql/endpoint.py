"""Parse, measure, charge and execute one GraphQL operation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphql import (
    ExecutionResult,
    FieldNode,
    GraphQLError,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    OperationType,
    build_schema,
    execute,
    get_operation_ast,
    parse,
    validate,
    value_from_ast_untyped,
)

from afk.sandbox.github.access import Refusal
from afk.sandbox.github.graphql import commits, events, fields, issues, mutations, places
from afk.sandbox.github.graphql.context import Asking, FieldRefused
from afk.sandbox.github.graphql.cost import Cost, Estimate, SizeRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphql import DocumentNode

    from afk.sandbox.github.access import Token
    from afk.sandbox.github.forge import Forge
    from afk.sandbox.github.graphql.context import Info
    from afk.sandbox.github.graphql.faults import GraphqlFault

Json = dict[str, Any]
SCHEMA = build_schema(Path(__file__).with_name("schema.graphql").read_text(encoding="utf-8"))
RULED_BY = (commits, events, issues, mutations, places)  # importing them fills the rules
UNKNOWN_FIELD = "Cannot query field"
CONTENT = ("addComment",)


def answer(forge: Forge, token: Token, body: bytes) -> Json:
    """The JSON of a 200. A body that is no operation at all is refused with another status."""
    text, variables, name = _read(body)
    try:
        document = parse(text)
    except GraphQLSyntaxError as error:
        return {"errors": [{"message": f"Parse error: {error.message}", "locations": _locations(error)}]}
    problems = validate(SCHEMA, document)
    if problems:
        return {"errors": [_validation_error(error) for error in problems]}
    operation = get_operation_ast(document, name)
    if operation is None:
        return {
            "errors": [{"message": "An operation name is required" if name is None else f"No operation named {name!r}"}]
        }
    try:
        cost = Estimate(SCHEMA, document, {**_defaults(operation), **variables}).of(operation)
    except SizeRefused as refused:
        return {"errors": [_size_error(refused)]}
    return _charge_and_run(forge, token, document, operation, variables, cost)


def _charge_and_run(
    forge: Forge, token: Token, document: DocumentNode, operation: OperationDefinitionNode, variables: Json, cost: Cost
) -> Json:
    write = operation.operation is OperationType.MUTATION
    content = any(
        isinstance(node, FieldNode) and node.name.value in CONTENT for node in operation.selection_set.selections
    )
    forge.limits.check_pace(token, "graphql", write=write, content=content)
    if not forge.limits.spend_graphql(token, cost.points):
        text = f"API rate limit already exceeded for user ID {token.actor.id}."
        return {"errors": [{"type": forge.rate_limit_type, "code": "graphql_rate_limit", "message": text}]}
    name = operation.name.value if operation.name else ""
    faults = forge.graphql_faults.take(name)
    total = [fault for fault in faults if not fault.path]
    if total:
        return {"data": None, "errors": [_fault_error(fault) for fault in total]}
    result = execute(
        SCHEMA,
        document,
        context_value=Asking(forge, token, cost),
        variable_values=variables,
        operation_name=name or None,
        field_resolver=fields.resolve,
        type_resolver=fields.type_name,
        middleware=_meddler(faults),
    )
    assert isinstance(result, ExecutionResult), "no resolver is a coroutine"
    return _render(result)


def _meddler(faults: list[GraphqlFault]) -> list[Callable[..., Any]]:
    by_path = {fault.path: fault for fault in faults}

    def meddle(resolver: Callable[..., Any], source: Any, info: Info, **arguments: Any) -> Any:
        here = ".".join(str(key) for key in info.path.as_list() if isinstance(key, str))
        if here in by_path:
            fault = by_path[here]
            raise FieldRefused(fault.kind or "", fault.message)
        return resolver(source, info, **arguments)

    return [meddle] if by_path else []


def _read(body: bytes) -> tuple[str, Json, str | None]:
    try:
        given = json.loads(body)
    except ValueError as error:
        raise Refusal(400, "Problems parsing JSON") from error
    if not isinstance(given, dict) or not isinstance(given.get("query"), str):
        raise Refusal(400, "A query attribute must be specified and must be a string.")
    return given["query"], given.get("variables") or {}, given.get("operationName")


def _defaults(operation: OperationDefinitionNode) -> Json:
    return {
        one.variable.name.value: value_from_ast_untyped(one.default_value)
        for one in operation.variable_definitions or ()
        if one.default_value is not None
    }


def _render(result: ExecutionResult) -> Json:
    if result.errors and result.data is None and not any(error.path for error in result.errors):
        return {"errors": [_variable_error(error) for error in result.errors]}
    shape: Json = {"data": result.data}
    if result.errors:
        shape["errors"] = [_execution_error(error) for error in result.errors]
    return shape


def _execution_error(error: GraphQLError) -> Json:
    original = error.original_error or error
    kind = original.kind if isinstance(original, FieldRefused) else None
    if kind is None and not isinstance(original, FieldRefused):
        raise original  # a bug of the sandbox must not look like an answer of GitHub
    head: Json = {"type": kind} if kind else {}
    extensions = {"extensions": {"saml_failure": False}} if kind == "FORBIDDEN" else {}
    return {**head, "path": error.path, **extensions, "locations": _locations(error), "message": error.message}


def _validation_error(error: GraphQLError) -> Json:
    """No data comes with these. Unknown fields get GitHub's own wording."""
    node = error.nodes[0] if error.nodes else None
    if error.message.startswith(UNKNOWN_FIELD) and isinstance(node, FieldNode):
        field = node.name.value
        owner = error.message.split("on type ")[1].split("'")[1]
        codes = {"code": "undefinedField", "typeName": owner, "fieldName": field}
        text = f"Field '{field}' doesn't exist on type '{owner}'"
        return {"path": ["query", field], "extensions": codes, "locations": _locations(error), "message": text}
    return {"path": ["query"], "locations": _locations(error), "message": error.message}


def _variable_error(error: GraphQLError) -> Json:
    return {"path": ["query"], "extensions": {"value": None}, "locations": _locations(error), "message": error.message}


def _size_error(refused: SizeRefused) -> Json:
    node = refused.field
    where = [{"line": node.loc.start_token.line, "column": node.loc.start_token.column}] if node and node.loc else []
    return {"type": refused.kind, "path": list(refused.path), "locations": where, "message": refused.message}


def _fault_error(fault: GraphqlFault) -> Json:
    return {**({"type": fault.kind} if fault.kind else {}), "message": fault.message}


def _locations(error: GraphQLError) -> list[Json]:
    return [{"line": one.line, "column": one.column} for one in error.locations or ()]
