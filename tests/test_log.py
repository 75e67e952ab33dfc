"""What is logged: events with fields for machines, lines for people, and no secret in either."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from afk import log
from afk.adapters.http import together
from afk.cli import app
from afk.sandbox.faults import Fault, Trouble
from afk.veil import VEIL
from tests.street import REPO, RUNNER, Street

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def street(tmp_path: Path) -> Iterator[Street]:
    made = Street.at(tmp_path, "github", 1)
    made.afk("arm", "infra")
    yield made
    made.close()


def logged(street: Street, *words: str, form: str = "json", code: int = 0) -> list[str]:
    result = RUNNER.invoke(app, words, env={**street.environment, "AFK_LOG": form})
    assert result.exit_code == code, result.output
    return result.stderr.splitlines()


def events(street: Street, *words: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in logged(street, *words)]


def test_tick_is_logged_from_its_beginning_to_its_end(street: Street) -> None:
    number = street.issue("Rotate the logs of the secret project")

    began, *lines, ended = events(street, "poll")

    assert (began["event"], began["tick"], began["level"]) == ("tick-began", "poll", "info")
    started = next(line for line in lines if line.get("issue") == number)
    assert (started["repo"], started["run"], started["tick"]) == ("infra", street.run(number)["id"], "poll")
    assert (ended["event"], ended["tick"], ended["summary"]) == ("tick-ended", "poll", "1 done")
    assert ended["requests"] > 0
    assert ended["seconds"] > 0
    assert all(line["timestamp"].endswith("Z") for line in (began, *lines, ended))
    assert "secret project" not in json.dumps([began, *lines, ended])


def test_failed_request_is_logged_with_its_tick_and_without_its_body(street: Street) -> None:
    street.issue()
    street.forge.server.faults.add(
        Fault(Trouble.STATUS, times=None, status=502, body='{"message": "the body says so"}')
    )

    lines = events(street, "poll")

    failed = [line for line in lines if line["event"] == "request-failed"]
    assert {(line["system"], line["status"], line["tick"], line["level"]) for line in failed} == {
        ("GitHub", "502", "poll", "warning")
    }
    assert failed[0]["path"] == "/graphql"
    assert "the body says so" not in json.dumps(failed)


def test_request_that_nobody_answers_is_logged_by_what_went_wrong(street: Street) -> None:
    street.issue()
    street.forge.server.stop()

    failed = [line for line in events(street, "poll") if line["event"] == "request-failed"]

    assert {line["status"] for line in failed} == {"ConnectError"}


def test_people_read_the_same_on_one_line_each(street: Street) -> None:
    street.issue()

    lines = logged(street, "poll", form="text")

    assert lines[0] == "afk: tick began tick=poll"
    assert lines[-1].startswith("afk: tick ended summary=1 done seconds=")


def test_unless_asked_for_a_tick_says_no_more_than_its_report(street: Street) -> None:
    assert logged(street, "poll", form="") == []


def test_unknown_form_is_refused_with_the_legal_ones(street: Street) -> None:
    (line,) = logged(street, "status", form="xml", code=1)

    assert line.startswith("afk: AFK_LOG is 'xml', but must be text or json.")


# The lines of services


def test_service_speaks_to_people_in_a_sentence(capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    monkeypatch.delenv("AFK_LOG", raising=False)

    log.warn("slack-silent", "Slack cannot be reached\nat all", why="timeout")

    assert capsys.readouterr().err == "afk: Slack cannot be reached at all\n"


def test_service_speaks_to_machines_in_fields(capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    monkeypatch.setenv("AFK_LOG", " JSON ")

    log.error("listener-broke", "bot: ref-1", reference="ref-1", trace="Traceback:\n  line 1\n")

    (line,) = capsys.readouterr().err.splitlines()
    fields = json.loads(line)
    assert fields.pop("timestamp")
    assert fields == {
        "event": "listener-broke", "level": "error", "message": "bot: ref-1", "reference": "ref-1",
        "trace": "Traceback:\n  line 1\n",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("form", "line", "shown"),
    [
        pytest.param("text", "afk: Slack is silent", "bot | Slack is silent", id="for-people"),
        pytest.param("json", '{"event": "x"}', '{"event": "x"}', id="for-machines-already"),
    ],
)
def test_lines_of_a_part_are_passed_on(
    form: str, line: str, shown: str, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    monkeypatch.setenv("AFK_LOG", form)

    log.passed_on("bot", line)

    assert capsys.readouterr().err == f"{shown}\n"


def test_line_of_a_foreign_part_becomes_one_for_machines(capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    monkeypatch.setenv("AFK_LOG", "json")

    log.passed_on("Prefect", "INFO: up")

    fields = json.loads(capsys.readouterr().err)
    assert (fields["event"], fields["part"], fields["message"]) == ("said", "Prefect", "INFO: up")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        pytest.param("afk: set AFK_T3_URL", "set AFK_T3_URL", id="for-people"),
        pytest.param('{"event": "bot-ended", "message": "set AFK_T3_URL"}', "set AFK_T3_URL", id="for-machines"),
        pytest.param('{"event": "bot-ended"}', "bot-ended", id="without-a-sentence"),
        pytest.param("[1]", "[1]", id="something-else"),
    ],
)
def test_words_of_a_line_are_found(line: str, words: str) -> None:
    assert log.words(line) == words


@pytest.mark.parametrize("form", ["text", "json"])
def test_secrets_are_veiled(form: str, capsys: pytest.CaptureFixture[str], monkeypatch: Any, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("of-the-file")
    monkeypatch.setenv("AFK_LOG", form)
    monkeypatch.setenv("AFK_FORGEJO_TOKEN", "of-the-variable")
    monkeypatch.setenv("AFK_T3_TOKEN_FILE", str(tmp_path / "token"))
    monkeypatch.setenv("AFK_DATABASE_URL", "postgresql+psycopg://afk:of-the-ledger@db/afk")

    log.warn("broke", "saw of-the-variable", why="of-the-file and of-the-ledger", trace="in of-the-variable")

    line = capsys.readouterr().err
    assert "of-the" not in line
    assert VEIL in line


def test_threads_that_ask_side_by_side_keep_the_fields(capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    monkeypatch.setenv("AFK_LOG", "json")
    meet = threading.Barrier(2, timeout=10)

    def asks() -> None:
        meet.wait()
        log.detail("asked")

    with log.during(tick="watch"):
        together([asks, asks])
    log.detail("after")

    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["event"], line.get("tick")) for line in lines] == [
        ("asked", "watch"),
        ("asked", "watch"),
        ("after", None),
    ]


def test_repository_without_an_issue_is_the_subject(street: Street) -> None:
    server: Any = street.forge.server
    server.delete_repository(REPO)

    lines = events(street, "poll")

    assert [line["subject"] for line in lines if "subject" in line] == ["infra"]


def test_line_that_nobody_can_take_ends_nobody() -> None:
    """A full disk, a terminal that was closed, a process that was started without."""
    says = "from afk import log; log.warn('part-died', 'a line'); log.passed_on('bot', 'a line'); print('goes on')"
    for elsewhere in ("2>/dev/full", "2>&-"):
        done = subprocess.run(
            ["sh", "-c", f'"$0" -c "$1" {elsewhere}', sys.executable, says],
            env={**os.environ, "AFK_LOG": ""}, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.stdout == "goes on\n"
