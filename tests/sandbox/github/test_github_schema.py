"""Every field of every type in the schema can be asked for, and the types are GitHub's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from graphql import GraphQLObjectType, GraphQLUnionType, get_named_type, is_leaf_type, is_required_argument

from afk.sandbox.github.graphql.endpoint import SCHEMA
from tests.sandbox.github.conftest import Hub, data

if TYPE_CHECKING:
    import httpx
    from graphql import GraphQLField

UNREACHED = {"Mannequin", "ProjectV2"}  # they exist in the schema for fragments alone
NODES = sorted(
    name
    for name, kind in SCHEMA.type_map.items()
    if isinstance(kind, GraphQLObjectType) and any(one.name == "Node" for one in kind.interfaces)
)
BY_PATH = {
    "Ref": "defaultBranchRef { %s }",
    "Status": 'object(expression: "main") { ... on Commit { status { %s } } }',
    "StatusCheckRollup": 'object(expression: "main") { ... on Commit { statusCheckRollup { %s } } }',
    "StatusContext": 'object(expression: "main") { ... on Commit { status { contexts { %s } } } }',
    "UserContentEdit": "issue(number: 1) { userContentEdits(first: 1) { nodes { %s } } }",
}
# Facts that code which compiles against a wrong schema would get wrong (published schema, 2025 and 2026).
TYPES = {
    "LabeledEvent": {
        "actor": "Actor",
        "createdAt": "DateTime!",
        "id": "ID!",
        "label": "Label!",
        "labelable": "Labelable!",
    },
    "Issue": {"blockedBy": "IssueConnection!", "labels": "LabelConnection", "author": "Actor", "editor": "Actor"},
    "IssueDependenciesSummary": dict.fromkeys(("blockedBy", "blocking", "totalBlockedBy", "totalBlocking"), "Int!"),
    "Repository": {"collaborators": "RepositoryCollaboratorConnection", "issues": "IssueConnection!", "issue": "Issue"},
    "Commit": {"statusCheckRollup": "StatusCheckRollup", "checkSuites": "CheckSuiteConnection", "status": "Status"},
    "CheckSuite": {"app": "App", "workflowRun": "WorkflowRun", "conclusion": "CheckConclusionState"},
    "ClosedEvent": {"closer": "Closer", "actor": "Actor", "stateReason": "IssueStateReason"},
    "ReferencedEvent": {"commit": "Commit", "commitRepository": "Repository!", "isDirectReference": "Boolean!"},
    "Query": {
        "node": "Node",
        "nodes": "[Node]!",
        "repository": "Repository",
        "viewer": "User!",
        "rateLimit": "RateLimit",
    },
}


@pytest.mark.parametrize("name", TYPES)
def test_types_are_as_nullable_as_published(name: str):
    fields = SCHEMA.type_map[name].fields  # type: ignore[attr-defined]

    assert {field: str(fields[field].type) for field in TYPES[name]} == TYPES[name]


def test_a_labeled_event_has_these_fields_and_no_other():
    kind = SCHEMA.type_map["LabeledEvent"]

    assert isinstance(kind, GraphQLObjectType)
    assert set(kind.fields) == set(TYPES["LabeledEvent"])


@pytest.fixture
def busy(hub: Hub) -> Hub:
    """A repository in which everything happened that leaves a record."""
    server = hub.server
    server.create_organization("acme")
    for title in ("one", "two", "three"):
        server.open_issue("alice/infra", title, "text", author="rita")
    server.add_workflow("alice/infra")
    server.push("alice/infra", "work", "bob", "topic")
    pull = server.open_pull_request("alice/infra", "p", "bob", body="Closes #2", head="topic", base="main")
    server.link_pull_request("alice/infra", 1, pull, "bob")
    server.merge_pull_request("alice/infra", pull, "alice")
    server.label("alice/infra", 1, "bug", "bob")
    server.unlabel("alice/infra", 1, "bug", "bob")
    server.edit_issue("alice/infra", 1, "bob", title="new", body="new")
    server.edit_comment("alice/infra", server.comment("alice/infra", 1, "a", "bob"), "b", "bob")
    server.block("alice/infra", 1, 2)
    server.unblock("alice/infra", 1, 2)
    server.add_sub_issue("alice/infra", 1, 3)
    server.close("alice/infra", 1, "bob")
    server.reopen("alice/infra", 1, "bob")
    sha = server.push("alice/infra", "Refs #1", "bob")
    server.set_status("alice/infra", sha, "ci", "success")
    server.open_issue("alice/web", "moves")
    server.transfer_issue("alice/web", 1, "alice/infra", "alice")
    return hub


@pytest.mark.parametrize("name", sorted(set(NODES) - UNREACHED))
def test_every_field_of_a_type_resolves(busy: Hub, owner: httpx.Client, name: str):
    kind = SCHEMA.type_map[name]
    assert isinstance(kind, GraphQLObjectType)
    fields = " ".join(_selection(label, one) for label, one in kind.fields.items())

    if name in BY_PATH:
        found = data(owner, f'{{ repository(owner: "alice", name: "infra") {{ {BY_PATH[name] % fields} }} }}')
        assert '"id"' in str(found).replace("'", '"')
        return
    found = data(
        owner, f"query($id: ID!) {{ node(id: $id) {{ __typename ... on {name} {{ {fields} }} }} }}", id=_one(busy, name)
    )

    assert found["node"]["__typename"] == name
    assert found["node"]["id"]


def _one(hub: Hub, name: str) -> Any:
    """The node id of some record of that type."""
    from afk.sandbox.github.graphql.fields import type_name  # noqa: PLC0415 - used by this helper alone

    nodes = hub.server.forge.world.nodes
    return next(number for number, record in nodes.items() if type_name(record, None, None) == name)


def _selection(label: str, field: GraphQLField) -> str:
    inner = get_named_type(field.type)
    if any(is_required_argument(one) for one in field.args.values()):
        return ""
    if is_leaf_type(inner):
        return label
    if inner.name.endswith("Connection"):
        return (
            f"{label}(first: 1) {{ totalCount pageInfo {{ hasNextPage }} edges {{ cursor }} nodes {{ __typename }} }}"
        )
    assert isinstance(inner, GraphQLObjectType | GraphQLUnionType) or inner.name in {
        "Actor",
        "Labelable",
        "GitObject",
        "RepositoryOwner",
    }
    return f"{label} {{ __typename }}"
