"""Who looks at a presence service sees which repositories AFK works in, for as long as it does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest
from pydantic import SecretStr

from afk import presence, settings, wiring
from afk.adapters.ledger import open_ledger
from afk.adapters.presence import PresenceWebhook
from afk.core.counts import Count
from afk.core.model import IssueRef
from afk.core.presence import claim_of
from afk.core.run import Outcome, Reason
from afk.ports import Refused
from afk.presence import keep
from afk.sandbox.faults import Fault, Trouble
from afk.sandbox.presence import PresenceServer
from afk.systems import Presence
from tests.contract.ledgers import a_run, an_entry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from afk.ports import Ledger

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
RUN = a_run()


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def passes(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server(clock: Clock) -> Iterator[PresenceServer]:
    with PresenceServer(token="let-me-in", clock=clock) as made:
        yield made


@pytest.fixture
def service(server: PresenceServer) -> Iterator[PresenceWebhook]:
    made = PresenceWebhook(Presence(f"{server.url}/claims", SecretStr("let-me-in")))
    yield made
    made.close()


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with open_ledger("sqlite://") as made:
        yield made


def test_run_in_flight_holds_its_repository_until_it_ends(
    server: PresenceServer, ledger: Ledger, service: PresenceWebhook, clock: Clock
) -> None:
    assert keep([RUN], ledger, service, clock()) == ()
    assert server.held() == {"repo:infra": "AFK #42"}

    for _ in range(30):  # five minutes, in looks of ten seconds
        clock.passes(10)
        assert keep([RUN], ledger, service, clock()) == ()
        assert server.held() == {"repo:infra": "AFK #42"}
    assert len(server.exchanges) == 11  # the claim, and a heartbeat each half minute

    assert keep([], ledger, service, clock()) == ()
    assert server.held() == {}
    assert keep([], ledger, service, clock()) == ()
    assert len(server.exchanges) == 12


def test_run_whose_end_is_decided_is_released_though_its_effects_are_due(
    server: PresenceServer, ledger: Ledger, service: PresenceWebhook, clock: Clock
) -> None:
    keep([RUN], ledger, service, clock())

    keep([a_run(outcome=Outcome.FROZEN, reason=Reason.ATTEMPTS_SPENT)], ledger, service, clock())

    assert server.held() == {}


def test_process_that_died_lets_its_claims_end(
    server: PresenceServer, ledger: Ledger, service: PresenceWebhook, clock: Clock
) -> None:
    keep([RUN], ledger, service, clock())

    clock.passes(89)
    assert server.held() == {"repo:infra": "AFK #42"}
    clock.passes(2)
    assert server.held() == {}


def test_service_that_is_down_is_one_line_and_is_told_later(
    server: PresenceServer, ledger: Ledger, service: PresenceWebhook, clock: Clock
) -> None:
    runs = [RUN, a_run(attempt=2)]
    keep(runs, ledger, service, clock())
    server.stop()
    clock.passes(30)

    first, second = ("".join(keep(runs, ledger, service, clock())) for _ in range(2))
    assert first == second == "presence: POST: nobody answers (ConnectError)"

    server.start()
    assert keep([], ledger, service, clock()) == ()
    assert server.held() == {}


def test_release_that_comes_too_late_is_not_sent(
    server: PresenceServer, ledger: Ledger, service: PresenceWebhook, clock: Clock
) -> None:
    keep([RUN], ledger, service, clock())
    server.faults.add(Fault(Trouble.STATUS, times=1, status=503))
    (line,) = keep([], ledger, service, clock())
    assert "503" in line
    clock.passes(91)

    assert keep([], ledger, service, clock()) == ()
    assert len(server.exchanges) == 2


def test_claim_that_is_refused_keeps_no_other_waiting(
    server: PresenceServer, ledger: Ledger, service: PresenceWebhook, clock: Clock
) -> None:
    ended, refused, later = (a_run(IssueRef(name, 42)) for name in ("ended", "infra", "web"))
    keep([ended], ledger, service, clock())
    server.faults.add(Fault(Trouble.STATUS, times=1, status=403, body="{}"))

    (line,) = keep([refused, later], ledger, service, clock())

    assert line.startswith("repo:infra: presence: POST /claims: 403")
    assert server.held() == {"repo:web": "AFK #42"}
    assert keep([refused, later], ledger, service, clock()) == ()
    assert set(server.held()) == {"repo:infra", "repo:web"}


def test_two_processes_claim_as_one_and_either_releases(
    tmp_path: Path, server: PresenceServer, service: PresenceWebhook, clock: Clock
) -> None:
    """The bot and the flows are told the same address where both get the same settings."""
    place = f"sqlite:///{tmp_path}/ledger.db"
    with open_ledger(place) as bot, open_ledger(place) as flows:
        for _ in range(6):  # a minute
            keep([RUN], bot, service, clock())
            keep([RUN], flows, service, clock())
            clock.passes(10)
        assert len(server.exchanges) == 2

        keep([], flows, service, clock())
        keep([], bot, service, clock())

    assert server.held() == {}
    assert len(server.exchanges) == 3


def test_wrong_token_is_refused_and_not_repeated_in_the_line(server: PresenceServer) -> None:
    service = PresenceWebhook(Presence(f"{server.url}/claims", SecretStr("not-that-one")))

    with pytest.raises(Refused, match="401") as refused:
        service.claim(claim_of(RUN))
    service.close()

    assert "not-that-one" not in str(refused.value)


def test_rounds_read_settings_and_ledger(
    tmp_path: Path, server: PresenceServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AFK_DATABASE_URL", f"sqlite:///{tmp_path}/ledger.db")
    with wiring.ledger(settings.ledger_url()) as ledger:
        ledger.claim(RUN, an_entry(), {})
    rounds = presence.rounds()
    rounds.once()
    assert (server.held(), rounds.troubles) == ({}, ())

    monkeypatch.setenv("AFK_PRESENCE_URL", f"{server.url}/claims")
    monkeypatch.setenv("AFK_PRESENCE_TOKEN", "let-me-in")
    rounds.once()
    assert (server.held(), rounds.troubles) == ({"repo:infra": "AFK #42"}, ())
    with wiring.ledger(settings.ledger_url()) as ledger:
        assert ledger.counts() == (Count("requests", ("presence", "204"), 1.0),)

    server.exchanges.clear()
    with wiring.ledger(settings.ledger_url()) as ledger, ledger.hold("presence"):
        another = presence.rounds()
        another.once()
    assert (server.exchanges, another.troubles) == ([], ())

    monkeypatch.setenv("AFK_KILL_SWITCH", "perhaps")
    rounds.once()
    assert "AFK_KILL_SWITCH" in rounds.troubles[0]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        pytest.param({}, 204, id="as documented"),
        pytest.param({"action": "steal"}, 422, id="another action"),
        pytest.param({"ttl_seconds": "90"}, 422, id="a number in words"),
        pytest.param({"purpose": ""}, 422, id="without a purpose"),
        pytest.param({"title": "hostile"}, 422, id="a field too many"),
    ],
)
def test_simulated_service_takes_nothing_but_the_documented_body(
    server: PresenceServer, change: dict[str, object], status: int
) -> None:
    body = {**claim_of(RUN).as_json(), **change}

    with httpx.Client(headers={"Authorization": "Bearer let-me-in"}, trust_env=False) as client:
        answer = client.post(f"{server.url}/claims", json=body)
        released = client.post(f"{server.url}/claims", json={**claim_of(RUN).release_json(), "id": "another's"})

    assert (answer.status_code, released.status_code) == (status, 409)
