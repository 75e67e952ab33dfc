"""Show which addresses and secrets a setting takes, and that none shows a password when refused."""

from __future__ import annotations

import pytest

from afk.core import config_values as values
from afk.core.config import ConfigError

TODO = "Correct it, then run `afk doctor`."
URL = "a URL http(s)://host[:port][/path], without user, password, query and fragment"
HIDDEN = "a value that looks like a credential (not shown)"


def refused(parse, *arguments) -> str:
    with pytest.raises(ConfigError) as error:
        parse(*arguments)
    return str(error.value)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://t3", "http://t3"),
        (" https://t3.example:8443/base/ ", "https://t3.example:8443/base"),
        ("http://127.0.0.1:3773//", "http://127.0.0.1:3773"),
        ("http://[::1]:80/", "http://[::1]:80"),
    ],
)
def test_a_url_loses_its_trailing_slash(text, url):
    assert values.parse_url(text, "AFK_T3_URL") == url


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("t3.example", "'t3.example'", id="no scheme"),
        pytest.param("ftp://t3", "'ftp://t3'", id="another scheme"),
        pytest.param("http://", "'http://'", id="no host"),
        pytest.param("http:///path", "'http:///path'", id="no host but a path"),
        pytest.param("http://t3:x", "'http://t3:x'", id="port is no number"),
        pytest.param("http://t3:70000", "'http://t3:70000'", id="port too large"),
        pytest.param("http://t3:0", "'http://t3:0'", id="port nought"),
        pytest.param("http://[::1", "'http://[::1'", id="broken address"),
        pytest.param("http://t3/?a=b", "'http://t3/?a=b'", id="query"),
        pytest.param("http://t3/#a", "'http://t3/#a'", id="fragment"),
        pytest.param("http://a b/", "'http://a b/'", id="space"),
        pytest.param("http://t3/\nx", "'http://t3/x'", id="two lines"),
        pytest.param("http://-t3", "'http://-t3'", id="host that is no name"),
        pytest.param("http://me:pw@t3", HIDDEN, id="password"),
    ],
)
def test_a_url_that_no_client_could_use_is_refused(text, said):
    line = refused(values.parse_url, text, "AFK_T3_URL")

    assert line == f"AFK_T3_URL is {said}, but must be {URL}. {TODO}"


@pytest.mark.parametrize("text", ["https://slack.com/api/", "https://slack.com/api"])
def test_slacks_base_url_ends_in_api(text):
    assert values.parse_slack_api_url(text, "AFK_SLACK_API_URL") == "https://slack.com/api/"


def test_slacks_base_url_without_api_is_refused():
    line = refused(values.parse_slack_api_url, "https://slack.com/", "AFK_SLACK_API_URL")

    assert line == (
        "AFK_SLACK_API_URL is 'https://slack.com/', but must be "
        f"a URL http(s)://host[:port][/path] that ends in /api/. {TODO}"
    )


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:////var/lib/afk/ledger.db",
        "sqlite:///ledger.db",
        "sqlite:////Users/me/Library/Application Support/afk/ledger.db",
        "postgresql+psycopg://afk:p%40ss@db:5432/afk?sslmode=require",
        "postgresql://afk@[::1]/afk",
        "postgres:///afk?host=/run/postgresql",
    ],
)
def test_a_ledger_is_a_file_or_postgresql(url):
    assert values.parse_database_url(f" {url}\n") == url


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("sqlite://", id="in memory"),
        pytest.param("sqlite:///:memory:", id="in memory by name"),
        pytest.param("mysql://u:hunter2@db/afk", id="another database"),
        pytest.param("postgresql+asyncpg://u:hunter2@db/afk", id="another driver"),
        pytest.param("postgresql://u:hunter2@db", id="no database"),
        pytest.param("postgresql://u:hunter2@db:port/afk", id="port is no number"),
        pytest.param("/var/lib/afk/ledger.db", id="a path"),
        pytest.param("sqlite:////var/\nledger.db", id="two lines"),
    ],
)
def test_another_ledger_is_refused_without_showing_its_password(url):
    assert refused(values.parse_database_url, url) == (
        "AFK_DATABASE_URL is a value (not shown, it may hold a password) that is no such URL: it must be "
        "sqlite:////path/to/file or postgresql+psycopg://user:password@host/database. "
        "Correct it, or unset it for a SQLite file under the user's data directory."
    )


@pytest.mark.parametrize("secret", ["two words", "line\nbreak", "café", "tab\tbed", ""])
def test_a_secret_that_no_header_carries_is_refused_unseen(secret):
    line = refused(values.parse_secret, secret, "AFK_T3_TOKEN")

    assert line == "AFK_T3_TOKEN holds a value (not shown) that must be printable ASCII without spaces. Copy it again."


def test_a_secret_loses_the_line_end_of_its_file():
    assert values.parse_secret("abc\n", "AFK_T3_TOKEN") == "abc"
