"""Bring the app what happened, over whichever transport it uses, and repeat events it does not acknowledge."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from afk.sandbox.slack.answers import Answer, Delivery, Problem, Sent

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from afk.sandbox.slack.request_url import RequestUrl
    from afk.sandbox.slack.socket_mode import SocketMode

RETRY_AFTER = (0.0, 60.0, 300.0)


class Courier:
    """`retry_factor` shortens the minutes between an event's attempts. All but `note` runs on the server's loop."""

    def __init__(self, transport: SocketMode | RequestUrl, retry_factor: float) -> None:
        self.deliveries: list[Delivery] = []
        self._transport = transport
        self._retry_factor = retry_factor
        self._tasks: set[asyncio.Task[None]] = set()

    async def ask(self, sent: Sent, payload: dict[str, Any], times: int) -> tuple[Answer, ...]:
        """Hand over a command or a click, `times` times at once, and wait for what the app says."""
        return tuple(await asyncio.gather(*(self._once(Delivery(sent, payload)) for _ in range(times))))

    async def tell(self, payload: dict[str, Any], times: int) -> tuple[Answer, ...]:
        """Hand over an event and wait for the first attempt; later ones go on by themselves."""
        deliveries = [Delivery(Sent.EVENT, payload) for _ in range(times)]
        answers = await asyncio.gather(*(self._once(delivery) for delivery in deliveries))
        for delivery in deliveries:
            self._background(self._again, delivery)
        return tuple(answers)

    def note(self, payload: dict[str, Any]) -> Delivery:
        """An event to be handed over with `begin`; noted by whichever thread caused it."""
        delivery = Delivery(Sent.EVENT, payload)
        self.deliveries.append(delivery)
        return delivery

    def begin(self, delivery: Delivery) -> None:
        self._background(self._first_and_again, delivery)

    async def stop(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _background(self, work: Callable[[Delivery], Awaitable[None]], delivery: Delivery) -> None:
        async def run() -> None:
            await work(delivery)

        task = asyncio.get_running_loop().create_task(run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _once(self, delivery: Delivery) -> Answer:
        if delivery not in self.deliveries:
            self.deliveries.append(delivery)
        retry = len(delivery.attempts)
        reason = delivery.attempts[-1].problem if retry else Problem.NONE
        answer = await self._transport.send(delivery.sent, delivery.payload, retry, reason)
        delivery.attempts.append(answer)
        return answer

    async def _first_and_again(self, delivery: Delivery) -> None:
        await self._once(delivery)
        await self._again(delivery)

    async def _again(self, delivery: Delivery) -> None:
        for pause in RETRY_AFTER:
            if delivery.delivered or delivery.attempts[-1].no_retry:
                break
            await asyncio.sleep(pause * self._retry_factor)
            await self._once(delivery)
        delivery.given_up = not delivery.delivered
