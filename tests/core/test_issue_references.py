"""Which issue a mention means."""

from __future__ import annotations

import re

import pytest

from afk.core.issue_references import Home, flat, next_mention
from afk.core.model import Slug

HOME = Home(Slug("owner", "infra"), frozenset({"github.com", "forge.example:3000"}))
X4 = (Slug("owner", "x"), 4)
NEVER = re.compile(r"(?!)")


@pytest.mark.parametrize(
    ("text", "mentioned", "issue"),
    [
        pytest.param("a #4.", "#4", (HOME.slug, 4), id="own"),
        pytest.param("a !4)", "!4", (HOME.slug, 4), id="own-pull-request"),
        pytest.param("a gh-4,", "gh-4", (HOME.slug, 4), id="GH"),
        pytest.param("a owner/x#4", "owner/x#4", X4, id="other-repository"),
        pytest.param("OWNER/INFRA#4", "OWNER/INFRA#4", (HOME.slug, 4), id="own-repository-in-other-case"),
        pytest.param(
            "http://forge.example:3000/owner/x/pulls/4/", "http://forge.example:3000/owner/x/pulls/4/", X4, id="page"
        ),
        pytest.param("https://github.com/owner/x/issues/4#a", "https://github.com/owner/x/issues/4#a", X4, id="anchor"),
        pytest.param(
            "https://forge.example/owner/x/issues/4", "https://forge.example/owner/x/issues/4", None, id="other-port"
        ),
        pytest.param("https://github.com/a/../issues/4", "https://github.com/a/../issues/4", None, id="climbing-page"),
        pytest.param("https://github.com/a/b/issues/4/x", "https://github.com/a/b/issues/4/x", None, id="deeper-page"),
        pytest.param("x#4", "x#4", None, id="no-owner"),
        pytest.param("x.#4", "x.#4", None, id="no-owner-and-a-dot"),
        pytest.param("#00", "#00", None, id="zero"),
        pytest.param("ABC-4", "ABC-4", None, id="key-of-another-tracker"),
        pytest.param("Issue no. 4", "Issue no. 4", None, id="no-sign"),
    ],
)
def test_mention_is_found_and_understood(text: str, mentioned: str, issue: tuple[Slug, int] | None):
    found = next_mention(text, 0, len(text), HOME)

    assert found is not None
    assert (found.text, found.issue) == (mentioned, issue)
    assert text[found.start : found.end] == mentioned


@pytest.mark.parametrize("text", ["", "4", "#", "a#b", "#4a", "&#39;", "\u0661#\u0664", "abc-4", "colour #ff00aa"])
def test_other_words_are_no_mention(text: str):
    assert next_mention(text, 0, len(text), HOME) is None


def test_mention_that_is_cut_off_by_the_horizon_is_not_believed():
    text = " " * 397 + "#1234"

    found = next_mention(text, 0, len(text), HOME)

    assert found is not None
    assert (found.text, found.issue) == ("#12", None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("**a** *b* __c__ my_name/_x_", "a b c my_name/_x", id="emphasis"),
        pytest.param("<b>a</b><br/>", "a", id="elements"),
        pytest.param("[#4](https://x.example/4 'title')", " https://x.example/4 ", id="link"),
        pytest.param("[#4](../4)", "#4", id="link-within-the-site"),
        pytest.param("a![#4](https://x.example/4.png)b", "a b", id="image"),
        pytest.param("<https://x.example/4>", "<https://x.example/4>", id="bare-link"),
    ],
)
def test_markup_is_flattened(text: str, expected: str):
    assert flat(text, NEVER) == expected


def test_label_that_is_looked_for_is_kept_instead_of_its_address():
    assert flat("[Blocked by](https://x.example) #4", re.compile("blocked", re.IGNORECASE)) == "Blocked by #4"
