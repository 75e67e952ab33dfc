"""Names that are held: by one at a time, for as long as the holder lives and no longer."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.engine import make_url

from afk.adapters.ledger import open_ledger
from tests.adapters.ledger.processes import enters, holder, race
from tests.contract.ledgers import fill
from tests.postgres import SHARED

if TYPE_CHECKING:
    from collections.abc import Callable

    from afk.adapters.ledger import SqlLedger

NAMES = ["poll", "watch:infra/42", "../../etc/passwd", "%s 'x' 🎈", "long " * 100, ""]


def freed(ledger: SqlLedger, name: str = "poll", patience: float = 5) -> bool:
    """A server notices the end of a process when its connection ends, a moment later."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        with ledger.hold(name) as held:
            if held:
                return True
        time.sleep(0.01)
    return False


@pytest.mark.parametrize("name", NAMES, ids=["plain", "path", "upwards", "odd", "long", "empty"])
def test_a_name_is_held_by_one_at_a_time(ledger: SqlLedger, name: str) -> None:
    with ledger.hold(name) as first, ledger.hold(name) as second:
        assert (first, second) == (True, False)

    with ledger.hold(name) as again:
        assert again


def test_a_refusal_does_not_free_the_holder(ledger: SqlLedger) -> None:
    with ledger.hold("poll"):
        with ledger.hold("poll") as refused:
            assert not refused
        with ledger.hold("poll") as still_refused:
            assert not still_refused


def test_names_do_not_stand_in_each_others_way(ledger: SqlLedger) -> None:
    with ledger.hold("poll") as poll, ledger.hold("watch") as watch, ledger.hold("poll.lock") as other:
        assert (poll, watch, other) == (True, True, True)


def test_a_failure_inside_lets_go_and_comes_through(ledger: SqlLedger) -> None:
    with pytest.raises(KeyError), ledger.hold("poll"):
        raise KeyError

    assert freed(ledger, patience=0.1)


def test_what_is_written_while_holding_stays(ledger: SqlLedger) -> None:
    with ledger.hold("poll"):
        fill(ledger)

    assert len(ledger.live()) == 1


def test_threads_of_one_process_exclude_each_other(ledger: SqlLedger) -> None:
    inside, most = [0], [0]

    def work() -> None:
        entered = 0
        while entered < 10:
            with ledger.hold("poll") as held:
                if held:
                    entered += 1
                    inside[0] += 1
                    most[0] = max(most[0], inside[0])
                    time.sleep(0.0005)
                    inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert most == [1]


@pytest.mark.parametrize("kind", SHARED)
def test_processes_exclude_each_other(kind: str, tmp_path: Path, new_database: Callable[[str], str]) -> None:
    url = new_database(kind)
    open_ledger(url).__exit__()

    assert race(3, enters, url, str(tmp_path / "guest"), 30) == [0, 0, 0]


@pytest.mark.parametrize("kind", SHARED)
def test_a_killed_holder_lets_go(kind: str, new_database: Callable[[str], str]) -> None:
    url = new_database(kind)
    with open_ledger(url) as ledger, holder(url, "poll") as process:
        with ledger.hold("poll") as held:
            assert not held
        process.kill()

        assert freed(ledger)


@pytest.mark.parametrize("kind", SHARED)
def test_two_ledgers_do_not_share_names(kind: str, new_database: Callable[[str], str]) -> None:
    with (
        open_ledger(new_database(kind)) as one,
        open_ledger(new_database(kind)) as other,
        one.hold("poll") as here,
        other.hold("poll") as there,
    ):
        assert (here, there) == (True, True)


def test_locks_of_a_file_leave_nothing_behind(new_database: Callable[[str], str]) -> None:
    url = new_database("file")
    folder = Path(f"{make_url(url).database}-locks")
    with open_ledger(url) as ledger:
        with ledger.hold("poll"), ledger.hold("watch:infra#42"):
            assert sorted(file.name for file in folder.iterdir()) == ["poll.lock", "watch%3Ainfra%2342.lock"]
            assert folder.stat().st_mode & 0o777 == 0o700

        assert list(folder.iterdir()) == []


def test_a_lock_file_left_by_a_killed_holder_is_taken_over(new_database: Callable[[str], str]) -> None:
    url = new_database("file")
    file = Path(f"{make_url(url).database}-locks") / "poll.lock"
    with open_ledger(url) as ledger:
        with holder(url, "poll") as process:
            process.kill()
            process.join()
        assert file.exists()

        with ledger.hold("poll") as held:
            assert held
