"""Speak to a T3 server in raw requests and frames: these tests share no words with the server."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
from websockets.sync.client import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from websockets.sync.connection import Connection

    from afk.sandbox.t3 import T3Server

MODEL = {"instanceId": "claudeAgent", "model": "claude-sonnet-4-6"}
AT = "2026-06-15T10:00:00.000Z"
ROOT = "/data/owner__repo"
V2 = {"x-t3-orchestration-protocol": "2"}
USER = {"createdBy": "user", "creationSource": "server"}

PROJECT = {
    "type": "project.create",
    "commandId": "c-project",
    "projectId": "p-1",
    "title": "owner/repo",
    "workspaceRoot": ROOT,
    "createWorkspaceRootIfMissing": True,
    "defaultModelSelection": MODEL,
    "createdAt": AT,
}
THREAD = {
    "type": "thread.create",
    "commandId": "c-thread",
    "threadId": "t-1",
    "projectId": "p-1",
    "title": "#42 Fix flaky test",
    "modelSelection": MODEL,
    "runtimeMode": "full-access",
    "interactionMode": "default",
    "branch": None,
    "worktreePath": None,
    "createdAt": AT,
}
TURN = {
    "type": "thread.turn.start",
    "commandId": "c-turn",
    "threadId": "t-1",
    "message": {"messageId": "m-1", "role": "user", "text": "Implement issue 42", "attachments": []},
    "runtimeMode": "full-access",
    "interactionMode": "default",
    "createdAt": AT,
}
PROJECT_V2 = {name: value for name, value in PROJECT.items() if name != "createdAt"}
THREAD_V2 = {**{name: value for name, value in THREAD.items() if name != "createdAt"}, **USER}
MESSAGE_V2 = {
    "type": "message.dispatch",
    **USER,
    "commandId": "c-turn",
    "threadId": "t-1",
    "messageId": "m-1",
    "text": "Implement issue 42",
    "attachments": [],
    "deliveryIntent": "auto",
    "dispatchMode": {"type": "start_immediately"},
}


def without(command: dict[str, Any], path: str) -> dict[str, Any]:
    """Leave a key out, named by a dotted path."""
    head, _, rest = path.partition(".")
    if rest:
        return {**command, head: without(command[head], rest)}
    return {name: value for name, value in command.items() if name != head}


def replaced(command: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    head, _, rest = path.partition(".")
    return {**command, head: replaced(command[head], rest, value) if rest else value}


class Client:
    def __init__(self, server: T3Server, token: str | None) -> None:
        self.server = server
        self.token = token
        self.http = httpx.Client(base_url=server.url, timeout=5)
        self._socket: Connection | None = None
        self._next = 0

    @property
    def headers(self) -> dict[str, str]:
        return {} if self.token is None else {"Authorization": f"Bearer {self.token}"}

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.http.get(path, headers={**self.headers, **headers})

    def post(self, path: str, body: Any) -> httpx.Response:
        return self.http.post(path, headers=self.headers, json=body)

    # Protocol 1

    def dispatch(self, command: Any, **changes: Any) -> httpx.Response:
        return self.post("/api/orchestration/dispatch", {**command, **changes})

    def did(self, command: dict[str, Any], **changes: Any) -> int:
        answer = self.dispatch(command, **changes)
        assert answer.status_code == 200, answer.text
        assert list(answer.json()) == ["sequence"]
        return int(answer.json()["sequence"])

    def set_up(self) -> None:
        self.did(PROJECT)
        self.did(THREAD)

    def follow_up(self, number: int, **changes: Any) -> int:
        message = {"messageId": f"m-{number}", "role": "user", "text": f"Turn {number}", "attachments": []}
        return self.did(TURN, commandId=f"c-turn-{number}", message=message, **changes)

    def shell(self) -> Any:
        return self.get("/api/orchestration/shell").json()

    def glance(self, thread_id: str = "t-1") -> Any:
        threads = self.get("/api/orchestration/shell", **V2).json()["threads"]
        return next((thread for thread in threads if thread["id"] == thread_id), None)

    def thread(self, thread_id: str = "t-1", query: str = "") -> Any:
        return self.get(f"/api/orchestration/threads/{thread_id}{query}").json()["thread"]

    def latest(self) -> tuple[str | None, str | None]:
        """The latest turn's state, and its session's status, as a poller sees them."""
        thread = self.glance()
        return (thread["latestTurn"] or {}).get("state"), (thread["session"] or {}).get("status")

    def kinds(self) -> list[str]:
        return [activity["kind"] for activity in self.thread()["activities"]]

    # Protocol 2

    def projection(self, thread_id: str = "t-1") -> Any:
        return self.get(f"/api/orchestration/threads/{thread_id}", **V2).json()["projection"]

    def ticket(self) -> str:
        return str(self.post("/api/auth/websocket-ticket", {}).json()["ticket"])

    def address(self, ticket: str | None = None) -> str:
        protocol = "orchestrationProtocol=2&" if self.server.protocol == 2 else ""
        return f"{self.server.url.replace('http', 'ws')}/ws?{protocol}wsTicket={ticket or self.ticket()}"

    @contextmanager
    def socket(self) -> Iterator[Connection]:
        with connect(self.address(), max_size=None, open_timeout=5, close_timeout=1) as socket:
            yield socket

    def rpc(self, tag: str, payload: Any) -> Any:
        """Send one request on a fresh socket and give its exit."""
        with self.socket() as socket:
            send(socket, request(1, tag, payload))
            frame = receive(socket)
        assert (frame["_tag"], frame["requestId"]) == ("Exit", 1)
        return frame["exit"]

    def over_socket(self, command: dict[str, Any], **changes: Any) -> Any:
        return self.rpc("orchestration.dispatchCommand", {**command, **changes})

    def did_v2(self, command: dict[str, Any], **changes: Any) -> int:
        exit_ = self.over_socket(command, **changes)
        assert exit_["_tag"] == "Success", exit_
        return int(exit_["value"]["sequence"])

    def refused(self, command: dict[str, Any], **changes: Any) -> str:
        """The message of a typed failure."""
        exit_ = self.over_socket(command, **changes)
        assert exit_["_tag"] == "Failure", exit_
        assert exit_["cause"][0]["_tag"] == "Fail"
        return str(exit_["cause"][0]["error"]["message"])

    def set_up_v2(self) -> None:
        assert self.post("/api/projects/mutate", PROJECT_V2).status_code == 200
        self.did_v2(THREAD_V2)


def request(name: int | str, tag: str, payload: Any) -> dict[str, Any]:
    return {"_tag": "Request", "id": name, "tag": tag, "payload": payload, "headers": []}


def send(socket: Connection, frame: Any) -> None:
    socket.send(frame if isinstance(frame, str) else json.dumps(frame))


def receive(socket: Connection, seconds: float = 5) -> Any:
    return json.loads(socket.recv(timeout=seconds))
