"""Home tabs and modals: what is shown, until when a trigger is good, whose version counts."""

from __future__ import annotations

from typing import Any

import pytest

from afk.sandbox.slack import MODAL, Settings

SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "armed: infra"}}
INPUT = {
    "type": "input", "block_id": "why", "label": {"type": "plain_text", "text": "Why?"},
    "element": {"type": "plain_text_input", "action_id": "reason"},
}  # fmt: skip
HOME = {"type": "home", "blocks": [SECTION]}
KILL = {
    "type": "modal", "title": {"type": "plain_text", "text": "Kill"}, "submit": {"type": "plain_text", "text": "Do it"},
    "blocks": [INPUT], "callback_id": "kill", "private_metadata": "infra",
}  # fmt: skip


def trigger(town: Any) -> str:
    with town.slack.lock:
        return str(town.slack.world.short_lived.trigger(town.ada))


class TestHome:
    def test_view_comes_back_with_every_key(self, town: Any) -> None:
        view = town.web.views_publish(user_id=town.ada, view=HOME)["view"]

        assert (view["type"], view["blocks"][0]["text"]["text"]) == ("home", "armed: infra")
        assert view["id"].startswith("V")
        assert (view["callback_id"], view["private_metadata"], view["title"]) == ("", "", None)
        assert view["state"] == {"values": {}}
        assert view["root_view_id"] == view["id"]

    def test_second_publish_keeps_the_id_and_changes_the_hash(self, town: Any) -> None:
        first, second = (town.web.views_publish(user_id=town.ada, view=HOME)["view"] for _ in range(2))

        assert first["id"] == second["id"]
        assert first["hash"] != second["hash"]

    def test_outdated_hash_is_a_conflict(self, town: Any) -> None:
        first = town.web.views_publish(user_id=town.ada, view=HOME)["view"]
        second = town.web.views_publish(user_id=town.ada, view=HOME, hash=first["hash"])["view"]

        assert town.api("views.publish", user_id=town.ada, view=HOME, hash=first["hash"])["error"] == "hash_conflict"
        assert town.api("views.publish", user_id=town.ada, view=HOME, hash=second["hash"])["ok"]

    def test_app_without_a_home_tab_cannot_publish(self, opens: Any) -> None:
        town = opens(settings=Settings(home_tab=False))

        assert town.api("views.publish", user_id=town.ada, view=HOME)["error"] == "not_enabled"

    @pytest.mark.parametrize(
        ("args", "message"),
        [
            ({"user_id": "U404"}, "invalid `user_id`"),
            ({"view": None}, "missing required field: view"),
            ({"view": KILL}, "invalid view type, expected home [json-pointer:/view/type]"),
            ({"view": {"type": "home", "blocks": [{"type": "nope"}]}},
             "unsupported type: nope [json-pointer:/view/blocks/0/type]"),
        ],
        ids=["stranger", "nothing", "modal", "bad block"],
    )  # fmt: skip
    def test_refused(self, town: Any, args: dict[str, Any], message: str) -> None:
        answer = town.api("views.publish", **{"user_id": town.ada, "view": HOME, **args})

        assert answer["error"] == "invalid_arguments"
        assert answer["response_metadata"]["messages"] == [f"[ERROR] {message}"]


class TestModals:
    def test_trigger_opens_one_modal_for_its_person(self, town: Any) -> None:
        name = trigger(town)
        view = town.web.views_open(trigger_id=name, view=KILL)["view"]

        assert view["private_metadata"] == "infra"
        assert list(town.slack.workspace.modals) == [town.ada]
        assert town.api("views.open", trigger_id=name, view=KILL)["error"] == "exchanged_trigger_id"

    def test_trigger_is_good_for_three_seconds(self, town: Any) -> None:
        name = trigger(town)
        town.clock.forward(seconds=3.1)

        assert town.api("views.open", trigger_id=name, view=KILL)["error"] == "expired_trigger_id"

    def test_made_up_trigger_opens_nothing(self, town: Any) -> None:
        assert town.api("views.open", trigger_id="1.2.3", view=KILL)["error"] == "invalid_trigger_id"

    def test_bad_view_does_not_use_the_trigger_up(self, town: Any) -> None:
        name = trigger(town)
        assert town.api("views.open", trigger_id=name, view={**KILL, "blocks": [{}]})["error"] == "invalid_arguments"

        assert town.api("views.open", trigger_id=name, view=KILL)["ok"]

    def test_external_id_is_unique_among_open_modals(self, town: Any) -> None:
        view = {**KILL, "external_id": "kill-infra"}
        town.web.views_open(trigger_id=trigger(town), view=view)

        assert town.api("views.open", trigger_id=trigger(town), view=view)["error"] == "duplicate_external_id"

    @pytest.mark.parametrize("by", ["view_id", "external_id"])
    def test_modal_is_updated_by_either_name(self, town: Any, by: str) -> None:
        view = town.web.views_open(trigger_id=trigger(town), view={**KILL, "external_id": "kill-infra"})["view"]
        name = view["id"] if by == "view_id" else "kill-infra"
        town.api("views.update", **{by: name}, view={**KILL, "private_metadata": "web"})

        assert town.slack.workspace.modals[town.ada][-1].view["private_metadata"] == "web"

    def test_update_of_what_is_not_open_is_refused(self, town: Any) -> None:
        view = town.web.views_open(trigger_id=trigger(town), view=KILL)["view"]

        assert town.api("views.update", view_id="V404", view=KILL)["error"] == "not_found"
        assert town.api("views.update", view=KILL)["error"] == "invalid_arguments"
        assert town.api("views.update", view_id=view["id"], hash="old", view=KILL)["error"] == "hash_conflict"


class TestSubmitting:
    """The app here is whoever acknowledges the submission; see `answering` in conftest."""

    def opened(self, town: Any) -> None:
        town.web.views_open(trigger_id=trigger(town), view=KILL)

    @pytest.mark.parametrize(
        ("answer", "left"),
        [
            ({}, 0),
            ({"response_action": "clear"}, 0),
            ({"response_action": "update", "view": KILL}, 1),
            ({"response_action": "push", "view": KILL}, 2),
        ],
        ids=["empty closes", "clear closes all", "update stays", "push stacks"],
    )
    def test_answer_decides_what_stays_open(self, answering: Any, answer: dict[str, Any], left: int) -> None:
        town = answering(lambda _payload: answer)
        self.opened(town)
        seen = town.slack.human.submits(town.ada, {"why": {"reason": "fire"}})

        assert seen.warning == ""
        assert len(town.slack.workspace.modals.get(town.ada, [])) == left

    def test_errors_stand_beside_their_fields_and_the_modal_stays(self, answering: Any) -> None:
        town = answering(lambda _payload: {"response_action": "errors", "errors": {"why": "Say more."}})
        self.opened(town)
        seen = town.slack.human.submits(town.ada, {"why": {"reason": "x"}})

        assert seen.errors == {"why": "Say more."}
        assert len(town.slack.workspace.modals[town.ada]) == 1

    def test_app_receives_what_was_typed(self, answering: Any) -> None:
        town = answering(lambda _payload: {})
        self.opened(town)
        town.slack.human.submits(town.ada, {"why": {"reason": "fire"}})
        sent = town.payloads[0]
        view = sent["view"]

        assert (sent["type"], view["callback_id"], view["private_metadata"]) == (
            "view_submission",
            "kill",
            "infra",
        )
        assert view["state"]["values"]["why"]["reason"] == {"type": "plain_text_input", "value": "fire"}

    def test_no_answer_leaves_the_modal_and_says_so(self, town: Any) -> None:
        self.opened(town)
        seen = town.slack.human.submits(town.ada, {"why": {"reason": "fire"}})

        assert seen.warning == ":warning: We had some trouble connecting. Try again?"
        assert town.slack.workspace.modals[town.ada][-1].view["callback_id"] == "kill"

    def test_dismissed_modal_is_closed_without_telling(self, town: Any) -> None:
        self.opened(town)
        town.slack.human.dismisses(town.ada)

        assert town.slack.deliveries == []
        with pytest.raises(KeyError):
            town.slack.human.clicks(town.ada, MODAL, "any")
