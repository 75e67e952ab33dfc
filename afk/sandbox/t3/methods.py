"""Answer the socket's methods of both protocols."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from afk.sandbox.t3 import projection_v2, render_v1, render_v2
from afk.sandbox.t3.access import OPERATE, READ
from afk.sandbox.t3.decider import InvalidCommand
from afk.sandbox.t3.engine import LAUNCH, Engine
from afk.sandbox.t3.receipts import Refusal
from afk.sandbox.t3.rpc import Failed, Method
from afk.sandbox.t3.schema import boolean, natural, optional_key, struct, trimmed

if TYPE_CHECKING:
    import threading
    from collections.abc import AsyncIterator, Callable, Mapping

LONGEST_REPLAY = 1000
GLANCE = 0.01  # changes come from other threads, hence the stream looks again and again
subscription = struct({"afterSequence": optional_key(natural), "requestCompletionMarker": optional_key(boolean)})


class Methods:
    def __init__(self, engine: Engine, lock: threading.RLock) -> None:
        self._engine = engine
        self._lock = lock

    def of_protocol(self, protocol: int) -> Mapping[str, Method]:
        subscribe = Method(READ, stream=lambda payload: self._shell(payload, protocol))
        if protocol == 1:
            return {
                "orchestration.dispatchCommand": Method(OPERATE, call=self._dispatch_v1),
                "orchestration.subscribeShell": subscribe,
            }
        return {
            "orchestration.dispatchCommand": Method(OPERATE, call=self._dispatch_v2),
            LAUNCH: Method(OPERATE, call=self._launch),
            "orchestration.getThreadProjection": Method(READ, call=self._projection),
            "orchestration.subscribeShell": subscribe,
            "projects.mutate": Method(OPERATE, call=self._mutate),
        }

    def _dispatch_v1(self, payload: Any) -> dict[str, int]:
        def fail(message: str, _: str) -> dict[str, Any]:
            return {"_tag": "OrchestrationDispatchCommandError", "message": message}

        return {"sequence": self._try(lambda: self._engine.dispatch_v1(payload, over_socket=True), fail)}

    def _dispatch_v2(self, payload: Any) -> dict[str, int]:
        def fail(message: str, kind: str) -> dict[str, Any]:
            named = {"commandId": payload["commandId"], "commandType": kind or payload["type"]}
            return {"_tag": "OrchestrationV2DispatchCommandError", "message": message, **named}

        return {"sequence": self._try(lambda: self._engine.dispatch_v2(payload), fail)}

    def _launch(self, payload: Any) -> dict[str, Any]:
        def fail(message: str, _: str) -> dict[str, Any]:
            named = {"commandId": payload["commandId"], "projectId": payload["projectId"]}
            return {"_tag": "OrchestrationV2ThreadLaunchError", "message": message, **named}

        with self._lock:
            thread_id, resumed = self._try(lambda: self._engine.launch_v2(payload), fail)
            shown = projection_v2.projection(self._engine.world, self._engine.world.threads[thread_id])
        return {"threadId": thread_id, "projection": shown, "resumed": resumed}

    def _mutate(self, payload: Any) -> dict[str, Any]:
        def fail(message: str, _: str) -> dict[str, Any]:
            return {"_tag": "ProjectMutationError", "commandId": payload["commandId"], "message": message}

        with self._lock:
            project_id = self._try(lambda: self._engine.mutate_v2(payload), fail)
            return render_v2.project(self._engine.world.projects[project_id])

    def _projection(self, payload: Any) -> dict[str, Any]:
        thread_id = struct({"threadId": trimmed})(payload)["threadId"]
        with self._lock:
            world = self._engine.view()
            thread = world.threads.get(thread_id)
            if thread is None or thread.deleted_at is not None:
                message = f"Thread '{thread_id}' does not exist."
                raise Failed({"_tag": "OrchestrationV2ThreadNotFoundError", "threadId": thread_id, "message": message})
            shown = projection_v2.projection(world, thread)
            self._engine.provider.was_read()
        return shown

    def _try(self, act: Callable[[], Any], fail: Callable[[str, str], dict[str, Any]]) -> Any:
        with self._lock:
            try:
                return act()
            except Refusal as refusal:
                raise Failed(fail(str(refusal), refusal.command_type)) from refusal
            except InvalidCommand as invalid:
                raise Failed(fail(f"Invalid command: {invalid}", "")) from invalid

    async def _shell(self, payload: Any, protocol: int) -> AsyncIterator[list[Any]]:
        """Yield the snapshot or what was missed, then every change for as long as somebody listens."""
        wish = subscription(payload)
        with self._lock:
            seen = self._engine.world.sequence
            after = wish.get("afterSequence")
            if after is None or seen - after > LONGEST_REPLAY or after > seen:
                first = [{"kind": "snapshot", "snapshot": self._snapshot(protocol)}]
            else:
                first = self._items(after, protocol)
        if wish.get("requestCompletionMarker", False):
            first.append({"kind": "synchronized"})
        if first:
            yield first
        while True:
            with self._lock:
                news = self._items(seen, protocol)
                seen = self._engine.world.sequence
            if news:
                yield news
            await asyncio.sleep(GLANCE)

    def _snapshot(self, protocol: int) -> dict[str, Any]:
        world = self._engine.world
        return render_v1.shell(world, self._engine.quirks) if protocol == 1 else render_v2.shell(world)

    def _items(self, after: int, protocol: int) -> list[Any]:
        world, quirks = self._engine.world, self._engine.quirks
        return [
            render_v1.shell_item(world, change.sequence, change.project_id, change.thread_id, quirks)
            if protocol == 1
            else render_v2.shell_item(world, change.sequence, change.project_id, change.thread_id)
            for change in world.log[after:]
        ]
