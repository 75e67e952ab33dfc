"""What GraphQL computes, refuses and breaks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from afk.sandbox.github import GraphqlFault
from tests.sandbox.github.conftest import Hub, ask, data

if TYPE_CHECKING:
    import httpx

    from afk.sandbox.github import GithubServer

ACTOR = "{ __typename login ... on User { databaseId } ... on Bot { databaseId } }"
CI = """statusCheckRollup { state contexts(first: 50) { totalCount pageInfo { hasNextPage endCursor } nodes { __typename
    ... on CheckRun { databaseId name status conclusion startedAt completedAt detailsUrl
      checkSuite { databaseId app { databaseId slug } workflowRun { databaseId event workflow { name } } } }
    ... on StatusContext { context state targetUrl createdAt creator { login } } } } }
  checkSuites(first: 20) { totalCount nodes { databaseId status conclusion app { slug databaseId }
    checkRuns(first: 1) { totalCount } workflowRun { databaseId event url } } }"""
# One repository's part of a poll, as large as the reference page has it.
PART = f"""fragment Part on Repository {{
  id databaseId nameWithOwner isArchived hasIssuesEnabled viewerPermission
  defaultBranchRef {{ name target {{ ... on Commit {{ oid committedDate {CI} }} }} }}
  issues(first: 50, states: [OPEN], labels: [$label], orderBy: {{field: UPDATED_AT, direction: DESC}}) {{
    totalCount pageInfo {{ hasNextPage endCursor }}
    nodes {{
      id databaseId number title body url state stateReason locked createdAt updatedAt lastEditedAt
      author {ACTOR} authorAssociation editor {{ __typename login }}
      labels(first: 20) {{ totalCount nodes {{ id name }} }}
      parent {{ id number state repository {{ nameWithOwner }} }}
      subIssuesSummary {{ total completed percentCompleted }}
      issueDependenciesSummary {{ blockedBy totalBlockedBy blocking totalBlocking }}
      blockedBy(first: 20) {{ totalCount pageInfo {{ hasNextPage }} nodes {{ id number state stateReason }} }}
      timelineItems(last: 30, itemTypes: [LABELED_EVENT, UNLABELED_EVENT]) {{
        pageInfo {{ hasPreviousPage startCursor }}
        nodes {{ __typename
          ... on LabeledEvent {{ id createdAt label {{ id name }} actor {ACTOR} }}
          ... on UnlabeledEvent {{ id createdAt label {{ id name }} actor {{ login }} }} }} }} }} }} }}"""


def poll(*names: str) -> str:
    parts = " ".join(f'r{i}: repository(owner: "alice", name: "{name}") {{ ...Part }}' for i, name in enumerate(names))
    limit = "rateLimit { cost limit remaining used resetAt nodeCount }"
    return f"query Poll($label: String!) {{ {limit} viewer {{ login __typename databaseId }} {parts} }} {PART}"


@pytest.mark.parametrize(
    ("repositories", "points", "nodes"),
    [(1, 2, 3640), (2, 3, 7280), (10, 17, 36400)],
    ids=["one", "two", "ten"],
)
def test_a_poll_costs_what_the_published_rule_says(
    hub: Hub, owner: httpx.Client, repositories: int, points: int, nodes: int
):
    limit = data(owner, poll(*["infra"] * repositories), label="bug")["rateLimit"]

    assert (limit["cost"], limit["nodeCount"], limit["used"]) == (points, nodes, points)
    assert (limit["limit"], limit["remaining"], limit["resetAt"]) == (5000, 5000 - points, "2026-03-01T13:00:00Z")
    assert hub.server.points_spent == points


def test_a_poll_sees_issues_with_label_events_blockers_and_ci(server: GithubServer, owner: httpx.Client):
    server.add_workflow("alice/infra")
    sha = server.push("alice/infra", "work", "bob")
    server.open_issue("alice/infra", "ready", "text", author="rita")
    server.open_issue("alice/infra", "blocker")
    server.label("alice/infra", 1, "bug", "bob")
    server.block("alice/infra", 1, 2)

    found = data(owner, poll("infra", "web"), label="BUG")

    target = found["r0"]["defaultBranchRef"]["target"]
    assert (target["oid"], target["statusCheckRollup"]["state"]) == (sha, "PENDING")
    issue = found["r0"]["issues"]["nodes"][0]
    assert (issue["number"], issue["author"]["login"], issue["authorAssociation"]) == (1, "rita", "COLLABORATOR")
    assert [(n["number"], n["state"]) for n in issue["blockedBy"]["nodes"]] == [(2, "OPEN")]
    event = issue["timelineItems"]["nodes"][0]
    assert (event["label"]["name"], event["actor"]["login"], event["actor"]["__typename"]) == ("bug", "bob", "User")
    assert found["r1"]["issues"]["nodes"] == []


def wrap(field: str) -> str:
    return f'{{ repository(owner: "alice", name: "infra") {{ {field} }} }}'


@pytest.mark.parametrize(
    ("field", "kind", "message"),
    [
        (
            "issues { nodes { id } }",
            "MISSING_PAGINATION_BOUNDARIES",
            "You must provide a `first` or `last` value to properly paginate the `issues` connection.",
        ),
        (
            "issues(first: 101) { nodes { id } }",
            "EXCESSIVE_PAGINATION",
            "Requesting 101 records on the `issues` connection exceeds the `first` limit of 100 records.",
        ),
        (
            "issues(last: 0) { nodes { id } }",
            "INVALID_PAGINATION_BOUNDARIES",
            "`last` on the `issues` connection cannot be less than one.",
        ),
        (
            "issues(first: 1, last: 1) { nodes { id } }",
            "INVALID_PAGINATION_BOUNDARIES",
            "Passing both `first` and `last` to paginate the `issues` connection is not supported.",
        ),
        (
            "issues(first: 100) { nodes { comments(first: 100) { nodes { userContentEdits(first: 60) { nodes { id } } } } } }",
            "MAX_NODE_LIMIT_EXCEEDED",
            "This query requests up to 610,100 possible nodes which exceeds the maximum limit of 500,000.",
        ),
    ],
    ids=["no size", "too large", "too small", "both ends", "too many nodes"],
)
def test_lists_without_a_proper_size_are_refused_at_no_cost(
    hub: Hub, owner: httpx.Client, field: str, kind: str, message: str
):
    body = ask(owner, wrap(field))

    assert "data" not in body
    assert [(error["type"], error["message"]) for error in body["errors"]] == [(kind, message)]
    assert hub.server.points_spent == 0


def test_a_count_alone_needs_no_size(server: GithubServer, owner: httpx.Client):
    server.open_issue("alice/infra", "t")

    assert data(owner, wrap("issues { totalCount }"))["repository"]["issues"] == {"totalCount": 1}


def test_a_size_in_a_variable_or_its_default_counts(owner: httpx.Client):
    query = """query S($n: Int = 40) { rateLimit { nodeCount }
      repository(owner: "alice", name: "infra") { issues(first: $n) { nodes { id } } } }"""

    assert data(owner, query)["rateLimit"]["nodeCount"] == 40
    assert data(owner, query, n=7)["rateLimit"]["nodeCount"] == 7
    assert ask(owner, query, n=200)["errors"][0]["type"] == "EXCESSIVE_PAGINATION"


def test_what_is_left_out_by_a_directive_costs_nothing(owner: httpx.Client):
    query = """query D($ci: Boolean!) { rateLimit { nodeCount } repository(owner: "alice", name: "infra") {
      issues(first: 10) @include(if: $ci) { nodes { id } } labels(first: 5) @skip(if: $ci) { nodes { name } } } }"""

    with_ci, without = data(owner, query, ci=True), data(owner, query, ci=False)

    assert (with_ci["rateLimit"]["nodeCount"], without["rateLimit"]["nodeCount"]) == (10, 5)
    assert "issues" not in without["repository"]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (wrap("colour"), "Field 'colour' doesn't exist on type 'Repository'"),
        (wrap("issue(number: 1) { authorAssociation performedViaGithubApp }"), None),
        ("{ half", None),
        ("query A { viewer { login } } query B { viewer { login } }", "An operation name is required"),
        ("query V($id: ID!) { node(id: $id) { id } }", None),
    ],
    ids=["unknown field", "unknown field deep inside", "no query", "which one", "variable missing"],
)
def test_a_wrong_query_is_a_200_with_errors_and_no_data(owner: httpx.Client, query: str, message: str | None):
    body = ask(owner, query)

    assert "data" not in body
    assert body["errors"][0]["message"] == (message or body["errors"][0]["message"])
    assert len(body["errors"]) == 1


def test_labeled_events_have_no_association_and_no_app_in_graphql(owner: httpx.Client):
    for field in ("authorAssociation", "performedViaGithubApp"):
        body = ask(owner, f'{{ node(id: "x") {{ ... on LabeledEvent {{ {field} }} }} }}')
        assert body["errors"][0]["extensions"] == {
            "code": "undefinedField",
            "typeName": "LabeledEvent",
            "fieldName": field,
        }


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"query": 1}'])
def test_a_body_without_a_query_is_a_400(owner: httpx.Client, body: bytes):
    assert owner.post("/graphql", content=body).status_code == 400


def test_connections_are_paged_both_ways(server: GithubServer, owner: httpx.Client):
    for number in range(1, 6):
        server.open_issue("alice/infra", str(number))
    query = """query P($first: Int, $last: Int, $after: String, $before: String) {
      repository(owner: "alice", name: "infra") { issues(first: $first, last: $last, after: $after, before: $before) {
        nodes { number } edges { cursor node { number } }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }"""

    def page(**arguments: Any) -> dict[str, Any]:
        found: dict[str, Any] = data(owner, query, **arguments)["repository"]["issues"]
        assert [edge["node"] for edge in found["edges"]] == found["nodes"]
        return found

    start, end = page(first=2), page(last=2)
    middle = page(first=2, after=start["pageInfo"]["endCursor"])
    back = page(last=2, before=end["pageInfo"]["startCursor"])

    assert [[n["number"] for n in p["nodes"]] for p in (start, middle, back, end)] == [[1, 2], [3, 4], [2, 3], [4, 5]]
    flags = [(p["pageInfo"]["hasPreviousPage"], p["pageInfo"]["hasNextPage"]) for p in (start, middle, end)]
    assert flags == [(False, True), (True, True), (True, False)]
    wrong = ask(owner, query, first=1, after="nonsense")
    assert (wrong["data"], wrong["errors"][0]["type"]) == ({"repository": None}, "INVALID_CURSOR_ARGUMENTS")


def test_the_timeline_is_read_back_page_by_page(server: GithubServer, owner: httpx.Client):
    server.open_issue("alice/infra", "t")
    for _ in range(3):
        server.label("alice/infra", 1, "bug", "bob")
        server.unlabel("alice/infra", 1, "bug", "bob")
    query = """query T($before: String) { repository(owner: "alice", name: "infra") { issue(number: 1) {
      timelineItems(last: 4, before: $before, itemTypes: [LABELED_EVENT, UNLABELED_EVENT]) {
        filteredCount pageCount pageInfo { hasPreviousPage startCursor } nodes { __typename } } } } }"""

    newest = data(owner, query)["repository"]["issue"]["timelineItems"]
    oldest = data(owner, query, before=newest["pageInfo"]["startCursor"])["repository"]["issue"]["timelineItems"]

    assert [n["__typename"] for n in oldest["nodes"]] == ["LabeledEvent", "UnlabeledEvent"]
    assert (newest["pageInfo"]["hasPreviousPage"], oldest["pageInfo"]["hasPreviousPage"]) == (True, False)
    assert (newest["filteredCount"], newest["pageCount"]) == (6, 4)


def test_the_last_label_event_may_be_of_any_label(server: GithubServer, owner: httpx.Client):
    server.open_issue("alice/infra", "t")
    server.label("alice/infra", 1, "bug", "bob")
    server.label("alice/infra", 1, "question", "tess")
    field = "issue(number: 1) { timelineItems(last: 1, itemTypes: [LABELED_EVENT]) { nodes { ... on LabeledEvent { label { name } } } } }"

    nodes = data(owner, wrap(field))["repository"]["issue"]["timelineItems"]["nodes"]

    assert nodes == [{"label": {"name": "question"}}]


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ("", [1, 2, 3]),
        ("states: [CLOSED]", [2]),
        ('labels: ["bug", "question"]', [1, 3]),
        ("orderBy: {field: COMMENTS, direction: DESC}", [3, 2, 1]),
        ("orderBy: {field: UPDATED_AT, direction: DESC}", [2, 3, 1]),
        ('filterBy: {since: "2026-03-01T12:30:00Z"}', [2]),
        ('filterBy: {createdBy: "rita"}', [3]),
        ('filterBy: {labels: ["bug"], states: [OPEN]}', [1]),
    ],
)
def test_issues_are_narrowed_and_sorted(hub: Hub, owner: httpx.Client, arguments: str, found: list[int]):
    hub.server.open_issue("alice/infra", "one", labels=["bug"])
    hub.server.open_issue("alice/infra", "two")
    hub.server.open_issue("alice/infra", "three", author="rita", labels=["question"])
    hub.server.comment("alice/infra", 3, "hello", "bob")
    hub.server.push("alice/infra", "work", "bob", "topic")
    hub.server.open_pull_request("alice/infra", "no issue", "bob", head="topic", base="main")
    hub.clock.forward(hours=1)
    hub.server.close("alice/infra", 2, "bob")

    nodes = data(owner, wrap(f"issues(first: 9 {arguments}) {{ nodes {{ number }} }}"))["repository"]["issues"]["nodes"]

    assert [node["number"] for node in nodes] == found


def test_a_duplicate_is_only_called_so_on_request(server: GithubServer, owner: httpx.Client):
    server.open_issue("alice/infra", "t")
    server.close("alice/infra", 1, "bob", "duplicate")

    found = data(owner, wrap("issue(number: 1) { stateReason full: stateReason(enableDuplicate: true) }"))

    assert found["repository"]["issue"] == {"stateReason": "NOT_PLANNED", "full": "DUPLICATE"}


def test_a_number_that_is_no_issue_is_not_found(server: GithubServer, owner: httpx.Client):
    server.push("alice/infra", "work", "bob", "topic")
    server.open_pull_request("alice/infra", "p", "bob", head="topic", base="main")

    for number in (1, 2):
        body = ask(owner, wrap(f"issue(number: {number}) {{ id }}"))
        assert (body["data"]["repository"], body["errors"][0]["type"]) == ({"issue": None}, "NOT_FOUND")


def test_one_repository_may_fail_while_the_others_answer(hub: Hub, owner: httpx.Client):
    hub.server.graphql_faults.add(GraphqlFault("r1.issues", "Poll", "SERVICE_UNAVAILABLE", "try later"))

    body = ask(owner, poll("infra", "web"), label="bug")

    assert body["data"]["r0"]["nameWithOwner"] == "alice/infra"
    assert body["data"]["r1"] is None
    assert [(e["type"], e["path"], e["message"]) for e in body["errors"]] == [
        ("SERVICE_UNAVAILABLE", ["r1", "issues"], "try later")
    ]
    assert data(owner, poll("infra", "web"), label="bug")["r1"]["nameWithOwner"] == "alice/web"


def test_partial_data_with_resource_limits_exceeded(hub: Hub, owner: httpx.Client):
    hub.server.add_workflow("alice/infra")
    hub.server.push("alice/infra", "work")
    fault = GraphqlFault("r0.defaultBranchRef.target.statusCheckRollup", kind="RESOURCE_LIMITS_EXCEEDED", times=None)
    hub.server.graphql_faults.add(fault)

    for _ in range(2):
        body = ask(owner, poll("infra"), label="bug")
        assert body["data"]["r0"]["defaultBranchRef"]["target"]["statusCheckRollup"] is None
        assert body["data"]["r0"]["issues"]["totalCount"] == 0
        assert body["errors"][0]["type"] == "RESOURCE_LIMITS_EXCEEDED"
    hub.server.graphql_faults.clear()
    assert data(owner, poll("infra"), label="bug")["r0"]["defaultBranchRef"]["target"]["statusCheckRollup"]


def test_a_breakdown_has_no_data_and_no_type(hub: Hub, owner: httpx.Client):
    hub.server.graphql_faults.add(GraphqlFault(operation="^Poll$", kind=None))

    assert data(owner, "{ viewer { login } }")
    body = ask(owner, poll("infra"), label="bug")

    assert body == {"data": None, "errors": [{"message": "Something went wrong while executing your query."}]}


def comment_id(owner: httpx.Client) -> Any:
    field = "issue(number: 1) { comments(last: 1) { nodes { id } } }"
    return data(owner, wrap(field))["repository"]["issue"]["comments"]["nodes"][0]["id"]


def test_comments_are_written_and_edited_by_mutation(hub: Hub, robot: httpx.Client):
    hub.server.open_issue("alice/infra", "t")
    issue = hub.server.issue("alice/infra", 1).node_id
    add = """mutation A($id: ID!) { addComment(input: {subjectId: $id, body: "one", clientMutationId: "c"}) {
      clientMutationId subject { id } commentEdge { cursor node { id databaseId viewerDidAuthor body } } } }"""
    edit = """mutation E($id: ID!) { updateIssueComment(input: {id: $id, body: "two"}) { issueComment {
      body lastEditedAt editor { login } viewerCanUpdate } } }"""

    made = data(robot, add, id=issue)["addComment"]
    changed = data(robot, edit, id=made["commentEdge"]["node"]["id"])["updateIssueComment"]["issueComment"]

    assert (made["clientMutationId"], made["subject"]["id"]) == ("c", issue)
    assert made["commentEdge"]["node"]["viewerDidAuthor"] is True
    assert changed == {
        "body": "two",
        "lastEditedAt": "2026-03-01T12:00:00Z",
        "editor": {"login": "afk"},
        "viewerCanUpdate": True,
    }
    assert hub.server.comments_of("alice/infra", 1) == [("afk[bot]", "two")]


def test_labels_and_state_change_by_mutation(hub: Hub, owner: httpx.Client):
    hub.server.open_issue("alice/infra", "t")
    issue = hub.server.issue("alice/infra", 1).node_id
    label = data(owner, wrap('label(name: "bug") { id }'))["repository"]["label"]["id"]
    variables = {"i": issue, "l": [label]}
    add = "mutation($i: ID!, $l: [ID!]!) { addLabelsToLabelable(input: {labelableId: $i, labelIds: $l}) { labelable { labels(first: 9) { nodes { name } } } } }"
    close = "mutation($i: ID!) { closeIssue(input: {issueId: $i, stateReason: NOT_PLANNED}) { issue { state stateReason } } }"
    reopen = "mutation($i: ID!) { reopenIssue(input: {issueId: $i}) { issue { state stateReason } } }"

    added = data(owner, add, **variables)["addLabelsToLabelable"]["labelable"]
    closed = data(owner, close, i=issue)["closeIssue"]["issue"]
    opened = data(owner, reopen, i=issue)["reopenIssue"]["issue"]
    data(owner, add.replace("addLabelsTo", "removeLabelsFrom"), **variables)

    assert added == {"labels": {"nodes": [{"name": "bug"}]}}
    assert closed == {"state": "CLOSED", "stateReason": "NOT_PLANNED"}
    assert opened == {"state": "OPEN", "stateReason": "REOPENED"}
    assert hub.server.events_of("alice/infra", 1) == [
        ("labeled", "alice"),
        ("closed", "alice"),
        ("reopened", "alice"),
        ("unlabeled", "alice"),
    ]


@pytest.mark.parametrize("login", ["stranger", "rita"])
def test_a_mutation_that_is_not_allowed_is_forbidden_and_changes_nothing(hub: Hub, login: str):
    hub.server.open_issue("alice/web", "t")
    issue = hub.server.issue("alice/web", 1).node_id
    close = "mutation($i: ID!) { closeIssue(input: {issueId: $i}) { issue { state } } }"

    body = ask(hub.person(login), close, i=issue)

    assert body["data"] == {"closeIssue": None}
    assert (body["errors"][0]["type"], body["errors"][0]["path"]) == ("FORBIDDEN", ["closeIssue"])
    assert body["errors"][0]["message"] == f"{login} does not have the correct permissions to execute `CloseIssue`"
    assert hub.server.issue("alice/web", 1).state == "open"


def test_a_token_that_may_only_read_mutates_nothing(hub: Hub):
    hub.server.open_issue("alice/infra", "t")
    issue = hub.server.issue("alice/infra", 1).node_id
    add = 'mutation($i: ID!) { addComment(input: {subjectId: $i, body: "x"}) { subject { id } } }'

    body = ask(hub.robot(permissions={"issues": "read"}), add, i=issue)

    assert body["errors"][0]["message"] == "Resource not accessible by integration"
    assert hub.server.comments_of("alice/infra", 1) == []


def test_an_edit_by_somebody_else_shows_in_the_comment(hub: Hub, robot: httpx.Client):
    hub.server.open_issue("alice/infra", "t")
    number = hub.server.comment("alice/infra", 1, "ours", "afk[bot]")
    hub.server.edit_comment("alice/infra", number, "forged", "bob")
    field = "issue(number: 1) { comments(last: 1) { nodes { viewerDidAuthor editor { login } body databaseId } } }"

    node = data(robot, wrap(field))["repository"]["issue"]["comments"]["nodes"][0]

    assert node == {"viewerDidAuthor": True, "editor": {"login": "bob"}, "body": "forged", "databaseId": number}
    assert comment_id(robot) != number


def test_places_are_found_by_name(server: GithubServer, owner: httpx.Client):
    sha = server.push("alice/infra", "work", "bob", "topic")
    pull = server.open_pull_request("alice/infra", "p", "bob", head="topic", base="main")
    fields = f"""ref(qualifiedName: "refs/heads/topic") {{ name prefix target {{ oid }} }}
      none: ref(qualifiedName: "refs/heads/nothing") {{ name }}
      pullRequest(number: {pull}) {{ state merged baseRefName headRefName }}"""

    found = data(owner, wrap(fields))["repository"]

    assert found["ref"] == {"name": "topic", "prefix": "refs/heads/", "target": {"oid": sha}}
    assert found["none"] is None
    assert found["pullRequest"] == {"state": "OPEN", "merged": False, "baseRefName": "main", "headRefName": "topic"}
    assert data(owner, '{ user(login: "BOB") { login isViewer } }')["user"] == {"login": "bob", "isViewer": False}
    assert ask(owner, '{ user(login: "nobody") { login } }')["errors"][0]["type"] == "NOT_FOUND"


@pytest.mark.parametrize(
    ("mutation", "kind"),
    [
        pytest.param('addComment(input: {subjectId: "%s", body: " "}) { subject { id } }', "UNPROCESSABLE", id="blank"),
        pytest.param('addComment(input: {subjectId: "x", body: "b"}) { subject { id } }', "NOT_FOUND", id="no node"),
        pytest.param(
            'updateIssueComment(input: {id: "%s", body: "b"}) { issueComment { id } }', "NOT_FOUND", id="no comment"
        ),
        pytest.param('closeIssue(input: {issueId: "R"}) { issue { id } }', "NOT_FOUND", id="no issue"),
        pytest.param(
            'addLabelsToLabelable(input: {labelableId: "%s", labelIds: ["OTHER"]}) { labelable { viewerCanLabel } }',
            "NOT_FOUND",
            id="a label of another repository",
        ),
    ],
)
def test_a_mutation_of_the_wrong_thing_changes_nothing(hub: Hub, owner: httpx.Client, mutation: str, kind: str):
    hub.server.open_issue("alice/infra", "t")
    repo, other = (hub.server.forge.world.repository(name) for name in ("alice/infra", "alice/web"))
    text = mutation.replace("%s", repo.issues[1].node_id).replace("OTHER", other.labels["bug"].node_id)

    body = ask(owner, f"mutation {{ {text.replace(chr(34) + 'R' + chr(34), chr(34) + repo.node_id + chr(34))} }}")

    assert [error["type"] for error in body["errors"]] == [kind]
    assert hub.server.events_of("alice/infra", 1) == []


def test_an_archived_repository_takes_no_mutation(hub: Hub, owner: httpx.Client):
    hub.server.open_issue("alice/infra", "t")
    hub.server.archive("alice/infra")
    close = f'mutation {{ closeIssue(input: {{issueId: "{hub.server.issue("alice/infra", 1).node_id}"}}) {{ issue {{ id }} }} }}'

    assert ask(owner, close)["data"] == {"closeIssue": None}
    assert hub.server.issue("alice/infra", 1).state == "open"
