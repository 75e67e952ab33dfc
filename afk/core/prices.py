"""Estimate what tokens cost in US dollars, at list prices.

The estimate sees only the token counts it is given: not the surcharge for writing a cache, not discounts, plans or
long-context rates, and not the calls that nobody reported.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PRICES_VERSION = "2026-11"
_MILLION = 1_000_000
_DATE = re.compile(r"(?:\[[^\]]*\])?(?:-20[0-9]{6}|-20[0-9]{2}-[0-9]{2}-[0-9]{2})?(?:\[[^\]]*\])?$")


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens."""

    input: float
    cached: float
    output: float


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one or more calls of a model. `cached` is the part of `input` that came from a cache."""

    input: int
    cached: int
    output: int


PRICES: Mapping[str, Price] = {
    "claude-fable-5-1": Price(10.0, 1.0, 50.0),
    "claude-fable-5": Price(10.0, 1.0, 50.0),
    "claude-opus-5-5": Price(4.0, 0.2, 20.0),
    "claude-opus-5": Price(5.0, 0.5, 25.0),
    "claude-opus-4-8": Price(5.0, 0.5, 25.0),
    "claude-opus-4-7": Price(5.0, 0.5, 25.0),
    "claude-opus-4-6": Price(5.0, 0.5, 25.0),
    "claude-opus-4-5": Price(5.0, 0.5, 25.0),
    "claude-opus-4-1": Price(15.0, 1.5, 75.0),
    "claude-opus-4": Price(15.0, 1.5, 75.0),
    "claude-sonnet-5-5": Price(2.0, 0.2, 10.0),
    "claude-sonnet-5": Price(2.0, 0.2, 10.0),
    "claude-sonnet-4-6": Price(3.0, 0.3, 15.0),
    "claude-sonnet-4-5": Price(3.0, 0.3, 15.0),
    "claude-sonnet-4": Price(3.0, 0.3, 15.0),
    "claude-haiku-4-5": Price(1.0, 0.1, 5.0),
    "claude-3-5-haiku": Price(0.8, 0.08, 4.0),
    "gpt-5.5": Price(5.0, 0.5, 30.0),
    "gpt-5.4": Price(2.5, 0.25, 15.0),
    "gpt-5.4-mini": Price(0.75, 0.075, 4.5),
    "gpt-5.3-codex": Price(1.75, 0.175, 14.0),
    "gpt-5.2": Price(1.75, 0.175, 14.0),
    "gpt-5.2-codex": Price(1.75, 0.175, 14.0),
    "gpt-5.1": Price(1.25, 0.125, 10.0),
    "gpt-5.1-codex": Price(1.25, 0.125, 10.0),
    "gpt-5": Price(1.25, 0.125, 10.0),
    "gpt-5-codex": Price(1.25, 0.125, 10.0),
    "gpt-5-mini": Price(0.25, 0.025, 2.0),
}
MOST_EXPENSIVE = max(PRICES.values(), key=lambda price: price.output)


def price_of(model: str) -> Price:
    """A model that the table does not know, or an alias such as `opus`, costs what the dearest known one does."""
    return PRICES.get(_DATE.sub("", model.strip().lower()), MOST_EXPENSIVE)


def cost_usd(model: str, usages: Iterable[Usage]) -> float:
    price = price_of(model)
    return sum(_cost(price, usage) for usage in usages)


def _cost(price: Price, usage: Usage) -> float:
    cached = min(usage.cached, usage.input)
    fresh = usage.input - cached
    return (fresh * price.input + cached * price.cached + usage.output * price.output) / _MILLION
