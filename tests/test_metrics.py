"""What Prometheus reads is what the ledger knows, every graph has its metric, and every metric its words."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from afk.adapters.ledger import open_ledger
from afk.core.config import Config
from afk.core.counts import Count, of_tick
from afk.core.model import ForgeKind, Repo, Slug, StageKind
from afk.core.records import Doorbell, DoorbellKind, Entry, TickRecord, Via
from afk.metrics import HELP, Metrics
from afk.pages import PageServer
from tests.slackbot.conftest import Wobbly
from tests.street import Street

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afk.ports import Ledger

ROOT = Path(__file__).parent.parent
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
INFRA = Repo("infra", ForgeKind.GITHUB, Slug("acme", "infra"), (StageKind.CHECKS,))


class Samples(dict[tuple[str, frozenset[str]], float]):
    """By name and the values of the labels, in any order."""

    def __getitem__(self, key: tuple[str, tuple[str, ...]]) -> float:  # type: ignore[override]
        return super().__getitem__((key[0], frozenset(key[1])))


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with open_ledger("sqlite://") as made:
        yield made


def scraped(ledger: Any, *channels: str, config: Config | None = None, now: datetime = NOON) -> Samples:
    status, text = Metrics(ledger, config or Config(repos={"infra": INFRA}), channels, now).page()
    assert status == 200
    return samples(text)


def samples(text: str) -> Samples:
    found = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return Samples({(one.name, frozenset(one.labels.values())): one.value for one in found})


def ends(ledger: Ledger, seconds: float, result: str = "done", **asked: int) -> None:
    requests = {("GitHub", status.removeprefix("s")): number for status, number in asked.items()}
    counts = of_tick("poll", result, seconds, requests, {("GitHub", "core"): 4_000})
    ledger.ticked(TickRecord("poll", NOON, "1 done"), counts)


def test_ticks_and_requests_come_together_over_processes(ledger: Ledger) -> None:
    ends(ledger, 0.4, s200=3, s502=1)
    ends(ledger, 3.0, s200=2)
    ends(ledger, 70.0, "trouble", ConnectError=1)

    seen = scraped(ledger)

    assert seen["afk_ticks_total", ("poll", "done")] == 2
    assert seen["afk_ticks_total", ("poll", "trouble")] == 1
    assert seen["afk_requests_total", ("GitHub", "200")] == 5
    assert seen["afk_requests_total", ("GitHub", "502")] == 1
    assert seen["afk_requests_total", ("GitHub", "ConnectError")] == 1
    assert seen["afk_rate_limit_left", ("GitHub", "core")] == 4_000
    buckets = [seen["afk_tick_seconds_bucket", ("poll", bound)] for bound in ("0.5", "2.5", "5.0", "50.0", "+Inf")]
    assert buckets == [1, 1, 2, 2, 3]
    assert seen["afk_tick_seconds_count", ("poll",)] == 3
    assert seen["afk_tick_seconds_sum", ("poll",)] == pytest.approx(73.4)
    assert seen["afk_last_tick_timestamp_seconds", ("poll",)] == NOON.timestamp()


def test_what_is_left_of_a_limit_is_the_last_word(ledger: Ledger) -> None:
    for left in (4_000.0, 3_990.0):
        ledger.ticked(TickRecord("poll", NOON, ""), [Count("left", ("GitHub", "core"), left, adds=False)])

    assert scraped(ledger)["afk_rate_limit_left", ("GitHub", "core")] == 3_990


def test_switches_are_shown_by_gate(ledger: Ledger) -> None:
    entry = Entry(NOON, "ada", Via.CLI, "arm")
    ledger.arm("infra", NOON + timedelta(hours=1), entry)
    ledger.kill(on=True, entry=entry)
    config = Config(repos={"infra": INFRA}, kill_switch=False)

    seen = scraped(ledger, config=config)

    assert (seen["afk_kill_switch", ("deployment",)], seen["afk_kill_switch", ("runtime",)]) == (0, 1)
    assert seen["afk_armed", ("infra",)] == 1
    assert scraped(ledger, config=config, now=NOON + timedelta(hours=2))["afk_armed", ("infra",)] == 0


def test_who_waits_for_a_doorbell_is_shown_by_channel(ledger: Ledger) -> None:
    for key, ago in (("new", 10), ("old", 90)):
        ledger.ring(Doorbell(key, DoorbellKind.ALARM, NOON - timedelta(seconds=ago), text="x"))

    seen = scraped(ledger, "slack")

    assert (seen["afk_outbox_waiting", ("slack",)], seen["afk_outbox_oldest_seconds", ("slack",)]) == (2, 90)
    assert scraped(open_ledger("sqlite://"), "slack")["afk_outbox_oldest_seconds", ("slack",)] == 0


def test_ledger_that_is_away_is_no_number(ledger: Ledger) -> None:
    away = Wobbly(ledger)
    away.fails["counts"] = 1

    status, text = Metrics(away, Config(), (), NOON).page()  # type: ignore[arg-type]

    assert (status, text) == (503, "# ledger: it cannot be reached\n")


def test_ticks_that_run_are_counted_with_what_they_asked(tmp_path: Path) -> None:
    street = Street.at(tmp_path, "github", 1)
    street.afk("arm", "infra")
    street.issue()
    street.ticks()
    street.environment["AFK_KILL_SWITCH"] = "on"
    street.afk("poll")

    with open_ledger(street.environment["AFK_DATABASE_URL"]) as ledger:
        seen = scraped(ledger)
    street.close()

    assert (seen["afk_ticks_total", ("poll", "done")], seen["afk_ticks_total", ("poll", "off")]) == (1, 1)
    assert seen["afk_requests_total", ("GitHub", "200")] > 1
    assert seen["afk_rate_limit_left", ("GitHub", "graphql")] < 5_000
    assert seen["afk_runs", ("in-flight",)] == 1
    assert seen["afk_runs", ("frozen",)] == 0


# Words and graphs


def exported() -> set[str]:
    """By the names that Prometheus stores."""
    with open_ledger("sqlite://") as ledger:
        ends(ledger, 1.0, s200=1)
        return {name for name, _ in scraped(ledger, "slack")}


def test_graphs_ask_for_metrics_that_are_exported() -> None:
    board = json.loads((ROOT / "deploy" / "grafana-dashboard.json").read_text())
    asked = {
        name
        for panel in board["panels"]
        for target in panel["targets"]
        for name in re.findall(r"\bafk_[a-z_]+", target["expr"])
    }

    assert asked <= exported()
    assert {family.removesuffix("_total") for family in HELP} <= {
        re.sub(r"_(total|bucket)$", "", name) for name in asked
    }


def test_metrics_are_documented_and_no_others() -> None:
    text = (ROOT / "docs" / "operating.md").read_text()
    documented = set(re.findall(r"^\| `(afk_[a-z_]+)", text, re.MULTILINE))

    names = {re.sub(r"_(bucket|count|sum)$", "", name) for name in exported()}
    assert documented == names


def test_pages_are_text_or_facts() -> None:
    server = PageServer(
        ("127.0.0.1", 0), {"/metrics": lambda: (200, "afk_runs 1\n"), "/alive": lambda: (503, {"ok": 0})}
    )
    server.start()

    with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as client:
        metrics, alive, other = (client.get(path) for path in ("/metrics?x=1", "/alive", "/"))
        refused = client.post("/alive")
    server.drain()

    assert (metrics.text, metrics.headers["content-type"]) == (
        "afk_runs 1\n",
        "text/plain; version=0.0.4; charset=utf-8",
    )
    assert (alive.status_code, alive.json(), other.status_code, refused.status_code) == (503, {"ok": 0}, 404, 501)
