"""Only addresses that somebody vouches for become links."""

from __future__ import annotations

import pytest

from afk.core.known_links import LONGEST, hosts_of, known_url, markdown_link

HOSTS = hosts_of([
    "https://t3.example.org", "http://127.0.0.1:3000", "http://[::1]:3000", "http://localhost:3000", "https://forge.lan",
    "http://T3.lan:3773", "http://ci.lan",
])  # fmt: skip


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        pytest.param("https://t3.example.org/env/1", "https://t3.example.org/env/1", id="known"),
        pytest.param("https://T3.example.org/x", "https://T3.example.org/x", id="letters-of-any-case"),
        pytest.param(
            "https://t3.example.org:8443/x?a=1&b=2#c",
            "https://t3.example.org:8443/x?a=1&b=2#c",
            id="port-query-fragment",
        ),
        pytest.param(
            "https://t3.example.org/a|b<c>\"d'",
            "https://t3.example.org/a%7Cb%3Cc%3E%22d%27",
            id="signs-that-end-a-link",
        ),
        pytest.param("http://127.0.0.1:8080/x", "http://127.0.0.1:8080/x", id="this-machine"),
        pytest.param("http://[::1]:8080/x", "http://[::1]:8080/x", id="this-machine-v6"),
        pytest.param("http://localhost/x", "http://localhost/x", id="this-machine-by-name"),
        pytest.param("http://forge.lan/x", "", id="plain-http-elsewhere"),
        pytest.param("http://t3.lan:3773/env/1", "http://t3.lan:3773/env/1", id="plain-http-that-the-settings-name"),
        pytest.param("http://T3.lan:3773/", "http://T3.lan:3773/", id="plain-http-in-letters-of-any-case"),
        pytest.param("http://t3.lan:3774/env/1", "", id="plain-http-at-another-port"),
        pytest.param("http://t3.lan/env/1", "", id="plain-http-at-the-usual-port"),
        pytest.param("http://ci.lan/1", "http://ci.lan/1", id="plain-http-at-the-port-that-goes-without-saying"),
        pytest.param("http://ci.lan:80/1", "http://ci.lan:80/1", id="plain-http-at-that-port-said"),
        pytest.param("https://t3.lan/x", "https://t3.lan/x", id="https-there-too"),
        pytest.param("http://evil@t3.lan:3773/x", "", id="a-user-at-a-plain-host"),
        pytest.param("http://127.0.0.2/x", "", id="this-machine-but-unknown"),
        pytest.param("https://evil.example/x", "", id="unknown"),
        pytest.param("https://t3.example.org.evil.example/x", "", id="known-as-a-beginning"),
        pytest.param("https://t3.example.org@evil.example/x", "", id="known-as-a-user"),
        pytest.param("https://evil@t3.example.org/x", "", id="a-user-at-a-known-host"),
        pytest.param("https://evil.example\\@t3.example.org/x", "", id="backslash"),
        pytest.param("https://t3.example.org/a b", "", id="blank"),
        pytest.param("https://t3.example.org/a\nb", "", id="line-end"),
        pytest.param("https://t3.example.org/\u202e", "", id="bidirectional"),
        pytest.param("https://t3.ex\u0430mple.org/", "", id="letters-of-another-script"),
        pytest.param("javascript:alert(1)//t3.example.org", "", id="script"),
        pytest.param("//t3.example.org/x", "", id="no-scheme"),
        pytest.param("https://t3.example.org:0/", "", id="port-zero"),
        pytest.param("https://t3.example.org:99999/", "", id="no-port"),
        pytest.param("https://[::1/", "", id="broken-address"),
        pytest.param("https:///x", "", id="no-host"),
        pytest.param("", "", id="nothing"),
        pytest.param("https://t3.example.org/" + "a" * LONGEST, "", id="too-long"),
    ],
)
def test_an_address_is_linked_or_it_is_not(url: str, expected: str) -> None:
    assert known_url(url, HOSTS) == expected


def test_without_known_hosts_nothing_is_linked() -> None:
    assert known_url("https://t3.example.org/", frozenset()) == ""


def test_hosts_of_settings_are_names_and_what_is_reached_in_plain() -> None:
    urls = ["https://T3.example.org:8443/base", "http://forge.lan/base", "http://127.0.0.1:3000", ""]

    origins = {"http://forge.lan:80", "http://127.0.0.1:3000"}
    assert hosts_of(urls) == {"t3.example.org", "forge.lan", "127.0.0.1", *origins}


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        pytest.param("https://forge.lan/1", "[log](https://forge.lan/1)", id="known"),
        pytest.param("https://evil.example/1", "", id="unknown"),
        pytest.param("https://forge.lan/1)[a](b", "[log](https://forge.lan/1%29[a]%28b)", id="end-of-the-link"),
        pytest.param("https://forge.lan/$x$", "[log](https://forge.lan/%24x%24)", id="formula"),
        pytest.param("https://forge.lan/`x|<b>", "[log](https://forge.lan/%60x%7C%3Cb%3E)", id="code-cell-html"),
    ],
)
def test_address_does_nothing_else_in_markdown(url: str, shown: str) -> None:
    assert markdown_link("log", url, HOSTS) == shown
