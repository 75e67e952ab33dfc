"""What an adapter learned is there for the next process, and a ledger that does not answer costs requests alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from afk import wiring
from afk.ports import Unreachable
from afk.recollection import Recollection
from tests.contract.forges import StoryClock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from afk.ports import Ledger

KEY = "github.cases.I_1"


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with wiring.ledger("sqlite://") as opened:
        yield opened


def test_the_next_process_knows_what_was_learned(ledger: Ledger) -> None:
    first = Recollection(ledger, StoryClock())
    first[KEY] = "a case"
    first["github.held..*"] = "noon"
    first.close()
    second = Recollection(ledger, StoryClock())

    assert second[KEY] == "a case"
    assert list(second) == [KEY]  # the other topic was not needed
    assert second.get("github.held..*") == "noon"
    assert len(second) == 2
    with pytest.raises(KeyError):
        second["github.cases.I_2"]


def test_what_was_known_already_is_not_written_again(ledger: Ledger) -> None:
    first = Recollection(ledger, StoryClock())
    first[KEY] = "a case"
    first.close()
    ledger.remember("github.cases", {"I_1": "somebody else's"}, StoryClock().now())
    first[KEY] = "a case"
    first.close()

    assert ledger.recall("github.cases") == {"I_1": "somebody else's"}


def test_what_is_forgotten_is_forgotten_in_this_process(ledger: Ledger) -> None:
    memory = Recollection(ledger, StoryClock())
    memory[KEY] = "a case"
    del memory[KEY]
    memory.close()

    assert KEY not in memory
    assert ledger.recall("github.cases") == {}


class Silent:
    """A ledger that does not answer."""

    def recall(self, topic: str) -> Mapping[str, str]:
        raise Unreachable(f"ledger: {topic}")

    def remember(self, topic: str, learned: Mapping[str, str], at: datetime) -> None:
        raise Unreachable(f"ledger: {topic}, {at}: {learned}")


def test_without_an_answer_of_the_ledger_it_lives_for_this_process() -> None:
    memory = Recollection(Silent(), StoryClock())  # type: ignore[arg-type]
    memory[KEY] = "a case"
    memory.close()

    assert memory[KEY] == "a case"
