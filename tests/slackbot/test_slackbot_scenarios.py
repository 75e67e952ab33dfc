"""What people in Slack do and see, over Socket Mode and over signed HTTP alike: real Bolt, real sockets."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from afk.core.records import Verb
from afk.core.run import Outcome
from afk.operations import report_unreadable
from afk.sandbox.faults import Fault, Trouble
from afk.sandbox.slack import HOME, faults_of
from afk.sandbox.slack.seen import Pending, button_in
from slackbot import confirmation
from tests.house import INFRA_42
from tests.slackbot.conftest import CLI

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.slackbot.conftest import Town


def armed(town: Town) -> set[str]:
    return set(town.house.ledger.switches().armed)


def refusals(town: Town) -> list[tuple[str, str]]:
    return [(entry.verb, entry.actor) for entry in town.house.ledger.audited(50) if entry.refused]


@contextmanager
def shown_late(town: Town, name: str) -> Iterator[None]:
    """Everybody clicks before anything on the screen has changed."""

    def held() -> bool:
        return stack.enter_context(town.house.ledger.hold(name))

    with ExitStack() as stack:
        town.until(held)
        yield


# Looking


def test_status_is_a_table_and_reads_well_without_it(town: Town) -> None:
    town.house.a_run()
    (message,) = town.types("status").messages

    assert message["text"].startswith(
        "AFK is on: 2 of 2 repositories armed, 1 running.\n• infra: armed by ada\n• web: armed by ada\nRunning:\n"
        "• infra#42 attempt 1: "
    )
    assert [block["type"] for block in message["blocks"]][:2] == ["section", "table"]
    assert faults_of(message) == []


def test_why_and_runs_answer_from_the_ledger(town: Town) -> None:
    town.frozen()

    (answer,) = town.types("why infra#42").messages
    assert answer["text"].startswith("infra#42: ")
    assert [block["type"] for block in answer["blocks"]] == ["section", "table"]
    assert "infra#42 attempt 1: frozen" in town.types("runs infra#42").text
    assert "has not been considered yet" in town.types("why web#7").text
    assert town.types("runs web#7").text == "There is no run yet. Hint: /afk status"


def test_help_and_a_slip_are_answered_to_the_one_who_typed(town: Town) -> None:
    assert "`/afk arm REPO [for TIME] [because …]`" in town.types("").text
    assert town.types("amr infra").text == "'amr' is no command. Did you mean arm? Hint: /afk help arm"
    assert town.posts_in_channel() == []


def test_every_command_and_refusal_is_in_the_audit_log(town: Town) -> None:
    for text in ("status", "why web#7", "xyzzy", "arm nowhere"):
        town.types(text)
    town.types("status", town.eve)

    said = [(entry.verb, entry.target, entry.refused) for entry in town.house.ledger.audited(5)]
    assert said == [
        ("status", "", True),
        ("arm", "nowhere", True),
        ("usage", "", True),
        ("why", "web#7", False),
        ("status", "", False),
    ]


# Doing


def test_arming_is_confirmed_in_place_and_announced(town: Town) -> None:
    town.types("disarm web")
    question = town.types("arm web for 8h because release week").messages[0]
    assert question["text"] == "Arm web for 8h, because release week? Agents may start there."
    assert faults_of(question) == []
    assert armed(town) == {"infra"}

    town.slack.human.clicks(town.ada, question["ts"], "confirm")

    assert town.replaced(town.ada, question).startswith("web is armed until ")
    assert town.house.ledger.switches().armed["web"].because == "release week"
    town.settles()
    assert town.posts_in_channel()[0] == f"<@{town.ada}> disarmed web. Nothing new starts there."
    told = town.posts_in_channel()[1]
    assert told.startswith(f"<@{town.ada}> armed web until <!date^")
    assert told.endswith(", because release week.")


def test_what_is_cancelled_is_not_done(town: Town) -> None:
    question = town.types("kill").messages[0]
    town.slack.human.clicks(town.ada, question["ts"], "cancel")

    assert town.replaced(town.ada, question) == "Cancelled. Nothing was done."
    assert town.house.ledger.switches().killed is None


def test_three_clicks_on_confirm_delivered_twice_each_are_one_command(town: Town) -> None:
    town.house.a_run()
    question = town.types("stop infra#42").messages[0]
    with shown_late(town, "notices"), ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: town.slack.human.clicks(town.ada, question["ts"], "confirm", times=2), range(3)))

    assert town.replaced(town.ada, question).startswith("infra#42 is being stopped")
    town.settles()
    assert len(town.house.ledger.pending(Verb.STOP)) == 1
    assert sum("asked to stop" in text for text in town.posts_in_channel()) == 1


def test_question_is_void_after_two_minutes(town: Town) -> None:
    question = town.types("arm web for 8h").messages[0]
    town.clock.passes(timedelta(minutes=2, seconds=1))
    town.slack.human.clicks(town.ada, question["ts"], "confirm")

    assert "older than two minutes" in town.replaced(town.ada, question)
    assert town.house.ledger.switches().armed["web"].until is None


def test_question_of_somebody_else_cannot_be_confirmed(town: Town) -> None:
    """Slack shows it to nobody else, so that only a forged click gets here."""
    question = town.types("kill").messages[0]
    value = question["blocks"][1]["elements"][0]["value"]
    team, bob = town.pair(town.bob)
    click = {"user": {"id": bob, "team_id": team}, "trigger_id": "1.2", "response_url": f"{town.slack.url}/respond/x"}

    for _ in range(2):
        confirmation.settle(town.bot, click, value, cancelled=False)

    assert town.house.ledger.switches().killed is None
    assert refusals(town) == [("confirm", f"{team}:{bob}")]


def test_removed_operators_open_question_is_void(town: Town) -> None:
    question = town.types("kill").messages[0]
    town.restarts(town.bob)
    town.slack.human.clicks(town.ada, question["ts"], "confirm")

    assert "may not do this" in town.replaced(town.ada, question)
    assert town.house.ledger.switches().killed is None
    assert refusals(town) == [("confirm", ":".join(town.pair(town.ada)))]


def test_kill_now_asks_nothing_and_interrupts(town: Town) -> None:
    town.house.a_run()

    assert "1 run in flight is being stopped" in town.types("kill now because outage").text
    town.house.watch(2)
    assert town.house.run().outcome is Outcome.STOPPED
    assert town.confirms("resume") == "The kill switch is off: armed repositories start again."


def test_command_delivered_twice_is_carried_out_once(town: Town) -> None:
    seen = town.types("disarm web because noisy", times=2)

    assert sorted(message["text"][:12] for message in seen.messages) == ["This very co", "web is disar"]
    town.settles()
    assert town.posts_in_channel() == [f"<@{town.ada}> disarmed web, because noisy. Nothing new starts there."]


def test_stop_of_what_does_not_run_says_so(town: Town) -> None:
    assert town.confirms("stop web#7") == "web#7 has no run in flight. Hint: /afk runs"


def test_say_reaches_the_agent_and_redispatch_is_confirmed(town: Town) -> None:
    town.house.a_run()
    assert town.types("say infra#42 use eu").text == "Passed on to the agent of infra#42 with the next tick."
    town.house.watch()
    assert "use eu" in town.house.world.thread_of(INFRA_42).messages[-1].text
    assert town.confirms("redispatch infra#42").startswith("infra is busy with infra#42. Hint: /afk stop infra#42")


def test_what_cannot_be_done_is_refused_before_it_is_asked_about(town: Town) -> None:
    for text in ("arm infar", "redispatch infar#42", "disarm infar"):
        (message,) = town.types(text).messages

        assert message["text"].startswith("'infar' is not enrolled (enrolled: infra, web).")
        assert message["text"].endswith("Did you mean infra?")
        assert "blocks" not in message


# Who may


def test_stranger_is_told_how_to_be_added_whatever_they_ask(town: Town) -> None:
    town.house.a_run()
    asked = ["status", "arm infra", "disarm infra", "kill now", "stop infra#42", "say infra#42 hi", "help", "xyzzy"]
    said = [town.types(text, town.eve).text for text in asked]

    pair = ":".join(town.pair(town.eve))
    assert set(said) == {
        f"Nothing was done: {pair} may not do this. Hint: ask the operator to add it to AFK_SLACK_OPERATORS"
    }
    assert (town.house.ledger.switches().killed, armed(town)) == (None, {"infra", "web"})
    assert town.house.ledger.pending(Verb.STOP, Verb.SAY) == ()
    assert [actor for _, actor in refusals(town)] == [pair] * len(asked)


def test_foreigner_is_a_stranger_with_whatever_button(town: Town) -> None:
    town.frozen()
    fay = town.foreigner()
    town.presses(fay, town.bell()["ts"], "rerun")

    assert "may not do this" in town.waits_for_whisper(fay, "Nothing was done")
    assert town.types("kill now", fay).text.startswith("Nothing was done")
    assert town.house.ledger.pending(Verb.REDISPATCH) == ()
    assert town.house.ledger.switches().killed is None


def test_reader_may_look_and_nothing_else(town: Town) -> None:
    assert town.types("status", town.reader).text.startswith("AFK is on")
    assert town.types("disarm infra", town.reader).text.endswith("You may ask: /afk status, /afk why, /afk runs.")
    assert "infra" in armed(town)


@pytest.mark.parametrize("transport", ["socket", "http"])
def test_empty_list_is_nobody(opens: object, transport: str) -> None:
    town = opens(transport, operators=False)  # type: ignore[operator]

    assert town.types("status").text.startswith("Nothing was done")


# Doorbells


def test_thirty_clicks_by_three_people_each_delivered_twice_are_one_run(town: Town) -> None:
    """One new run, one update of the message, twenty-nine private notices."""
    people = [town.ada, town.bob, town.eve]
    town.restarts(*people)
    town.frozen()
    bell = town.bell()

    before = town.slack.calls("chat.update")
    with shown_late(town, "ring:slack"), ThreadPoolExecutor(30) as pool:
        human = town.slack.human
        pressed = Pending(bell["ts"], button_in(bell, "rerun", None), 2)  # its confirm dialog is closed already
        list(pool.map(lambda number: human._press(people[number % 3], pressed), range(30)))
    town.settles()
    town.until(lambda: "Re-run by" in town.bell()["text"])

    (wish,) = town.house.ledger.pending(Verb.REDISPATCH)
    assert wish.key == "redispatch:infra:42:1"
    whispers = [text for user in people for text in town.whispers(user)]
    assert len(whispers) == 29
    assert set(whispers) == {f"<@{wish.actor}> asked for a new attempt at infra#42 already."}
    assert town.slack.calls("chat.update") - before == 1
    town.house.poll()
    assert town.house.run().attempt == 2
    assert len(town.house.ledger.history(INFRA_42, 10)) == 2


def test_message_says_who_ran_it_again_and_what_became_of_it(town: Town) -> None:
    town.frozen()
    bell = town.bell()
    town.presses(town.ada, bell["ts"], "rerun")
    town.until(lambda: "Attempt 2 has not started yet." in town.bell()["text"])
    assert f"Re-run by <@{town.ada}>, <!date^" in town.bell()["text"]
    assert "rerun" not in str(town.bell()["blocks"])

    town.house.poll()
    town.until(lambda: "Attempt 2 is running." in town.bell()["text"])
    town.house.world.ci_goes_green("infra", town.house.pushed_and_ended())
    town.house.watch(2)
    town.until(lambda: "Attempt 2 is done after" in str(town.bell()["blocks"]))
    assert faults_of(town.bell()) == []


def test_re_run_is_withdrawn_by_stop(town: Town) -> None:
    town.frozen()
    town.presses(town.ada, town.bell()["ts"], "rerun")
    assert town.confirms("stop infra#42", town.bob).startswith("The re-run of infra#42 is withdrawn")

    town.until(lambda: "'rerun'" in str(town.bell()["blocks"]))
    town.settles()
    assert f"<@{town.bob}> withdrew the re-run of infra#42." in town.posts_in_channel()


def test_old_messages_button_is_inert(town: Town) -> None:
    town.frozen()
    bell = town.bell()
    town.presses(town.ada, bell["ts"], "rerun")
    town.house.poll()
    town.house.world.ci_goes_red("infra", town.house.pushed_and_ended())
    town.house.watch()
    town.until(lambda: "Attempt 2 froze" in town.slack.find(bell["ts"])[1]["text"])
    shows(town, bell)
    town.presses(town.bob, bell["ts"], "rerun")

    assert town.waits_for_whisper(town.bob, "already") == (
        f"<@{town.ada}> asked for a new attempt at infra#42 already."
    )
    assert town.house.run().attempt == 2


def test_got_it_is_shown_in_the_message_and_the_second_hears_of_the_first(town: Town) -> None:
    town.frozen()
    bell = town.bell()
    town.presses(town.ada, bell["ts"], "ack", times=2)
    town.until(lambda: "Got it by" in town.bell()["text"])
    shows(town, bell)
    town.presses(town.bob, bell["ts"], "ack")

    assert town.waits_for_whisper(town.bob, "already") == f"<@{town.ada}> has taken this up already."
    assert town.whispers(town.ada) == []
    doorbell = town.house.ledger.doorbell_at("slack", f"{town.channel}:{bell['ts']}")
    assert doorbell is not None
    assert doorbell.acknowledged_by == town.ada


def test_link_is_acknowledged_and_does_nothing(town: Town) -> None:
    town.frozen()

    assert town.presses(town.ada, town.bell()["ts"], "link:thread").warning == ""
    assert [each.key for each in town.house.ledger.notices() if not each.key.startswith("receipt:")] == []


def test_rerun_that_is_refused_says_why_to_the_one_who_clicked(town: Town) -> None:
    town.frozen()
    town.types("disarm infra")
    town.presses(town.ada, town.bell()["ts"], "rerun")

    assert town.waits_for_whisper(town.ada, "not armed") == "infra is not armed. Hint: /afk arm infra"


# Questions and replies


def test_question_is_answered_by_a_button_once(town: Town) -> None:
    bell = town.asked("eu-west", "us-east")
    town.presses(town.ada, bell["ts"], "answer:1", times=2)
    town.presses(town.bob, bell["ts"], "answer:0")

    assert town.waits_for_whisper(town.bob, "already") == f"<@{town.ada}> has answered this already."
    assert town.waits_for_whisper(town.ada, "Passed") == "Passed on to the agent of infra#42 with the next tick."
    town.house.watch(2)
    assert [answer for _, answer in answers(town)] == ["us-east"]


def test_button_of_a_question_that_is_not_asked_any_more_does_nothing(town: Town) -> None:
    bell = town.asked("eu-west")
    town.slack.human.replies(town.bob, bell["ts"], "neither")
    town.settles()
    town.house.watch(2)
    town.until(lambda: "answer:0" not in str(town.bell("Which")["blocks"]))
    shows(town, bell)
    town.presses(town.ada, bell["ts"], "answer:0")

    assert "answered already, or no longer asked" in town.waits_for_whisper(town.ada, "already")
    assert [answer for _, answer in answers(town)] == ["neither"]


def shows(town: Town, message: dict[str, Any]) -> None:
    """Somebody's screen still has the message as it was."""
    channel, now = town.slack.find(message["ts"])
    town.slack.conversations.change(channel, town.slack.workspace.app.user, now, {"blocks": message["blocks"]})


def answers(town: Town) -> list[tuple[str, str]]:
    """What people said to agents, by the audit log."""
    entries = town.house.ledger.audited(100)
    return [(entry.actor, entry.detail) for entry in entries if entry.verb in {"say", "reply"} and not entry.refused]


def test_reply_reaches_the_agent_and_is_acknowledged_in_the_thread(town: Town) -> None:
    bell = town.asked()
    town.slack.human.replies(town.ada, bell["ts"], "use <eu> & go")
    town.settles()

    assert [each["text"] for each in town.slack.thread(bell["ts"])][-1] == (
        "Passed on to the agent of infra#42 with the next tick."
    )
    town.house.watch(2)
    assert answers(town) == [(town.ada, "use <eu> & go")]


def test_reply_under_a_frozen_run_is_kept_for_the_next_attempt(town: Town) -> None:
    town.frozen()
    town.slack.human.replies(town.ada, town.bell()["ts"], "mind the second disk", broadcast=True)
    town.settles()

    assert [(note.actor, note.text) for note in town.house.ledger.notes(INFRA_42)] == [
        (town.ada, "mind the second disk")
    ]


@pytest.mark.parametrize("failing", ["command", "notify"])
def test_reply_whose_first_delivery_failed_reaches_the_agent_once(town: Town, failing: str) -> None:
    """Slack delivers the event again; the ledger failed before the words were written, or after."""
    bell = town.asked()
    town.ledger.fails[failing] = 1
    town.slack.human.replies(town.ada, bell["ts"], "eu")
    sent = next(each for each in town.slack.deliveries if each.payload["event"].get("text") == "eu")
    town.until(lambda: sent.over)

    assert [attempt.ok for attempt in sent.attempts] == [False, True]
    town.settles()
    assert answers(town) == [(town.ada, "eu")]
    assert [each["text"] for each in town.slack.thread(bell["ts"])][2:] == [
        "Passed on to the agent of infra#42 with the next tick."
    ]


@pytest.mark.parametrize("transport", ["socket", "http"])
def test_reply_to_a_bell_whose_place_is_not_known_yet_is_not_lost(opens: Any, transport: str) -> None:
    """The answer to the post was lost, and somebody reads and replies before the bot has found it again."""
    town: Town = opens(transport, retry_factor=0.02)
    town.delivers()
    town.slack.faults.add(Fault(Trouble.DROP_AFTER, "/api/chat.postMessage$"))
    town.slack.faults.add(Fault(Trouble.STATUS, "/api/conversations.history$", times=None, status=503))
    town.house.a_run()
    town.house.world.agent_asks(INFRA_42, "Which region?")
    town.house.watch()
    town.rings.set()
    (bell,) = town.until(lambda: town.slack.messages(town.channel))
    town.slack.human.replies(town.ada, bell["ts"], "eu")
    assert answers(town) == []

    town.slack.faults.clear()
    town.clock.passes(timedelta(seconds=30))
    town.until(lambda: answers(town) == [(town.ada, "eu")])
    sent = next(each for each in town.slack.deliveries if each.payload["event"].get("text") == "eu")
    assert [attempt.ok for attempt in sent.attempts][:1] == [False]


def test_reply_delivered_three_times_is_one_message(town: Town) -> None:
    bell = town.asked()
    town.slack.human.replies(town.ada, bell["ts"], "eu", times=3)
    town.settles()

    assert answers(town) == [(town.ada, "eu")]
    assert len(town.slack.thread(bell["ts"])) == 3


def test_strangers_reply_is_refused_to_their_face_alone(town: Town) -> None:
    bell = town.asked()
    town.slack.human.replies(town.eve, bell["ts"], "drop the database")

    assert "may not do this" in town.waits_for_whisper(town.eve, "Nothing was done")
    assert answers(town) == []
    assert refusals(town) == [("reply", ":".join(town.pair(town.eve)))]


def test_other_words_in_the_channel_are_nobodys_business(town: Town) -> None:
    bell = town.asked()
    other = town.slack.other_bot_posts(town.channel, "hello")
    town.slack.other_bot_posts(town.channel, "do it", bell["ts"])
    town.slack.human.types(town.ada, "just talking", town.channel)
    town.slack.human.replies(town.ada, other, "to another thread")
    own = town.slack.human.types(town.ada, "typo", town.channel).ts
    town.slack.human.edits(town.ada, own, "no typo")
    town.slack.human.deletes(town.ada, own)
    town.until(lambda: all(each.over for each in town.slack.deliveries))

    assert answers(town) == []
    assert all(len(each.attempts) == 1 for each in town.slack.deliveries)


def test_nothing_to_say_is_refused_and_an_alarm_has_no_agent(town: Town) -> None:
    bell = town.asked()
    town.slack.human.replies(town.ada, bell["ts"], "   ")
    assert "There is nothing to say" in town.waits_for_whisper(town.ada, "nothing to say")

    report_unreadable(town.house.ledger, "AFK_KILL_SWITCH is 'maybe'", town.clock.now())
    town.rings.set()
    alarm = town.until(lambda: next((m for m in town.slack.messages(town.channel) if "Alarm" in m["text"]), None))
    town.slack.human.replies(town.ada, alarm["ts"], "on it")
    assert "No agent works on this" in town.waits_for_whisper(town.ada, "No agent")


# Home


def home(town: Town, user: str) -> str:
    held = town.slack.workspace.homes.get(user)
    return str(held.view["blocks"]) if held else ""


def test_home_shows_what_is_armed_runs_waits_and_ended(town: Town) -> None:
    town.frozen()
    town.bell()
    town.slack.human.opens_home(town.ada)
    town.until(lambda: home(town, town.ada))

    shown = home(town, town.ada)
    for part in ("*infra* armed by ada", "*Running*", "🧊 Frozen: infra#42", "infra#42 attempt 1: frozen"):
        assert part in shown


def test_repository_is_disarmed_and_armed_on_the_page(town: Town) -> None:
    town.slack.human.opens_home(town.ada)
    town.until(lambda: home(town, town.ada))
    town.slack.human.clicks(town.ada, HOME, "home:disarm", value="infra", times=2)
    town.until(lambda: "*infra* not armed" in home(town, town.ada))
    assert armed(town) == {"web"}

    town.slack.human.clicks(town.ada, HOME, "home:arm", value="infra")
    town.slack.human.confirms(town.ada)
    town.until(lambda: "*infra* armed by" in home(town, town.ada))
    assert armed(town) == {"infra", "web"}
    town.settles()
    assert [text.split(">")[1][:9] for text in town.posts_in_channel()] == [" disarmed", " armed in"]


def test_stranger_sees_no_more_on_the_page_than_how_to_be_added(town: Town) -> None:
    town.slack.human.opens_home(town.eve)
    town.until(lambda: home(town, town.eve))

    assert "may not do this" in home(town, town.eve)
    assert "infra" not in home(town, town.eve)
    assert refusals(town) == [("home", ":".join(town.pair(town.eve)))]


def test_reader_sees_the_page_without_its_switches(town: Town) -> None:
    town.slack.human.opens_home(town.reader)
    town.until(lambda: home(town, town.reader))

    assert "*infra* armed by ada" in home(town, town.reader)
    assert "home:disarm" not in home(town, town.reader)


# When something breaks


def test_command_that_fails_is_answered_with_a_reference(town: Town, capfd: pytest.CaptureFixture[str]) -> None:
    town.ledger.fails["switches"] = 1
    said = town.types("status").text

    assert said == (
        "Something went wrong, and nothing was done. Hint: try again, or look for ref-1234 in the bot's log"
    )
    log = capfd.readouterr().err
    assert "afk: bot: ref-1234: Traceback" in log
    assert "response_url" not in log
    assert "sandbox-verification-token" not in log


def test_button_that_fails_shows_slacks_warning(town: Town) -> None:
    town.frozen()
    bell = town.bell()
    town.ledger.fails["acknowledge"] = 1

    assert town.presses(town.ada, bell["ts"], "ack").warning == ":warning:"


def test_words_to_an_agent_are_announced_unless_all_see_them(town: Town) -> None:
    """Whoever steals an operator's account steers no agent unseen."""
    bell = town.asked()
    town.slack.human.replies(town.bob, bell["ts"], "in everybody's sight")
    town.until(lambda: answers(town))
    town.types("say infra#42 <!channel> drop *everything* " + "x" * 300)

    (said,) = town.until(lambda: [each for each in town.posts_in_channel() if "told the agent" in each])
    assert said.startswith(
        f"<@{town.ada}> told the agent of infra#42 “&lt;!channel&gt; drop \u2217everything\u2217 xxx"
    )
    assert said.endswith("x…”.")
    assert len(said) < 250


def test_change_on_the_command_line_is_announced_too(town: Town) -> None:
    town.bot.operations.arm("web", CLI, town.clock.now(), because="<!here> now")
    town.until(town.posts_in_channel)

    assert town.posts_in_channel() == ["ops armed web, because &lt;!here&gt; now."]
