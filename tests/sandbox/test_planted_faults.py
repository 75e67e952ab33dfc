"""Planted faults happen where and as often as they were planted, and a server that leaves is really gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from afk.sandbox.faults import Fault, Faults, Trouble
from afk.sandbox.ntfy import NtfyServer

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def server() -> Iterator[NtfyServer]:
    with NtfyServer() as started:
        yield started


def taken(faults: Faults, *lines: str) -> list[bool]:
    return [faults.take(line) is not None for line in lines]


def test_fault_lets_the_first_ones_by_and_strikes_as_often_as_it_says() -> None:
    faults = Faults()
    faults.add(Fault(Trouble.STATUS, "^POST", times=2, skip=1))

    assert taken(faults, "POST /a", "GET /a", "POST /a", "POST /b", "POST /c") == [False, False, True, True, False]


def test_first_of_two_faults_is_used_up_first() -> None:
    faults = Faults()
    faults.add(Fault(Trouble.STATUS, status=500))
    faults.add(Fault(Trouble.STATUS, times=None, status=501))
    struck = [faults.take("GET /") for _ in range(3)]

    assert [fault.status for fault in struck if fault] == [500, 501, 501]


def test_server_that_leaves_answers_once_more_and_refuses_until_it_is_started(server: NtfyServer) -> None:
    server.faults.add(Fault(Trouble.LEAVES, "^POST"))
    bearer = {"Authorization": f"Bearer {server.add_user('afk-bot')}"}
    server.grant("afk-bot", "afk")
    with httpx.Client(timeout=5, headers=bearer) as http:
        assert http.post(f"{server.url}/afk", content="first").status_code == 200
        with pytest.raises(httpx.ConnectError):
            http.get(f"{server.url}/afk/json?poll=1")

        server.start()
        assert '"message":"first"' in http.get(f"{server.url}/afk/json?poll=1&since=all").text


def test_server_that_runs_is_not_started_twice(server: NtfyServer) -> None:
    url = server.url
    server.start()

    assert server.url == url
    assert httpx.get(f"{url}/v1/health", timeout=5).is_success
