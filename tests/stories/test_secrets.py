"""No secret leaves AFK but to the system that it is for: not by output, error, report, comment, prompt or ledger."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest

from afk import wiring
from afk.core.model import IssueRef
from afk.sandbox.faults import Fault, Trouble
from flows import pages
from tests.street import REPO, Street
from tests.town import Town

if TYPE_CHECKING:
    from pathlib import Path

ANSWERS = [
    pytest.param(None, id="all is well"),
    pytest.param(Fault(Trouble.STATUS, times=None, status=401, body='{"message": "Bad credentials: {}"}'), id="401"),
    pytest.param(Fault(Trouble.STATUS, times=None, status=403, body='{"message": "Forbidden for {}"}'), id="403"),
    pytest.param(Fault(Trouble.STATUS, times=None, status=500, body='{"message": "boom at {}"}'), id="500"),
    pytest.param(Fault(Trouble.DROP_AFTER, times=None), id="cut"),
]


@pytest.mark.parametrize("system", ["github", "t3"])
@pytest.mark.parametrize("fault", ANSWERS)
def test_secrets_are_told_to_nobody(
    fault: Fault | None, system: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    street = Street.at(tmp_path, "github", 1)
    secrets = [value for name, value in street.environment.items() if name.endswith("TOKEN")]
    assert len(secrets) == 2
    street.environment["AFK_LOG"] = "json"
    said = street.afk("arm", "infra")
    number = street.issue()
    server = street.forge.server if system == "github" else street.t3
    if fault is not None:
        # A system that repeats our own credential to us is the worst case.
        ours = street.environment["AFK_GITHUB_TOKEN" if system == "github" else "AFK_T3_TOKEN"]
        body = fault.body.replace("{}", ours)
        server.faults.add(Fault(fault.trouble, ".*", None, 0, fault.status, {}, body))
    for words in (["poll"], ["watch"], ["poll", "--json"], ["status", "--json"], ["runs"]):
        said += street.afk(*words)
    server.faults.clear()
    said += street.afk("poll") + street.afk("watch")

    assert "tick-ended" in said
    told = capfd.readouterr()
    ledger = b"".join(path.read_bytes() for path in tmp_path.glob("ledger.db*") if path.is_file())
    comments = "".join(body for _, body in street.forge.comments_of(number))
    prompts = "".join(message.text for thread in street.t3.threads for message in street.t3.messages(thread))
    for secret in (whole[:30] for whole in secrets):  # a cut message must not carry the beginning either
        assert secret not in said + told.out + told.err + comments + prompts
        assert secret.encode() not in ledger
    street.close()


INFRA = IssueRef("infra", 1)
ECHO = [
    pytest.param(Fault(Trouble.STATUS, times=None, status=401, body='{"message": "Bad credentials: {}"}'), id="401"),
    pytest.param(Fault(Trouble.STATUS, times=None, status=403, body='{"message": "no {}", "error": "{}"}'), id="403"),
    pytest.param(Fault(Trouble.STATUS, times=None, status=503, body="<html>{}</html>"), id="503"),
    pytest.param(Fault(Trouble.STATUS, times=None, status=200, body='{"ok": false, "error": "{}"}'), id="200"),
]
TOWNS = {
    "forgejo": ("forgejo", 2, "", "AFK_FORGEJO_TOKEN"),
    "t3 protocol 2": ("forgejo", 2, "", "AFK_T3_TOKEN"),
    "woodpecker": ("forgejo", 1, "pipelines", "AFK_WOODPECKER_TOKEN"),
    "kubernetes": ("forgejo", 1, "pipelines", "AFK_KUBERNETES_TOKEN_FILE"),
    "slack": ("github", 1, "bells", "SLACK_BOT_TOKEN"),
    "ntfy": ("github", 1, "bells", "AFK_NTFY_TOKEN"),
}


def secrets_of(town: Town) -> dict[str, str]:
    """The beginning of each: a message that is cut must not carry that either."""
    environment = town.street.environment
    found = {name: value for name, value in environment.items() if name.endswith(("TOKEN", "SECRET"))}
    files = {name: (town.street.home / "token").read_text() for name in environment if name.endswith("TOKEN_FILE")}
    return {name: value[:20] for name, value in {**found, **files}.items()}


def told_by(town: Town) -> str:
    """Everything that anybody can read: the ledger, the tracker, the agents, the bells, and Prefect's pages."""
    home, t3 = town.street.home, town.street.t3
    ledger = b"".join(path.read_bytes() for path in home.glob("ledger.db*") if path.is_file())
    comments = [body for _, body in town.street.forge.comments_of(INFRA.number)]
    prompts = [message.text for thread in t3.threads for message in t3.messages(thread)]
    bells = (
        json.dumps([town.bells.slack.messages(town.bells.room), town.bells.ntfy.published("afk")]) if town.bells else ""
    )
    with wiring.ledger(town.street.environment["AFK_DATABASE_URL"]) as opened:
        prefect = [pages.page(run, ()) for run in opened.history(INFRA, 10)]
    return "".join([ledger.decode("latin-1"), *comments, *prompts, bells, *prefect])


@pytest.mark.parametrize("fault", ECHO)
@pytest.mark.parametrize("system", TOWNS)
def test_system_that_repeats_our_credential_is_quoted_without_it(
    system: str, fault: Fault, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """At every step of a run that is red, and with the doctor looking."""
    *place, ours = TOWNS[system]
    with Town.at(tmp_path, *place) as town:
        street, secrets = town.street, secrets_of(town)
        street.environment["AFK_LOG"] = "json"
        number = street.issue()
        town.ticks()
        town.goes(street.agent_pushes(number), "kubernetes" if system == "kubernetes" else town.reds[0])
        value = street.environment[ours]
        whole = (tmp_path / "token").read_text() if ours.endswith("FILE") else value
        echo = Fault(fault.trouble, times=None, status=fault.status, body=fault.body.replace("{}", whole))
        town.servers[system].faults.add(echo)
        said = street.afk("poll", "--json") + street.afk("watch", "--json")
        if town.bells:
            street.set(run_max_seconds=0)
            said += street.afk("watch") + "".join(map(str, town.rings().troubles))
        is_doubt = system == "ntfy" and fault.status == HTTPStatus.FORBIDDEN  # it may be write-only
        looked = street.afk("doctor", code=0 if is_doubt else 1)
        said += looked + street.afk("status", "--json") + street.afk("runs", "--json")
        town.servers[system].faults.clear()
        town.ticks()

        assert ("403" if is_doubt else "AFK could not run: ") in looked
        read = said + told_by(town) + "".join(capfd.readouterr())
    assert len(secrets) >= 2
    assert {name for name, secret in secrets.items() if secret in read} == set()


def test_credentials_in_files_and_addresses_are_not_quoted_when_they_are_wrong(tmp_path: Path) -> None:
    key, password = "-----BEGIN RSA PRIVATE KEY-----\nTUlJRXBRSUJBQUtD", "hush-hush-1"
    street = Street.at(tmp_path, "github", 1)
    street.afk("arm", "infra")
    (tmp_path / "app.pem").write_text(key)
    del street.environment["AFK_GITHUB_TOKEN"]
    street.environment |= {"AFK_GITHUB_APP_ID": "7", "AFK_GITHUB_APP_PRIVATE_KEY_FILE": str(tmp_path / "app.pem")}
    said = street.afk("poll") + street.afk("doctor", code=1)
    assert "AFK_GITHUB_APP_PRIVATE_KEY_FILE" in said
    assert REPO not in street.t3.threads
    street.environment["AFK_DATABASE_URL"] = f"postgresql+psycopg://afk:{password}@127.0.0.1:1/afk"
    said += street.afk("poll", code=1) + street.afk("status", code=1) + street.afk("doctor", code=1)
    street.close()

    assert "127.0.0.1" in said
    assert not [secret for secret in ("TUlJRXBRSUJBQUtD", "BEGIN RSA", password) if secret in said]
