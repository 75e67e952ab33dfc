"""Run the bot: hear Slack over Socket Mode or HTTP, ring, and let go in order when told to stop."""

from __future__ import annotations

import signal
import sys
from contextlib import ExitStack
from threading import Event
from typing import TYPE_CHECKING

from slack_sdk.errors import SlackApiError

from afk import housekeeping, log, presence, ring, settings, wiring
from afk.core.config import ConfigError
from afk.core.text import plain
from afk.health import Health
from afk.metrics import Metrics
from afk.operations import Operations
from afk.pages import EVERYWHERE, PageServer
from afk.ports import PortError
from afk.rounds import Rounds
from slackbot.access import Access
from slackbot.app import build
from slackbot.bot import Bot
from slackbot.front_door import FrontDoor
from slackbot.line import Line
from slackbot.postman import Postman
from slackbot.summaries import Summaries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from slack_bolt import App

    from afk.pages import Page
    from afk.ports import Ports
    from afk.settings import Settings
    from afk.systems import Slack

AGAIN = 5.0  # seconds between two attempts to reach Slack
WATCH = 60.0
# What an app token earns that no waiting will mend.
HOPELESS = frozenset({
    "invalid_auth", "not_authed", "account_inactive", "token_revoked", "missing_scope", "not_allowed_token_type",
})  # fmt: skip


def main(http: int | None = None, health: int | None = None) -> int:
    """Until SIGTERM or SIGINT. The exit code; one line on standard error says what is wrong and what to do."""
    stop = Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    try:
        run(settings.for_bot(), stop, http=http, health=health)
    except (ConfigError, PortError, OSError) as error:
        log.error("bot-ended", str(error))
        return 1
    return 0


def run(loaded: Settings, stop: Event, *, http: int | None = None, health: int | None = None) -> None:
    slack = _configured(loaded, over_http=http is not None)
    if http is not None and http == health:
        raise ConfigError(f"--http and --health both name port {http}: choose another one for --health.")
    clock = wiring.clock()
    with (
        wiring.ledger(loaded.database_url) as ledger,
        wiring.ports(loaded, ledger, clock) as ports,
        ExitStack() as doors,
    ):
        rings, posts = Event(), Event()
        access = Access(slack.operators, slack.readers)
        bot = Bot(Operations(ledger, loaded.config), access, clock, (rings, posts))
        secret = slack.signing_secret.get_secret_value() if slack.signing_secret else ""
        app = build(bot, slack.api_url, secret)
        if not slack.operators:
            log.warn("no-operators", "AFK_SLACK_OPERATORS is empty: nobody may ask for anything in Slack")
        rounds = _rounds(bot, ports, loaded, slack, rings, posts)
        line = None if http is not None else Line(app, _app_token(slack))
        names = tuple(channel.name for channel in ports.channels)
        watch = Health(ledger, clock, names, rounds, _hears(line), clock.now(), loaded.rhythm.tick_seconds)
        pages: dict[str, Page] = {
            "/health": watch.report,
            "/alive": watch.alive,
            "/metrics": lambda: Metrics(ledger, loaded.config, names, clock.now()).page(),
        }
        _open_doors(doors, app, secret, pages, http, health)
        claims = (presence.rounds(),) if loaded.presence is not None else ()
        for each in (*rounds, *claims):
            each.start()
            doors.callback(each.stop)
        _hear(doors, line, stop)
        stop.wait()


def _configured(loaded: Settings, *, over_http: bool) -> Slack:
    slack = loaded.slack
    assert slack is not None  # the settings are the bot's
    if over_http and not (slack.signing_secret and slack.signing_secret.get_secret_value().strip()):
        raise ConfigError("--http needs SLACK_SIGNING_SECRET: set it, or leave --http out for Socket Mode.")
    if not over_http and slack.app_token is None:
        raise ConfigError("Socket Mode needs SLACK_APP_TOKEN: set it, or use --http PORT with SLACK_SIGNING_SECRET.")
    return slack


def _app_token(slack: Slack) -> str:
    assert slack.app_token is not None
    return slack.app_token.get_secret_value()


def _rounds(
    bot: Bot, ports: Ports, loaded: Settings, slack: Slack, rings: Event, posts: Event
) -> tuple[Rounds, Rounds, Rounds]:
    clock = ports.clock
    summaries = Summaries(slack.digest_at)
    postman = Postman(bot, wiring.desk(slack, clock, ports.channels), ports.channels, summaries=summaries)
    began = clock.now()

    def ringing(now: datetime) -> Iterator[str]:
        report = ring.deliver(ports, now)
        ring.log_deliveries(report)
        return (f"{line.what}: {line.why}" for line in report.troubles)

    def watching(now: datetime) -> tuple[str, ...]:
        housekeeping.alert(ports.ledger, loaded.config, now, loaded.rhythm.tick_seconds, began)
        return ()

    return (
        Rounds("doorbells", ringing, clock, woken=rings),
        Rounds("notices", postman.work, clock, woken=posts),
        Rounds("alarms", watching, clock, pause=WATCH),
    )


def _hears(line: Line | None) -> Callable[[], bool]:
    """Over HTTP it does as long as the process answers."""
    if line is None:
        return lambda: True
    return lambda: line.is_alive


def _open_doors(
    doors: ExitStack, app: App, secret: str, pages: dict[str, Page], http: int | None, health: int | None
) -> None:
    """The pages have a port of their own: who Slack is comes from the internet, and they are for this house alone."""
    if http is not None:
        _opened(doors, FrontDoor((EVERYWHERE, http), app, secret))
    if health is not None:
        _opened(doors, PageServer((EVERYWHERE, health), pages))


def _opened(doors: ExitStack, door: PageServer) -> None:
    door.start()
    doors.callback(door.drain)


def _hear(doors: ExitStack, line: Line | None, stop: Event) -> None:
    """Wait for Slack as long as it takes: doorbells on other channels ring meanwhile."""
    if line is None:
        return
    doors.callback(line.drain)
    said = ""
    while not stop.is_set():
        try:
            line.connect()
        except SlackApiError as error:
            name = str(error.response.get("error"))
            if name in HOPELESS:
                raise ConfigError(
                    f"Slack refuses SLACK_APP_TOKEN ({plain(name, 80)}): set a valid app token."
                ) from None
            problem = name
        except Exception as error:  # noqa: BLE001 - the SDK lets everything through that a network can do
            problem = type(error).__name__
        else:
            return
        if problem != said:
            log.warn("slack-silent", f"Slack cannot be reached ({plain(problem, 80)}); trying again", why=problem)
            said = problem
        stop.wait(AGAIN)


if __name__ == "__main__":
    sys.exit(main())
