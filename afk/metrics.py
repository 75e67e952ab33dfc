"""Show Prometheus what the ledger knows: ticks, requests, runs, switches, and who waits for a doorbell."""

from __future__ import annotations

from http import HTTPStatus
from itertools import groupby
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

from afk.core.counts import BOUNDS, Counted
from afk.ports import PortError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from prometheus_client.metrics_core import Metric

    from afk.core.config import Config
    from afk.core.counts import Count
    from afk.ports import Ledger

HELP = {
    "afk_ticks": "Ticks that ran to their end.",
    "afk_tick_seconds": "How long ticks took.",
    "afk_requests": "Requests of ticks and deliveries, by the status of the answer or the name of what went wrong.",
    "afk_rate_limit_left": "What the last answer said is left of a rate limit.",
    "afk_last_tick_timestamp_seconds": "When a tick last ran to its end.",
    "afk_runs": "Runs in flight, and runs that ended, by how.",
    "afk_outbox_waiting": "Doorbells that a channel has not got yet.",
    "afk_outbox_oldest_seconds": "How long the oldest of them has waited.",
    "afk_kill_switch": "1 where the kill switch of this gate is on.",
    "afk_armed": "1 where an enrolled repository is armed.",
}


class Metrics:
    """One scrape reads the ledger, and asks nobody else."""

    def __init__(self, ledger: Ledger, config: Config, channels: Sequence[str], now: datetime) -> None:
        self._ledger, self._config, self._channels, self._now = ledger, config, channels, now

    def page(self) -> tuple[int, str]:
        registry = CollectorRegistry(auto_describe=False)
        registry.register(self)
        try:
            return HTTPStatus.OK, generate_latest(registry).decode()
        except PortError as error:
            return HTTPStatus.SERVICE_UNAVAILABLE, f"# {error}\n"

    def collect(self) -> Iterator[Metric]:
        counts = {name: list(some) for name, some in groupby(self._ledger.counts(), lambda count: count.name)}
        yield _counter("afk_ticks", ("tick", "result"), counts.get(Counted.TICKS, ()))
        yield _durations(counts.get(Counted.SECONDS, ()))
        yield _counter("afk_requests", ("system", "status"), counts.get(Counted.REQUESTS, ()))
        left = [(count.labels, count.value) for count in counts.get(Counted.LEFT, ())]
        yield _gauge("afk_rate_limit_left", ("system", "resource"), left)
        ticks = [((name,), tick.at.timestamp()) for name, tick in self._ledger.last_ticks().items()]
        yield _gauge("afk_last_tick_timestamp_seconds", ("tick",), ticks)
        yield _gauge("afk_runs", ("state",), [((state,), count) for state, count in self._ledger.census().items()])
        yield from self._outbox()
        yield from self._switches()

    def _outbox(self) -> Iterator[Metric]:
        waiting = {name: [bell.at for bell, _ in self._ledger.outbox(name)] for name in self._channels}
        yield _gauge("afk_outbox_waiting", ("channel",), [((name,), len(some)) for name, some in waiting.items()])
        ages = [((name,), (self._now - min(some, default=self._now)).total_seconds()) for name, some in waiting.items()]
        yield _gauge("afk_outbox_oldest_seconds", ("channel",), ages)

    def _switches(self) -> Iterator[Metric]:
        switches = self._ledger.switches()
        gates = (("deployment",), self._config.kill_switch), (("runtime",), switches.killed is not None)
        yield _gauge("afk_kill_switch", ("gate",), gates)
        armed = [((name,), switches.is_armed(name, self._now)) for name in self._config.repos]
        yield _gauge("afk_armed", ("repo",), armed)


def _counter(name: str, labels: Sequence[str], counts: Sequence[Count]) -> Metric:
    family = CounterMetricFamily(name, HELP[name], labels=labels)
    for count in counts:
        family.add_metric(count.labels, count.value)
    return family


def _gauge(name: str, labels: Sequence[str], values: Sequence[tuple[Sequence[str], Any]]) -> Metric:
    family = GaugeMetricFamily(name, HELP[name], labels=labels)
    for label, value in values:
        family.add_metric(label, float(value))
    return family


def _durations(counts: Sequence[Count]) -> Metric:
    """Each tick's row of buckets, which hold what took at most so long, and the sum of all."""
    family = HistogramMetricFamily("afk_tick_seconds", HELP["afk_tick_seconds"], labels=("tick",))
    for tick, some in groupby(counts, lambda count: count.labels[0]):
        known = {count.labels[1]: count.value for count in some}
        buckets = [(bound, known.get(bound, 0.0)) for bound in BOUNDS]
        family.add_metric((tick,), buckets, known.get("sum", 0.0))
    return family
