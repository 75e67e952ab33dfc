"""Show that one repository is enrolled by a file, by the allowlist, or by both, and never by accident."""

from __future__ import annotations

import pytest

from afk.core.config import Config, ConfigError, Findings, Limits, Rules, merge
from afk.core.model import ForgeKind, Labels, Repo, Slug, StageKind

INFRA = Repo("infra", ForgeKind.GITHUB, Slug("owner", "infra"), (StageKind.CHECKS, StageKind.WOODPECKER))
WEB = Repo("front", ForgeKind.FORGEJO, Slug("Owner", "Web"), ())
FILE = Rules("afk.toml", {"budget_usd": 50, "nudges_max": 3}, {"infra": INFRA, "front": WEB})


def merged(rules: Rules | None, *allowlist: str, narrowed: bool = True, limits: dict[str, int] | None = None) -> Config:
    slugs = tuple(map(Slug.parse, allowlist)) if narrowed else None
    return merge(rules, slugs, limits=limits or {}, labels=Labels(), kill_switch=False)


def test_as_it_ships_the_switch_is_on_and_nothing_is_enrolled():
    assert Config() == Config(Limits(), Labels(), {}, kill_switch=True)


def test_the_budgets_ship_as_promised():
    assert Limits() == Limits(100, 5, 3600, 86400, 3600, 1800, 14400, 900, 1800, 1, 1)


def test_neither_file_nor_allowlist_enrols_nothing():
    assert merged(None, narrowed=False).repos == {}


def test_an_allowlist_alone_enrols_github_repositories_with_the_default_stages():
    repos = merged(None, "owner/infra", "other/web").repos

    assert repos == {
        "infra": Repo("infra", ForgeKind.GITHUB, Slug("owner", "infra"), (StageKind.CHECKS,)),
        "web": Repo("web", ForgeKind.GITHUB, Slug("other", "web"), (StageKind.CHECKS,)),
    }


def test_two_owners_of_one_repository_name_need_a_rules_file():
    with pytest.raises(ConfigError) as refused:
        merged(None, "owner/infra", "other/Infra")

    assert str(refused.value) == (
        "AFK_ALLOWLIST names owner/infra and other/Infra, which would share the short name 'Infra': "
        "enrol them in a rules file, each as [repos.<name>] with its slug."
    )


def test_a_file_alone_enrols_what_it_names():
    assert merged(FILE, narrowed=False).repos == {"infra": INFRA, "front": WEB}


def test_an_allowlist_narrows_the_file_whatever_the_case_of_the_slug():
    assert merged(FILE, "owner/web").repos == {"front": WEB}


def test_a_blank_allowlist_narrows_the_file_to_nothing():
    assert merged(FILE).repos == {}


def test_an_allowlist_cannot_enrol_what_the_file_does_not():
    with pytest.raises(ConfigError) as refused:
        merged(FILE, "owner/infra", "owner/secret", "owner/more")

    assert refused.value.problems == tuple(
        f"AFK_ALLOWLIST names owner/{name}, which afk.toml does not enrol (it enrols: Owner/Web, owner/infra): "
        "add a [repos.<name>] table with this slug there, or take the entry out."
        for name in ("secret", "more")
    )


def test_an_allowlist_beside_an_empty_file_says_that_the_file_enrols_nothing():
    with pytest.raises(ConfigError, match=r"does not enrol \(it enrols: none, for it enrols nothing\)"):
        merged(Rules("afk.toml"), "owner/infra")


def test_a_limit_of_the_environment_wins_over_the_file_and_the_file_over_the_default():
    limits = merged(FILE, limits={"budget_usd": 7}).limits

    assert limits == Limits(budget_usd=7, nudges_max=3)


def test_labels_and_switch_arrive_as_they_were_given():
    labels = Labels("go", "busy", "help")

    config = merge(None, None, limits={}, labels=labels, kill_switch=True)

    assert (config.labels, config.kill_switch) == (labels, True)


def test_an_error_keeps_each_problem_on_one_printable_line():
    error = ConfigError("first\nline\x1b[31m", "second\u2028line")

    assert (str(error), error.problems) == ("firstline[31m", ("firstline[31m", "secondline"))


def test_all_findings_are_told_together():
    found = Findings()

    def refuse() -> int:
        raise ConfigError("one", "two")

    assert found.take(refuse, 5) == 5
    assert found.take(lambda: 7, 5) == 7
    with pytest.raises(ConfigError) as refused:
        found.settle()
    assert refused.value.problems == ("one", "two")
