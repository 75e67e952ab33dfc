"""A street that is in order, and what the doctor finds on it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.street import Street

LABELS = ("ready-for-agent", "agent-in-progress", "ready-for-human")
Found = list[dict[str, str]]


def settle(street: Street) -> None:
    """Everything that a doctor likes to see: labels, a green head, an armed repository."""
    number = street.forge.opens("Say hello")
    for label in LABELS:
        street.forge.labels(number, label)
    street.forge.ci(street.forge.pushes("Begin"), green=True)
    street.afk("arm", "infra")


def findings(street: Street, code: int = 0) -> Found:
    facts = json.loads(street.afk("doctor", "--json", code=code))
    assert facts["could_run"] is (code == 0)
    found: Found = facts["findings"]
    return found


def of_level(found: Found, *levels: str) -> list[tuple[str, str]]:
    return [(each["system"], each["subject"]) for each in found if each["level"] in levels]


def one(found: Found, system: str, subject: str, level: str) -> dict[str, str]:
    (only,) = [each for each in found if (each["system"], each["subject"], each["level"]) == (system, subject, level)]
    return only
