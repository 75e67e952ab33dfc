"""Play a T3 server's socket frame by frame."""

from __future__ import annotations

import json
from socket import SHUT_RDWR

from websockets.exceptions import ConnectionClosed

OK = {"_tag": "Exit", "requestId": 1, "exit": {"_tag": "Success", "value": {"sequence": 20}}}
CUT = "cut"


def failure(*causes):
    return {"_tag": "Exit", "requestId": 1, "exit": {"_tag": "Failure", "cause": list(causes)}}


def fail(message="no", tag="OrchestrationV2DispatchCommandError", **more):
    return failure({"_tag": "Fail", "error": {"_tag": tag, "message": message, **more}})


class Socket:
    """Answer each connection's request with its script of frames; keep every frame and path that came in."""

    def __init__(self) -> None:
        self.scripts: list[list] = []
        self.frames: list[dict] = []
        self.paths: list[str] = []
        self.door: list[int] = []  # statuses instead of a handshake

    def knocked(self, connection, request):
        self.paths.append(request.path)
        return connection.respond(self.door.pop(0), "") if self.door else None

    def talk(self, connection):
        script = list(self.scripts.pop(0)) if self.scripts else [OK]
        try:
            while script:
                self.frames.append(json.loads(connection.recv(timeout=5)))
                answer = script.pop(0)
                if answer == CUT:
                    connection.socket.shutdown(SHUT_RDWR)
                    return
                if answer is not None:
                    connection.send(answer if isinstance(answer, str) else json.dumps(answer))
            connection.recv(timeout=5)
        except ConnectionClosed:
            return

    @property
    def commands(self):
        return [frame["payload"] for frame in self.frames if frame["_tag"] == "Request"]
