"""Be the people of the workspace: type, click, reply, confirm, and see what comes of it.

The verbs block their caller and are the same over Socket Mode and signed HTTP.
"""

from __future__ import annotations

import copy
import time
from typing import TYPE_CHECKING, Any

from afk.sandbox.slack.answers import Problem, Sent
from afk.sandbox.slack.conversation import Draft, as_typed
from afk.sandbox.slack.seen import Pending, Seen, button_in
from afk.sandbox.slack.view_methods import completed
from afk.sandbox.slack.workspace import Shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from afk.sandbox.slack.answers import Answer
    from afk.sandbox.slack.server import SlackServer
    from afk.sandbox.slack.workspace import Channel, User

Body = dict[str, Any]
HOME = "home"
MODAL = "modal"
MARK = ":warning:"


class Human:
    def __init__(self, server: SlackServer) -> None:
        self._server = server
        self._lock = server.lock
        self._dialogs: dict[str, Pending] = {}

    def types(self, user: str, text: str, channel: str, *, thread_ts: str = "", times: int = 1) -> Seen:
        """A slash command when it starts with `/`, else a message. `times` delivers the very same payload again."""
        if not text.startswith("/"):
            return self._says(user, channel, Draft(text, thread_ts=thread_ts), times)
        command, _, rest = text.partition(" ")
        if thread_ts:
            return Seen(warning=f"{command} is not supported in threads. Sorry!")
        if command not in self._server.world.settings.commands:
            return Seen(warning=f"{command} is not a valid command.")
        with self._lock:
            payload, name = self._server.payloads.command(self._user(user), self._channel(channel), command, rest)
        answers = self._ask(Sent.COMMAND, payload, times)
        messages, warning = self._shown(name, answers)
        return Seen(answers, messages, warning or _failed(command, answers))

    def replies(self, user: str, thread_ts: str, text: str, *, broadcast: bool = False, times: int = 1) -> Seen:
        channel, _message = self._server.find(thread_ts)
        return self._says(user, channel.id, Draft(text, thread_ts=thread_ts, broadcast=broadcast), times)

    def edits(self, user: str, ts: str, text: str) -> None:
        with self._lock:
            channel, message = self._own(user, ts)
            self._server.conversations.change(channel, self._user(user), message, {"text": as_typed(text)})

    def deletes(self, user: str, ts: str) -> None:
        with self._lock:
            channel, message = self._own(user, ts)
            self._server.conversations.remove(channel, self._user(user), message)

    def clicks(self, user: str, message_ts: str, action_id: str, *, value: str | None = None, times: int = 1) -> Seen:
        """A button of a message, or of `HOME` or `MODAL`. Its confirm dialog opens first, if it has one."""
        with self._lock:
            button = button_in(self._surface(user, message_ts), action_id, value)
            if "confirm" in button:
                self._dialogs[user] = Pending(message_ts, button, times)
                return Seen(dialog=button["confirm"])
        return self._press(user, Pending(message_ts, button, times))

    def confirms(self, user: str) -> Seen:
        return self._press(user, self._dialogs.pop(user))

    def declines(self, user: str) -> None:
        del self._dialogs[user]

    def submits(self, user: str, values: dict[str, dict[str, str]]) -> Seen:
        """The open modal. Without an answer, or with an error, it stays open."""
        with self._lock:
            shown = self._server.workspace.modals[user][-1]
            payload = self._server.payloads.submission(self._user(user), shown.view, values)
        answers = self._ask(Sent.CLICK, payload, 1)
        if not answers[0].ok:
            return Seen(answers, warning=f"{MARK} We had some trouble connecting. Try again?")
        with self._lock:
            return Seen(answers, errors=self._close(user, shown, answers[0].payload))

    def dismisses(self, user: str) -> None:
        """Closes the modal without sending it."""
        with self._lock:
            self._server.workspace.modals.pop(user, None)

    def opens_home(self, user: str, *, times: int = 1) -> Seen:
        workspace = self._server.workspace
        if not self._server.world.settings.home_tab:
            return Seen(warning="This app has no Home tab.")
        with self._lock:
            event: Body = {"type": "app_home_opened", "user": user, "channel": f"D{user[1:]}", "tab": "home"}
            held = workspace.homes.get(user)
            event |= {"event_ts": workspace.new_ts()} | ({"view": held.view} if held else {})
            payload = self._server.subscribed(event, None)
        return Seen(self._server.deliver_event(payload, times) if payload else ())

    def sees(self, user: str, channel: str) -> list[Body]:
        """All of the channel, threads included, and what is there for this person alone, oldest first."""
        with self._lock:
            workspace = self._server.workspace
            private = [each.message for each in workspace.ephemerals
                       if each.reader == user and each.channel == channel and not each.gone]  # fmt: skip
            every = [*workspace.channels[channel].messages.values(), *private]
            return copy.deepcopy(sorted(every, key=lambda each: str(each["ts"])))

    def waits_to_see(self, user: str, channel: str, is_it: Callable[[Body], bool], seconds: float = 5.0) -> Body:
        """The newest message that is it, as soon as there is one."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for message in reversed(self.sees(user, channel)):
                if is_it(message):
                    return message
            time.sleep(0.01)
        texts = [message["text"] for message in self.sees(user, channel)]
        raise TimeoutError(f"not seen within {seconds} s; what there is: {texts}")

    def _says(self, user: str, channel: str, draft: Draft, times: int) -> Seen:
        with self._lock, self._server.held_back() as events:
            where = self._channel(channel)
            where.members.add(user)
            ts = self._server.conversations.post(where, self._user(user), draft)["ts"]
        answers = tuple(answer for payload in events for answer in self._server.deliver_event(payload, times))
        return Seen(answers, ts=ts)

    def _press(self, user: str, pressed: Pending) -> Seen:
        who, place = self._user(user), pressed.place
        with self._lock:
            surface = self._surface(user, place)
            button_in(surface, pressed.button["action_id"], pressed.button.get("value"))
            if place in {HOME, MODAL}:
                payload = self._server.payloads.click_in_view(who, surface, pressed.button)
            else:
                channel = self._server.channel_of(place)
                payload = self._server.payloads.click(who, channel, surface, pressed.button)
        answers = self._ask(Sent.CLICK, payload, pressed.times)
        return Seen(answers, warning="" if all(answer.ok for answer in answers) else MARK)

    def _ask(self, sent: Sent, payload: Body, times: int) -> tuple[Answer, ...]:
        return self._server.deliver(sent, payload, times)

    def _shown(self, url: str, answers: tuple[Answer, ...]) -> tuple[tuple[Body, ...], str]:
        """The messages that acknowledgements carried, and what Slack says of one it cannot show."""
        messages, warning = [], ""
        with self._lock:
            responses = self._server.responses
            for answer in answers:
                if not (answer.ok and answer.payload):
                    continue
                if fault := responses.fault_in(answer.payload):
                    warning = f"the app answered with something that cannot be shown: {fault}"
                else:
                    shown = responses.show(self._server.world.short_lived.urls[url], answer.payload)
                    messages.append(copy.deepcopy(shown))
        return tuple(messages), warning

    def _close(self, user: str, shown: Shown, answer: Body) -> dict[str, str]:
        modals = self._server.workspace.modals
        match answer.get("response_action"):
            case "errors":
                return dict(answer["errors"])
            case "update":
                shown.view = completed(self._server.world, answer["view"], shown.view["id"])
            case "push":
                view = completed(self._server.world, answer["view"], self._server.workspace.new_id("V"))
                modals[user].append(Shown(user, view))
            case "clear":
                modals.pop(user)
            case _:
                modals[user].pop()
        if not modals.get(user):
            modals.pop(user, None)
        return {}

    def _surface(self, user: str, place: str) -> Body:
        workspace = self._server.workspace
        if place == HOME:
            return workspace.homes[user].view
        if place == MODAL:
            return workspace.modals[user][-1].view
        if ephemeral := workspace.ephemeral(place):
            if ephemeral.reader != user:
                raise LookupError(f"{user} cannot see the message {place}")
            return ephemeral.message
        return self._server.find(place)[1]

    def _own(self, user: str, ts: str) -> tuple[Channel, Body]:
        channel, message = self._server.find(ts)
        if message["user"] != user:
            raise PermissionError(f"{user} did not write {ts}")
        return channel, message

    def _user(self, user: str) -> User:
        return self._server.workspace.users[user]

    def _channel(self, channel: str) -> Channel:
        return self._server.workspace.channels[channel]


def _failed(command: str, answers: tuple[Answer, ...]) -> str:
    problems = {answer.problem for answer in answers} - {Problem.NONE}
    if not problems:
        return ""
    timed_out = problems & {Problem.TIMEOUT, Problem.HTTP_TIMEOUT}
    return f'{command} failed with the error "{"operation_timeout" if timed_out else "dispatch_failed"}"'
