from __future__ import annotations

import pytest

from afk.core.prices import MOST_EXPENSIVE, PRICES, PRICES_VERSION, Usage, cost_usd, price_of


@pytest.mark.parametrize(
    ("model", "listed"),
    [
        pytest.param("claude-sonnet-4-6", "claude-sonnet-4-6", id="as-listed"),
        pytest.param("Claude-Sonnet-4-6", "claude-sonnet-4-6", id="other-case"),
        pytest.param("claude-opus-4-5-20251101", "claude-opus-4-5", id="dated"),
        pytest.param("claude-sonnet-4-5[1m]", "claude-sonnet-4-5", id="with-a-window"),
        pytest.param("claude-opus-4-1-20250805[1m]", "claude-opus-4-1", id="dated-with-a-window"),
        pytest.param("gpt-5-2025-08-07", "gpt-5", id="dated-with-dashes"),
    ],
)
def test_a_model_is_found_whatever_hangs_on_its_name(model, listed):
    assert price_of(model) is PRICES[listed]


@pytest.mark.parametrize("model", ["", "opus", "claude-opus-9", "claude-sonnet-4-6-turbo", "gpt-5-pro", "grok-9"])
def test_an_unknown_model_costs_what_the_dearest_known_one_does(model):
    assert price_of(model) is MOST_EXPENSIVE


def test_nothing_listed_is_dearer_than_the_most_expensive():
    assert all(
        price.output <= MOST_EXPENSIVE.output and price.input <= MOST_EXPENSIVE.input for price in PRICES.values()
    )


@pytest.mark.parametrize("price", PRICES.values(), ids=PRICES)
def test_cached_input_is_the_cheapest_and_output_the_dearest(price):
    assert 0 < price.cached < price.input < price.output


@pytest.mark.parametrize(
    ("usages", "usd"),
    [
        pytest.param([], 0.0, id="nothing"),
        pytest.param([Usage(1_000_000, 0, 0)], 3.0, id="input"),
        pytest.param([Usage(1_000_000, 1_000_000, 0)], 0.3, id="cached"),
        pytest.param([Usage(0, 0, 1_000_000)], 15.0, id="output"),
        pytest.param([Usage(34_000, 30_000, 1_000)], 0.036, id="a-part-of-the-input-was-cached"),
        pytest.param([Usage(1_000_000, 0, 0), Usage(0, 0, 1_000_000)], 18.0, id="two-calls"),
        pytest.param([Usage(10, 1_000_000, 0)], 0.000003, id="more-cached-than-input-is-taken-as-all-of-it"),
    ],
)
def test_the_cost_is_the_sum_over_the_kinds_of_tokens(usages, usd):
    assert cost_usd("claude-sonnet-4-6", usages) == pytest.approx(usd)


def test_the_table_says_of_which_month_it_is():
    assert PRICES_VERSION.count("-") == 1
