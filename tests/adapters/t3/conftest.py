"""Play a T3 server request by request, and its socket where one is needed."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

import httpx
import pytest
import respx
from websockets.sync.server import serve

from tests.adapters.t3.replies import (
    DESCRIBED,
    DESCRIBED_V2,
    DESCRIPTOR,
    SHELL,
    THREAD,
    URL,
    executor,
    project,
    projection,
    run,
    shell_v2,
)
from tests.adapters.t3.sockets import Socket

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def server() -> Iterator[respx.MockRouter]:
    """Nothing is served but what a test serves."""
    with respx.mock(base_url=URL, assert_all_called=False) as router:
        yield router


@pytest.fixture
def v1(server: respx.MockRouter) -> respx.MockRouter:
    server.get(DESCRIPTOR).mock(httpx.Response(200, json=DESCRIBED))
    return server


@pytest.fixture
def v2(server: respx.MockRouter) -> respx.MockRouter:
    server.get(DESCRIPTOR).mock(httpx.Response(200, json=DESCRIBED_V2))
    return server


@pytest.fixture
def socket():
    told = Socket()
    with serve(told.talk, "127.0.0.1", 0, process_request=told.knocked) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        told.url = f"http://127.0.0.1:{server.socket.getsockname()[1]}"
        yield told
        server.shutdown()
        thread.join()


@pytest.fixture
def http(socket):
    with respx.mock(base_url=socket.url, assert_all_called=False) as router:
        router.get(DESCRIPTOR).respond(json=DESCRIBED_V2)
        tickets = iter(range(1, 99))
        router.post("/api/auth/websocket-ticket").mock(
            side_effect=lambda _: httpx.Response(200, json={"ticket": f"ticket {next(tickets)}", "expiresAt": "x"})
        )
        yield router


@pytest.fixture
def heard(http):
    """A thread that has heard its first message."""
    return http.get(THREAD).mock(projection(run("run-1", "completed", "m-1")))


@pytest.fixture
def projects(http):
    """Projects that are made show on the shell; `taken` are the answers before the first that is."""
    made: list[dict] = []
    mutations = http.post("/api/projects/mutate")
    mutations.taken = []

    def mutate(request):
        if mutations.taken:
            return mutations.taken.pop(0)
        made.append(project(json.loads(request.content)["projectId"]))
        return httpx.Response(200, json=made[-1])

    mutations.mock(side_effect=mutate)
    http.get(SHELL).mock(side_effect=lambda _: shell_v2(projects=made))
    return mutations


@pytest.fixture
def cockpit(socket, http):
    return executor(url=socket.url)
