"""Which issues a text says must be closed first."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afk.core.blocked_by import REFERENCES_MAX, references
from afk.core.model import Slug

HOME = Slug("owner", "infra")
HOSTS = frozenset({"github.com"})
ROOT = "https://github.com"


def blockers(body: str) -> list[str]:
    """The blockers as `owner/x#4`, those of the home repository as `#4`, unreadable ones as `?text`."""
    read = references(body, HOME, HOSTS)
    named = [f"{'' if slug == HOME else slug}#{number}" for slug, number in read.issues]
    return named + [f"?{text}" for text in read.unreadable]


def row(name: str, body: str, *expected: str):
    return pytest.param(body, list(expected), id=name.replace(" ", "-"))


SENTENCES = [
    row("plain", "Blocked by #3", "#3"),
    row("depends on", "Depends on #3", "#3"),
    row("depends upon", "This depends upon #3.", "#3"),
    row("plural depend on", "These changes depend on #3.", "#3"),
    row("dependent on", "Dependent on #3", "#3"),
    row("blocked on", "We are blocked on #3", "#3"),
    row("any case", "BLOCKED BY #3 and dEpEnDs On #4", "#3", "#4"),
    row("hyphenated like a trailer", "Blocked-by: #3", "#3"),
    row("colon comma and", "Blocked by: #1, #2 and owner/x#4", "#1", "#2", "owner/x#4"),
    row("ampersand plus slash", "Blocked by #1 & #2 + #3 / #4", "#1", "#2", "#3", "#4"),
    row("slash without blanks", "Blocked by #1/#2", "#1", "#2"),
    row("semicolons", "Blocked by #1; #2", "#1", "#2"),
    row("repeated once", "Blocked by #1, #2, #1", "#1", "#2"),
    row("or counts as both", "Blocked by #1 or #2", "#1", "#2"),
    row("in the middle of a sentence", "This work is blocked by #3 until Friday.", "#3"),
    row("wrapped in the clause", "The work is blocked\nby #3", "#3"),
    row("wrapped before the number", "The work is blocked by\n#3", "#3"),
    row("lines without bullets", "Blocked by:\n#1\n#2", "#1", "#2"),
    row("lines with names", "Blocked by:\n#1 the login\n#2 the logout", "#1", "#2"),
    row("description in brackets", "Blocked by #1 (login), #2 (logout) and #3", "#1", "#2", "#3"),
    row("description after a dash", "Blocked by #1 \u2013 login, #2 \u2013 logout", "#1", "#2"),
    row("words before the number", "Blocked by the fix in #3", "#3"),
    row("issue number", "Blocked by issue #3 and PR #4", "#3", "#4"),
    row("but also", "Blocked by #1 but also by #2", "#1", "#2"),
    row("later mention is no blocker", "Blocked by #3 because of the change in #7", "#3"),
    row("next sentence is no blocker", "Blocked by #3. Related: #4", "#3"),
    row("next label is no blocker", "Blocked by: #3\nRelated: #4", "#3"),
    row("see is no blocker", "Blocked by #3, see #4", "#3"),
    row("what it unblocks", "Blocked by #3 and unblocks #9", "#3"),
    row("still blocked", "This is still blocked by #3", "#3"),
    row("has been blocked since", "Has been blocked by #3 since May", "#3"),
    row("not ready but blocked", "Not ready: blocked by #3", "#3"),
    row("do not start", "Do not start, blocked by #3", "#3"),
    row("not only", "Not only blocked by #3 but also by #4", "#3", "#4"),
    row("whether or not", "I wonder whether or not blocked by #3", "#3"),
    row("two clauses", "Blocked by #3. No longer blocked by #4. Depends on #5.", "#3", "#5"),
    row("itself", "Blocked by owner/infra#42", "#42"),
    row("label then prose far below", "Blocked by #3\n\nThe rest is about #9.", "#3"),
    row("emphasis", "**Blocked by:** #3", "#3"),
    row("emphasis before the colon", "__Blocked by__: #3", "#3"),
    row("emphasis on one word", "Blocked *by* **#3**", "#3"),
    row("bold html", "<b>Blocked by</b>: #3", "#3"),
    row("inside details", "<details>\n<summary>More</summary>\n\nBlocked by #3\n</details>", "#3"),
    row("windows line ends", "Intro\r\n\r\nBlocked by:\r\n- #3\r\n- #4\r\n", "#3", "#4"),
    row("zero-width blank in the clause", "Blocked\u200b by #3", "#3"),
    row("no break space", "Blocked\u00a0by\u00a0#3", "#3"),
    row("table row", "| Blocked by | #3 |", "#3"),
]

LISTS = [
    row("bullets under a clause", "Blocked by:\n- #1\n- #2", "#1", "#2"),
    row("blank line before the bullets", "Blocked by:\n\n- #1\n\n- #2", "#1", "#2"),
    row("without colon", "Blocked by\n* #1\n* #2", "#1", "#2"),
    row("the following issues", "Blocked by the following issues:\n\n+ #1\n+ #2", "#1", "#2"),
    row("under a sentence", "This one is blocked by\n\n1. #1\n2. #2", "#1", "#2"),
    row("numbered with brackets", "Depends on:\n1) #1\n2) #2", "#1", "#2"),
    row("task list", "Blocked by:\n- [ ] #1\n- [x] #2 done", "#1", "#2"),
    row("heading", "## Blocked by\n\n- #1\n- owner/x#2 the API", "#1", "owner/x#2"),
    row("underlined heading", "Blocked by\n----------\n\n- #3", "#3"),
    row("heading with colon", "### Depends on:\n- #3", "#3"),
    row("heading with closing signs", "## Blocked by ##\n#3", "#3"),
    row("heading then sentence", "## Blocked by\n\nWe need #3 first.", "#3"),
    row("heading then two paragraphs", "## Blocked by\n\n#3\n\n#4", "#3", "#4"),
    row("heading then intro then list", "## Blocked by\n\nThese must land first:\n\n- #3", "#3"),
    row("section ends at the next heading", "## Blocked by\n- #3\n## Notes\n- #9", "#3"),
    row("section ends at a rule", "## Blocked by\n- #3\n\n---\n\n- #9", "#3"),
    row("section ends at prose", "## Blocked by\n- #3\n\nFound while doing #9.\n\n- #10", "#3"),
    row("bold line as heading", "**Blocked by**\n\n- #3", "#3"),
    row("bold line then number", "**Blocked by**\n\n#3 and #4", "#3", "#4"),
    row("name before the number", "Blocked by:\n- Login rework (#3)\n- Logout: #4", "#3", "#4"),
    row("two in an item", "Blocked by:\n- #3, #4", "#3", "#4"),
    row("wrapped item", "Blocked by:\n- the login rework\n  (#3)\n- #4", "#3", "#4"),
    row("clause in an item", "- Blocked by #3\n- Related to #9", "#3"),
    row("list under an item", "- Blocked by:\n  - #3\n  - #4\n- Related:\n  - #9", "#3", "#4"),
    row("groups", "Blocked by:\n- Backend\n  - #3\n- Frontend\n  - #4", "#3", "#4"),
    row("details under an item", "Blocked by:\n- #3\n  - has tests\n- #4", "#3", "#4"),
    row("ends with a colon after a number", "Blocked by #1 and:\n- #2", "#1", "#2"),
    row("indented by four without blank line", "Blocked by:\n    - #3\n    - #4", "#3", "#4"),
    row("list of something else", "The API was slow.\n- #9\n\nBlocked by #3\n\n- #8", "#3"),
    row("clause of an item in the list", "## Blocked by\n- #3\n- no longer blocked by #4", "#3"),
]

SPELLINGS = [
    row("GH", "Blocked by GH-3 and gh-4", "#3", "#4"),
    row("cross-repository", "Blocked by other/repo#9", "other/repo#9"),
    row("repository that starts with a dot", "Blocked by owner/.github#9", "owner/.github#9"),
    row("own repository in other case", "Blocked by Owner/Infra#9", "#9"),
    row("issue address", f"Blocked by {ROOT}/owner/x/issues/4", "owner/x#4"),
    row("own issue address", f"Blocked by {ROOT}/owner/infra/issues/4.", "#4"),
    row("address with anchor", f"Blocked by {ROOT}/o/r/issues/4#issuecomment-77", "o/r#4"),
    row("address with query", f"Blocked by {ROOT}/o/r/issues/4?x=1, #5", "o/r#4", "#5"),
    row("address of a pull request", f"Blocked by {ROOT}/o/r/pull/4", "o/r#4"),
    row("address in angle brackets", f"Blocked by <{ROOT}/o/r/issues/4>", "o/r#4"),
    row("host in other case", "Blocked by https://GitHub.com/o/r/issues/4", "o/r#4"),
    row(
        "link to an issue", f"Blocked by [the login]({ROOT}/o/r/issues/4), [#5]({ROOT}/o/r/issues/5)", "o/r#4", "o/r#5"
    ),
    row("link decides over its label", f"Blocked by [#5]({ROOT}/o/r/issues/4)", "o/r#4"),
    row("clause is a link", "[Blocked by](https://docs.example/blocked) #3", "#3"),
    row("merge request sign", "Blocked by !3", "#3"),
    row("escaped number sign", "Blocked by \\#3", "#3"),
    row("in square brackets", "Blocked by [#3]", "#3"),
]

NO_BLOCKERS = [
    row("empty", ""),
    row("mention alone", "Found while working on #3"),
    row("no longer", "No longer blocked by #3"),
    row("no longer in a sentence", "This is no longer really blocked by #3."),
    row("not", "This is not blocked by #3"),
    row("not currently", "It's not currently blocked by #3"),
    row("isn't", "This isn't blocked by #3"),
    row("typographic apostrophe", "This doesn\u2019t depend on #3"),
    row("does not depend", "Does not depend on #3"),
    row("no longer depends", "no longer depends on #3, #4 and #5"),
    row("never", "It was never blocked by #3"),
    row("was", "This was blocked by #3"),
    row("used to be", "It used to be blocked by #3"),
    row("previously", "Previously blocked by #3"),
    row("unblocked", "Unblocked by #3"),
    row("un-blocked", "un-blocked by #3"),
    row("negated heading", "## No longer blocked by\n- #3"),
    row("negated label", "Not blocked by:\n- #3"),
    row("blocks others", "Blocks #3"),
    row("past tense", "It depended on #3"),
    row("struck through", "~~Blocked by #3~~"),
    row("struck number", "Blocked by ~~#3~~"),
    row("struck item", "Blocked by:\n- ~~#3~~"),
    row("struck by one tilde", "~Blocked by #3~"),
    row("struck by html", "<del>Blocked by #3</del> and <s>Depends on #4</s>"),
    row("code span", "`Blocked by #3`"),
    row("long code span", "`` Blocked by `#3` ``"),
    row("number in code", "Blocked by `#3`"),
    row("code over two lines", "`Blocked by\n#3`"),
    row("html code", "<code>Blocked by #3</code>"),
    row("fence", "```\nBlocked by #3\n```"),
    row("tilde fence with info", "~~~text\nBlocked by #3\n```\nBlocked by #4\n~~~"),
    row("fence that never ends", "````\nBlocked by #3\n```\nBlocked by #4"),
    row("fence in a list", "- ```\n  Blocked by #3\n  ```"),
    row("indented code", "Example:\n\n    Blocked by #3\n"),
    row("indented by a tab", "Example:\n\n\tBlocked by #3\n"),
    row("quote", "> Blocked by #3"),
    row("nested quote", ">> Blocked by #3\n> > - #4"),
    row("quote in a list", "- > Blocked by #3"),
    row("quoted clause over a list", "> Blocked by:\n\n- #3"),
    row("quoted list", "Blocked by:\n> - #3"),
    row("html quote", "<blockquote>\n\nBlocked by #3\n\n</blockquote>"),
    row("comment", "<!-- Blocked by #3 -->"),
    row("comment over blank lines", "<!--\nBlocked by #3\n\n- #4\n-->"),
    row("comment inside a sentence", "Nothing <!-- Blocked by #3 --> here"),
    row("comment that never ends", "<!-- Blocked by #3"),
    row("preformatted html", "<pre>\nBlocked by #3\n\nDepends on #4\n</pre>"),
    row("none", "Blocked by: none"),
    row("none in a section", "## Blocked by\n\nNone - can start immediately"),
    row("empty answer of an issue form", "### Blocked by\n\n_No response_\n\n### Notes\n\nsee #9"),
    row("not applicable", "**Blocked by:** n/a"),
    row("dash", "Blocked by: \u2013\n\nAbout #9"),
    row("empty section", "## Blocked by\n\n## Notes\n- #9"),
    row("a bug report", "Requests get blocked by the proxy.\nDepends on the weather."),
    row("bug report with a mention", "Requests get blocked by the proxy; #9 is another matter."),
    row("mention far behind the clause", "Blocked by the proxy " + "and so on " * 30 + "#9"),
    row("heading of a bug report", "## Requests blocked by the proxy\n\n- open the page\n- look at #9"),
    row("standard that looks like a key", "Depends on UTF-8 support"),
    row("image", "Blocked by ![#3](https://img.example/3.png)"),
    row("address of the clause's words", "https://x.example/depends-on/3"),
]

UNREADABLE = [
    row("other host", "Blocked by https://jira.example/o/r/issues/4", "?https://jira.example/o/r/issues/4"),
    row("link to another host", "Blocked by [#3](https://jira.example/3)", "?https://jira.example/3"),
    row("known host as user", f"Blocked by {ROOT}@evil.example/o/r/issues/4", f"?{ROOT}@evil.example/o/r/issues/4"),
    row("subdomain", "Blocked by https://x.github.com/o/r/issues/4", "?https://x.github.com/o/r/issues/4"),
    row("no issue page", f"Blocked by {ROOT}/o/r/milestone/4", f"?{ROOT}/o/r/milestone/4"),
    row("beside a readable one", "Blocked by #3 and https://jira.example/4", "#3", "?https://jira.example/4"),
    row("key of another tracker", "Blocked by PROJ-12 and #3", "#3", "?PROJ-12"),
    row("repository without owner", "Blocked by web#3", "?web#3"),
    row("path with too many parts", "Blocked by a/b/c#3", "?a/b/c#3"),
    row("climbing path", "Blocked by owner/..#3", "?owner/..#3"),
    row("number zero", "Blocked by #0", "?#0"),
    row("endless number", "Blocked by #99999999999", "?#99999999999"),
    row("number without sign", "Blocked by issue 3", "?issue 3"),
    row("label with words", "Blocked by: the vendor's answer", "?Blocked by: the vendor's answer"),
    row("label with a decision", "Blocked by: no decision from legal", "?Blocked by: no decision from legal"),
    row("item with words", "Blocked by:\n- #3\n- waiting for legal", "#3", "?waiting for legal"),
    row("section with words", "## Blocked by\n\nThe vendor must answer.", "?The vendor must answer."),
    row("item that only points", "Blocked by:\n- see #3", "?see #3"),
]


@pytest.mark.parametrize(("body", "expected"), [*SENTENCES, *LISTS, *SPELLINGS, *NO_BLOCKERS, *UNREADABLE])
def test_text_names_exactly_its_blockers(body: str, expected: list[str]):
    assert blockers(body) == expected


STAYS_AROUND = [
    row("a closed fence", "```\ncode\n```\n\n"),
    row("a longer fence", "````\n```\n````\n"),
    row("an indented mark in a fence", "```\n    ```\nx\n```\n"),
    row("a fence in a list that ends with it", "- item\n  ```\n  code\n\nafter\n\n"),
    row("a comment", "<!-- hint: name blockers -->\n"),
    row("a comment before it on the line", "<!-- hint -->"),
    row("a comment that ends on its line", "<!-- a\nb --> "),
    row("a quote", "> somebody said\n\n"),
    row("a quote right above", "> somebody said\n"),
    row("a lone backtick", "it's ` here. "),
    row("an escaped backtick", "\\`` a ` b. "),
    row("a lone tilde", "~ 3 days. "),
    row("two tildes as amounts", "~3 days, ~5 people. "),
    row("a struck word", "~~old~~ "),
    row("an open comment in a sentence", "a <!-- b. "),
    row("an open element", "<del>a\n\n"),
    row("a code span", "`a` "),
    row("indented code", "    code\n\n"),
    row("an item", "- item\n\n"),
    row("a heading", "# About\n"),
    row("a link", "[a](https://other.example/#9). "),
]


@pytest.mark.parametrize(("before", "expected"), STAYS_AROUND)
def test_clause_after_silent_markup_still_counts(before: str, expected: list[str]):
    assert blockers(f"{before}Blocked by #3") == [*expected, "#3"]


def test_port_and_host_must_be_one_of_the_forges():
    body = "Blocked by http://forge.example:3000/o/r/issues/4"

    assert references(body, HOME, frozenset({"forge.example:3000"})).issues == ((Slug("o", "r"), 4),)
    assert references(body, HOME, frozenset({"forge.example"})).unreadable == (
        "http://forge.example:3000/o/r/issues/4",
    )


def test_too_many_blockers_are_cut_and_said_to_be():
    read = references("Blocked by " + ", ".join(f"#{n}" for n in range(1, 500)), HOME, HOSTS)

    assert len(read.issues) == REFERENCES_MAX
    assert read.unreadable == (f"more than {REFERENCES_MAX} blockers",)


MARKUP = (
    "- ",
    "\n",
    "\n\n",
    "> ",
    "```",
    "`",
    "~~",
    "<!--",
    "-->",
    "## ",
    "    ",
    "<del>",
    "</del>",
    "*",
    "_",
    "\\",
    "---",
)
WORDS = ("Blocked by", "depends on", " #3", "owner/x#5", "not ", ": ", ", ", " and ", "[", "](", ")", "none", "1. ")
PIECES = st.sampled_from([*MARKUP, *WORDS])


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(), st.lists(PIECES, max_size=40).map("".join)))
def test_any_text_is_read_without_failing_and_without_repeats(body: str):
    read = references(body, HOME, HOSTS)

    assert len(set(read.issues)) == len(read.issues) <= REFERENCES_MAX
    assert all(0 < number < 10**9 and slug.owner and slug.name for slug, number in read.issues)
    assert all(text.isprintable() for text in read.unreadable)


@settings(max_examples=200, deadline=None)
@given(st.lists(PIECES, max_size=30).map("".join))
def test_a_fence_hides_whatever_it_holds(body: str):
    fence = "`" * (body.count("`") + 3)

    assert blockers(f"{fence}\n{body}\n{fence}\nDepends on #77") == ["#77"]


@settings(max_examples=200, deadline=None)
@given(st.lists(PIECES, max_size=30).map("".join))
def test_what_follows_a_new_heading_is_read_whatever_came_before(body: str):
    open_ended = body.count("```") or "<!--" in body or "<" in body or "`" in body or "~~" in body
    if not open_ended:
        assert "#77" in blockers(f"{body}\n\n## Next\n\nDepends on #77")


HOSTILE = [
    "blocked by ",
    "Blocked by:\n",
    "blocked by #1, ",
    "- blocked by:\n\n",
    "#1 ",
    "a/",
    "a",
    "[",
    "[a](",
    "<!--",
    "<del>",
    "</del><del>",
    "`a``b```",
    "~~a",
    "\\`",
    "_",
    "*",
    "- ",
    ">",
    "~~~\n",
    "https://",
    "not ",
    "\t",
    " ",
    "\n",
    "## blocked by\n\n",
    "- #1\n  - #2\n",
    "issue  ",
    "<a ",
]


def seconds(body: str) -> float:
    begin = time.process_time()
    references(body, HOME, HOSTS)
    return time.process_time() - begin


@pytest.mark.parametrize("piece", HOSTILE, ids=repr)
def test_reading_time_grows_no_faster_than_the_text(piece: str):
    small, large = 20_000, 160_000
    lesser = min(seconds("Blocked by " + piece * (small // len(piece))) for _ in range(2))
    greater = min(seconds("Blocked by " + piece * (large // len(piece))) for _ in range(2))

    assert greater < 8 * 3 * lesser + 0.05
