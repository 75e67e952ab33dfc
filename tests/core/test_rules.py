"""Show what a rules file may say, and the exact line about what it may not."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afk.core.config import LIMIT_NAMES, ConfigError, Limits, Rules
from afk.core.model import ForgeKind, KubernetesTarget, Repo, Slug, StageKind
from afk.core.rules import KUBERNETES_KEYS, REPO_KEYS, TOP_KEYS, parse_rules

EXAMPLE = (Path(__file__).parents[2] / "deploy" / "afk.example.toml").read_text(encoding="utf-8")
TARGET = '[repos.infra.kubernetes]\nnamespace = "infra"\ndeployment = "infra"\ncontainer = "app"\n'


def infra(*lines: str) -> str:
    return "\n".join(["[repos.infra]", 'slug = "owner/infra"', *lines, ""])


def test_the_shortest_entry_is_a_github_repository_with_the_forges_own_ci():
    assert parse_rules(infra(), "afk.toml").repos == {
        "infra": Repo("infra", ForgeKind.GITHUB, Slug("owner", "infra"), (StageKind.CHECKS,))
    }


def test_the_fullest_entry_keeps_its_stages_in_order():
    text = infra('forge = "forgejo"', 'stages = ["checks", "woodpecker", "kubernetes"]') + TARGET

    assert parse_rules(text, "afk.toml").repos["infra"] == Repo(
        "infra",
        ForgeKind.FORGEJO,
        Slug("owner", "infra"),
        (StageKind.CHECKS, StageKind.WOODPECKER, StageKind.KUBERNETES),
        KubernetesTarget("infra", "infra", "app"),
    )


def test_none_alone_says_that_there_is_no_ci():
    assert parse_rules(infra('stages = ["none"]'), "afk.toml").repos["infra"].stages == ()


def test_an_empty_file_enrols_nothing_and_limits_nothing():
    assert parse_rules("# later\n", "afk.toml") == Rules("afk.toml")


@pytest.mark.parametrize("name", LIMIT_NAMES)
def test_every_limit_can_be_set_to_nought(name):
    assert parse_rules(f"[limits]\n{name} = 0", "afk.toml").limits == {name: 0}


def test_the_same_slug_on_two_forges_is_two_repositories():
    text = infra() + '[repos.copy]\nslug = "owner/infra"\nforge = "forgejo"'

    assert sorted(parse_rules(text, "afk.toml").repos) == ["copy", "infra"]


def test_the_example_shows_every_key_and_the_defaults():
    rules = parse_rules(EXAMPLE, "afk.example.toml")

    assert Limits(**rules.limits) == Limits()
    assert set(rules.limits) == set(LIMIT_NAMES)
    assert rules.repos["infra"].kubernetes == KubernetesTarget("infra", "infra", "app")
    assert {repo.forge for repo in rules.repos.values()} == set(ForgeKind)
    assert {stage for repo in rules.repos.values() for stage in repo.stages} == set(StageKind)


@pytest.mark.parametrize("key", [*LIMIT_NAMES, *(key for key in (*REPO_KEYS, *KUBERNETES_KEYS) if key not in TOP_KEYS)])
def test_the_example_says_of_every_key_whether_it_is_required(key):
    marks = [
        "Required" in "".join(EXAMPLE.splitlines()[max(0, at - 2) : at + 1])
        or "Optional" in "".join(EXAMPLE.splitlines()[max(0, at - 2) : at + 1])
        for at, line in enumerate(EXAMPLE.splitlines())
        if line.startswith((f"{key} ", f"[repos.infra.{key}]"))
    ]

    assert marks[:1] == [True]


EDITS = st.tuples(st.integers(0, len(EXAMPLE)), st.integers(0, 40), st.text(max_size=20))


def lines(text: str) -> tuple[str, ...]:
    try:
        parse_rules(text, "afk.toml")
    except ConfigError as error:
        return error.problems
    return ()


def accepts_or_refuses_in_one_line(text: str) -> None:
    assert all(line.isprintable() and line.startswith("afk.toml") for line in lines(text))


@given(st.text(st.characters(codec=None)))
def test_any_text_is_rules_or_one_line(text):
    accepts_or_refuses_in_one_line(text)


@given(st.lists(EDITS, max_size=3))
def test_a_damaged_file_is_rules_or_one_line(edits):
    text = EXAMPLE
    for at, length, replacement in edits:
        text = text[:at] + replacement + text[at + length :]

    accepts_or_refuses_in_one_line(text)


@given(
    st.sampled_from(
        ["limits.budget_usd", *(f"repos.infra.{key}" for key in REPO_KEYS), "repos.infra", "repos", "limits"]
    ),
    st.sampled_from(
        ['""', '"*"', "-0", "nan", "-inf", "[]", "[[]]", "{}", "{a=[{}]}", "1e400", "07:32:00", "0b1", "''"]
    ),
)
def test_any_value_in_the_place_of_another_is_rules_or_one_line(key, value):
    accepts_or_refuses_in_one_line(f"{key} = {value}")
