"""Every route that is served, and the section of the reference it comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
from aiohttp import web

from afk.sandbox.t3 import Quirks, T3Server
from tests.sandbox.t3.client import PROJECT, V2, Client

if TYPE_CHECKING:
    from collections.abc import Callable

SECTIONS = {
    ("GET", "/.well-known/t3/environment"): "4.2",
    ("GET", "/api/auth/session"): "4.1",
    ("POST", "/oauth/token"): "6.2",
    ("POST", "/api/auth/browser-session"): "4.1",
    ("POST", "/api/auth/websocket-ticket"): "4.1, 5",
    ("GET", "/api/orchestration/snapshot"): "3.3",
    ("GET", "/api/orchestration/shell"): "3.1, 10.4",
    ("GET", "/api/orchestration/threads/{thread_id}"): "3.3, 10.1",
    ("GET", "/api/orchestration/threads/{thread_id}/bounded"): "10.1",
    ("GET", "/api/orchestration/threads/{thread_id}/history"): "10.1",
    ("POST", "/api/orchestration/dispatch"): "2",
    ("GET", "/api/projects"): "10.1",
    ("POST", "/api/projects/mutate"): "10.1",
    ("GET", "/ws"): "5, 10.1",
    ("*", "/{anything}"): "4.1",
}


def test_the_served_routes_are_the_listed_ones() -> None:
    app = web.Application()
    T3Server().routes(app.router)

    served = {(route.method, route.resource.canonical) for route in app.router.routes() if route.resource}

    assert served == set(SECTIONS)


HTML = (200, "text/html", True)
EMPTY = (404, "", False)


@pytest.mark.parametrize(
    ("protocol", "method", "path", "wanted"),
    [
        pytest.param(1, "GET", "/", HTML, id="index"),
        pytest.param(1, "GET", "/api/orchestration/nothing", HTML, id="unknown-api-get"),
        pytest.param(1, "GET", "/env-1/t-1", HTML, id="deep-link"),
        pytest.param(1, "GET", "/api/projects", HTML, id="v2-read-on-v1"),
        pytest.param(1, "GET", "/api/orchestration/threads/t-1/bounded", HTML, id="v2-bounded-on-v1"),
        pytest.param(1, "GET", "/api/orchestration/threads/t-1/history", HTML, id="v2-history-on-v1"),
        pytest.param(2, "GET", "/api/orchestration/snapshot", HTML, id="v1-snapshot-on-v2"),
        pytest.param(1, "POST", "/api/nothing", EMPTY, id="unknown-post"),
        pytest.param(1, "POST", "/api/projects/mutate", EMPTY, id="v2-mutate-on-v1"),
        pytest.param(2, "POST", "/api/orchestration/dispatch", EMPTY, id="v1-dispatch-on-v2"),
    ],
)
def test_unserved_paths_answer_with_the_web_app_or_nothing(
    serve: Callable[..., Client], protocol: int, method: str, path: str, wanted: tuple[int, str, bool]
) -> None:
    answer = serve(protocol=protocol).http.request(method, path, json=PROJECT if method == "POST" else None)

    kind = answer.headers.get("Content-Type", "").split(";")[0]
    assert (answer.status_code, kind, bool(answer.content)) == wanted


def test_removed_dispatch_may_answer_426(serve: Callable[..., Client]) -> None:
    answer = serve(protocol=2, quirks=Quirks(gone_status=426)).dispatch(PROJECT)

    assert (answer.status_code, answer.json()["orchestrationProtocolVersion"]) == (426, 2)


@pytest.mark.parametrize(
    ("switches", "version", "announced"),
    [
        pytest.param({}, "0.0.45", 1, id="last-v1"),
        pytest.param({"server_version": "0.0.27", "announce_protocol": False}, "0.0.27", None, id="unannounced"),
        pytest.param({"protocol": 2}, "0.1.10", 2, id="v2"),
        pytest.param({"announce_protocol": 3}, "0.0.45", 3, id="unknown"),
        pytest.param({"server_version": "0.0.24", "announce_protocol": False}, "0.0.24", None, id="era-a"),
    ],
)
def test_descriptor_needs_no_login_and_announces_the_protocol(
    serve: Callable[..., Client], switches: dict[str, object], version: str, announced: int | None
) -> None:
    client = serve(**switches)

    told = client.http.get("/.well-known/t3/environment").json()

    assert told["environmentId"] == client.server.environment_id
    assert told["platform"] == {"os": "linux", "arch": "x64"}
    assert (told["serverVersion"], told.get("orchestrationProtocolVersion")) == (version, announced)
    assert ("orchestrationProtocolVersion" in told) is (announced is not None)


@pytest.mark.parametrize(
    "path", ["/api/orchestration/shell", "/api/orchestration/threads/t-1", "/api/orchestration/threads/t-1/bounded"]
)
@pytest.mark.parametrize("headers", [{}, {"x-t3-orchestration-protocol": "1"}], ids=["absent", "other"])
def test_v2_reads_without_the_protocol_header_are_refused_before_the_login(
    t3_v2: Client, path: str, headers: dict[str, str]
) -> None:
    answer = httpx.get(f"{t3_v2.server.url}{path}", headers=headers)

    assert answer.status_code == 426
    assert answer.json() == {
        "code": "orchestration_protocol_incompatible",
        "message": "Update this client to one that supports orchestration protocol 2.",
        "orchestrationProtocolVersion": 2,
    }


def test_v2_reads_with_the_protocol_header_are_served(t3_v2: Client) -> None:
    assert t3_v2.get("/api/orchestration/shell", **V2).status_code == 200


@pytest.mark.parametrize(
    ("quirks", "shell", "thread"),
    [
        pytest.param(Quirks(shell_missing=True), 404, 200, id="no-shell"),
        pytest.param(Quirks(shell_missing=True, thread_missing=True), 404, 404, id="oldest"),
    ],
)
def test_old_builds_lack_the_newer_reads(serve: Callable[..., Client], quirks: Quirks, shell: int, thread: int) -> None:
    client = serve(quirks=quirks)
    client.set_up()

    assert client.get("/api/orchestration/shell").status_code == shell
    assert client.get("/api/orchestration/threads/t-1").status_code == thread
    assert client.get("/api/orchestration/snapshot").json()["threads"][0]["id"] == "t-1"


def test_old_builds_may_show_the_web_app_in_place_of_the_shell(serve: Callable[..., Client]) -> None:
    answer = serve(quirks=Quirks(shell_missing=True, missing_is_html=True)).get("/api/orchestration/shell")

    assert (answer.status_code, answer.headers["Content-Type"].split(";")[0]) == (200, "text/html")
