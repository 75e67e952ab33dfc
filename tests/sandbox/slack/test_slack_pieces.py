"""The small parts by themselves: tokens, pace, timestamps, identifiers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from afk.sandbox.slack.pacing import Meter, Pace
from afk.sandbox.slack.short_lived import ShortLived
from afk.sandbox.slack.tokens import Kind, Tokens
from afk.sandbox.slack.workspace import Workspace

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


class TestTokens:
    def test_each_kind_has_its_prefix(self) -> None:
        tokens = Tokens()

        assert [tokens.issue(kind, ()).value.startswith(f"{kind}-") for kind in Kind] == [True, True, True]

    def test_two_tokens_are_never_the_same(self) -> None:
        tokens = Tokens()

        assert tokens.issue(Kind.BOT, ()).value != tokens.issue(Kind.BOT, ()).value

    def test_revoked_outweighs_expired(self) -> None:
        tokens = Tokens()
        token = tokens.issue(Kind.BOT, (), expires_at=at(0))
        assert tokens.refusal_of(token.value, at(-1)) == ""
        assert tokens.refusal_of(token.value, at(0)) == "token_expired"

        tokens.revoke(token.value)

        assert tokens.refusal_of(token.value, at(0)) == "token_revoked"


class TestPace:
    PACE = Pace(burst=2, per_second=0.5)

    @pytest.mark.parametrize(
        ("calls", "waits"),
        [
            ([0, 0], [0, 0]),
            ([0, 0, 0], [0, 0, 2]),
            ([0, 0, 1], [0, 0, 1]),
            ([0, 0, 2], [0, 0, 0]),
            ([0, 0, 1, 2], [0, 0, 1, 0]),
            ([0, 0, 100, 100, 100], [0, 0, 0, 0, 2]),
        ],
        ids=["burst", "after it", "half refilled", "refilled", "a refusal costs nothing", "never more than the burst"],
    )
    def test_wait_is_as_long_as_it_takes_to_refill(self, calls: list[float], waits: list[int]) -> None:
        meter = Meter()

        assert [meter.wait_for("a", self.PACE, at(second)) for second in calls] == waits

    def test_keys_do_not_share(self) -> None:
        meter = Meter()

        assert [meter.wait_for(key, self.PACE, NOON) for key in "aabb"] == [0, 0, 0, 0]

    def test_clock_set_back_gives_nothing_and_takes_nothing(self) -> None:
        meter = Meter()

        assert [meter.wait_for("a", self.PACE, at(second)) for second in (0, -10, -10)] == [0, 0, 2]


class TestTimestamps:
    def test_timestamp_is_the_time_in_microseconds(self) -> None:
        assert Workspace(lambda: NOON.replace(microsecond=42)).new_ts() == "1772366400.000042"

    def test_timestamps_grow_while_the_clock_stands(self) -> None:
        workspace = Workspace(lambda: NOON)
        made = [workspace.new_ts() for _ in range(1000)]

        assert made == sorted(set(made))

    def test_timestamps_grow_when_the_clock_is_set_back(self) -> None:
        times = iter([at(10), at(0)])
        workspace = Workspace(lambda: next(times))
        first, second = workspace.new_ts(), workspace.new_ts()

        assert (first, second) == ("1772366410.000000", "1772366410.000001")


class TestIdentifiers:
    def test_identifiers_look_like_slack_s_and_differ(self) -> None:
        workspace = Workspace(lambda: NOON)
        made = [workspace.new_id("C") for _ in range(100)]

        assert len(set(made)) == 100
        assert all(each.startswith("C0") and each.isalnum() and each.isupper() and len(each) == 10 for each in made)

    def test_same_steps_give_the_same_identifiers(self) -> None:
        assert Workspace(lambda: NOON).new_id("C") == Workspace(lambda: NOON).new_id("C")

    def test_channel_is_found_by_id_and_by_name(self) -> None:
        workspace = Workspace(lambda: NOON)
        channel = workspace.add_channel("ops", private=False, shared=False, with_app=True)

        assert [workspace.channel_named(each) for each in (channel.id, "ops", "#ops", "dev")] == [channel] * 3 + [None]


class TestShortLived:
    @pytest.mark.parametrize(("seconds", "error"), [(3, ""), (3.1, "expired_trigger_id")])
    def test_trigger_ends_after_three_seconds(self, seconds: float, error: str) -> None:
        now = [NOON]
        lent = ShortLived(Workspace(lambda: now[0]))
        name = lent.trigger("U1")
        now[0] = at(seconds)

        assert lent.exchange(name) == ("" if error else "U1", error)

    def test_expired_url_costs_no_use(self) -> None:
        now = [NOON]
        lent = ShortLived(Workspace(lambda: now[0]))
        name = lent.url("U1", "C1")
        now[0] = at(1801)
        assert lent.refusal_of(name) == "expired_url"

        now[0] = at(1799)

        assert [lent.refusal_of(name) for _ in range(6)] == [""] * 5 + ["used_url"]
