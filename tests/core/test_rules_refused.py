"""Show the exact line about each thing that a rules file may not say."""

from __future__ import annotations

import pytest

from afk.core.config import LIMIT_NAMES, ConfigError
from afk.core.rules import parse_rules

TODO = "Correct it, then run `afk doctor`."
LIMIT = "a whole number from 0 to 1000000000"
STAGES = 'a list of "checks", "woodpecker", "kubernetes", each at most once, or ["none"] for no CI at all'
NAME = "1 to 100 letters, digits, '.', '_' or '-', beginning with a letter or digit; there are no wildcards"
TARGET = '[repos.infra.kubernetes]\nnamespace = "infra"\ndeployment = "infra"\ncontainer = "app"\n'


def refused(text: str) -> str:
    with pytest.raises(ConfigError) as error:
        parse_rules(text, "afk.toml")
    return str(error.value)


def infra(*lines: str) -> str:
    return "\n".join(["[repos.infra]", 'slug = "owner/infra"', *lines, ""])


@pytest.mark.parametrize(
    ("value", "said"),
    [
        pytest.param("-1", "-1", id="negative"),
        pytest.param("nan", "nan", id="nan"),
        pytest.param("inf", "inf", id="infinite"),
        pytest.param("5.0", "5.0", id="fraction"),
        pytest.param("true", "true", id="bool for int"),
        pytest.param('"5"', "'5'", id="text"),
        pytest.param('"ghp_0000"', "a value that looks like a credential (not shown)", id="token"),
        pytest.param("[5]", "a list", id="list"),
        pytest.param("{}", "a table", id="table"),
        pytest.param("2026-01-01", "a date or time", id="date"),
        pytest.param("1000000001", "1000000001", id="too large"),
        pytest.param("0x" + "f" * 9000, "a number beyond reason", id="more digits than Python prints"),
    ],
)
def test_a_limit_that_is_no_whole_number_is_refused(value, said):
    said = {"inf": "a number beyond reason"}.get(said, said)

    assert refused(f"[limits]\nbudget_usd = {value}") == (
        f"afk.toml: limits.budget_usd is {said}, but must be {LIMIT}. {TODO}"
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param(
            "limit = 1",
            "afk.toml: limit is no setting; legal: limits, repos. Did you mean limits?",
            id="unknown at the top",
        ),
        pytest.param(
            "[limits]\nbuget_usd = 1",
            f"afk.toml: limits.buget_usd is no setting; legal: {', '.join(LIMIT_NAMES)}. Did you mean budget_usd?",
            id="unknown limit",
        ),
        pytest.param(
            infra('stage = ["checks"]'),
            "afk.toml: repos.infra.stage is no setting; legal: forge, slug, stages, kubernetes. Did you mean stages?",
            id="unknown in a repository",
        ),
        pytest.param(
            infra('"\\u001b]0;x" = 1'),
            "afk.toml: repos.infra.']0;x' is no setting; legal: forge, slug, stages, kubernetes. Remove it.",
            id="unknown and hostile",
        ),
        pytest.param(
            infra("ghp_0000 = 1"),
            "afk.toml: repos.infra.a value that looks like a credential (not shown) is no setting; "
            "legal: forge, slug, stages, kubernetes. Remove it.",
            id="a token where a key belongs",
        ),
        pytest.param(
            infra('stages = ["kubernetes"]') + TARGET + 'image = "x"',
            "afk.toml: repos.infra.kubernetes.image is no setting; legal: namespace, deployment, container. Remove it.",
            id="unknown in kubernetes",
        ),
        pytest.param("limits = 5", f"afk.toml: limits is 5, but must be a table. {TODO}", id="limits are no table"),
        pytest.param("repos = []", f"afk.toml: repos is a list, but must be a table. {TODO}", id="repos are no table"),
        pytest.param(
            '[repos]\ninfra = "owner/infra"',
            f"afk.toml: repos.infra is 'owner/infra', but must be a table. {TODO}",
            id="a repository is no table",
        ),
        pytest.param(
            '[repos."*"]\nslug = "owner/infra"',
            f"afk.toml: a name under repos is '*', but must be {NAME}. {TODO}",
            id="wildcard name",
        ),
        pytest.param(
            '[repos."a#b"]\nslug = "owner/infra"',
            f"afk.toml: a name under repos is 'a#b', but must be {NAME}. {TODO}",
            id="name that no command line could write",
        ),
        pytest.param(
            "[repos.infra]",
            "afk.toml: repos.infra.slug is missing: add the repository as its forge spells it, owner/name.",
            id="no slug",
        ),
        pytest.param(
            '[repos.infra]\nslug = "owner/*"',
            f"afk.toml: repos.infra.slug is 'owner/*', but must be owner/name. {TODO}",
            id="wildcard slug",
        ),
        pytest.param(
            '[repos.infra]\nslug = "infra"',
            f"afk.toml: repos.infra.slug is 'infra', but must be owner/name. {TODO}",
            id="bare slug",
        ),
        pytest.param(
            "[repos.infra]\nslug = 1",
            f"afk.toml: repos.infra.slug is 1, but must be owner/name. {TODO}",
            id="slug is no text",
        ),
        pytest.param(
            infra('forge = "gitlab"'),
            f'afk.toml: repos.infra.forge is \'gitlab\', but must be "github" or "forgejo". {TODO}',
            id="another forge",
        ),
        pytest.param(
            infra("forge = true"),
            f'afk.toml: repos.infra.forge is true, but must be "github" or "forgejo". {TODO}',
            id="forge is no text",
        ),
        pytest.param(
            infra('stages = "checks"'),
            f"afk.toml: repos.infra.stages is 'checks', but must be {STAGES}. {TODO}",
            id="stages are no list",
        ),
        pytest.param(
            infra("stages = []"),
            f"afk.toml: repos.infra.stages is an empty list, but must be {STAGES}. "
            'Write ["none"] if the repository has no CI.',
            id="no stages",
        ),
        pytest.param(
            infra('stages = ["checks", "deploy"]'),
            f"afk.toml: repos.infra.stages[1] is 'deploy', but must be {STAGES}. {TODO}",
            id="unknown stage",
        ),
        pytest.param(
            infra('stages = ["none", "checks"]'),
            f"afk.toml: repos.infra.stages[0] is 'none', but must be {STAGES}. {TODO}",
            id="none and another",
        ),
        pytest.param(
            infra('stages = ["checks", "checks"]'),
            f"afk.toml: repos.infra.stages[1] is 'checks', but must be {STAGES}. {TODO}",
            id="a stage twice",
        ),
        pytest.param(
            infra("stages = [[]]"),
            f"afk.toml: repos.infra.stages[0] is a list, but must be {STAGES}. {TODO}",
            id="a stage is no text",
        ),
        pytest.param(
            infra('stages = ["checks", "kubernetes"]'),
            "afk.toml: repos.infra.stages names kubernetes: "
            "add [repos.infra.kubernetes] with namespace, deployment, container.",
            id="stage without its table",
        ),
        pytest.param(
            infra() + TARGET,
            "afk.toml: [repos.infra.kubernetes] changes nothing: "
            'add "kubernetes" to repos.infra.stages, or remove the table.',
            id="table without its stage",
        ),
        pytest.param(
            infra("kubernetes = 1"),
            f"afk.toml: repos.infra.kubernetes is 1, but must be a table. {TODO}",
            id="kubernetes is no table",
        ),
        pytest.param(
            infra('stages = ["kubernetes"]') + TARGET.replace('container = "app"', ""),
            "afk.toml: repos.infra.kubernetes.container is missing: "
            "add the container whose image tells which commit is live.",
            id="no container",
        ),
        pytest.param(
            infra('stages = ["kubernetes"]') + TARGET.replace('namespace = "infra"', 'namespace = "a/../b"'),
            "afk.toml: repos.infra.kubernetes.namespace is 'a/../b', but must be the name of a Kubernetes "
            f"namespace. {TODO}",
            id="namespace that is a path",
        ),
        pytest.param(
            infra('stages = ["kubernetes"]') + TARGET.replace('"app"', "1"),
            f"afk.toml: repos.infra.kubernetes.container is 1, but must be the name of a Kubernetes container. {TODO}",
            id="container is no text",
        ),
        pytest.param(
            infra() + '[repos.again]\nslug = "Owner/Infra"',
            "afk.toml: repos.infra and repos.again share the repository "
            "(Owner/Infra on github): remove or correct one.",
            id="one repository under two names",
        ),
        pytest.param(
            infra() + '[repos.Infra]\nslug = "owner/other"',
            "afk.toml: repos.infra and repos.Infra share the short name "
            "(owner/other on github): remove or correct one.",
            id="two names that differ in case",
        ),
        pytest.param(
            infra('slug = "owner/web"'),
            "afk.toml is not TOML: Cannot overwrite a value (at line 3, column 19). "
            "Correct the file, then run `afk doctor`.",
            id="a key twice",
        ),
        pytest.param(
            infra() + infra(),
            "afk.toml is not TOML: Cannot declare ('repos', 'infra') twice (at line 3, column 13). "
            "Correct the file, then run `afk doctor`.",
            id="a table twice",
        ),
        pytest.param(
            "a = " + "[" * 100_000,
            "afk.toml is not TOML: nested too deeply. Correct the file, then run `afk doctor`.",
            id="too deep",
        ),
    ],
)
def test_a_refusal_names_file_key_value_and_what_is_legal(text, line):
    assert refused(text) == line


def test_a_number_that_python_does_not_convert_is_not_toml():
    assert refused(f"a = {'9' * 5000}").startswith("afk.toml is not TOML: Exceeds the limit (4300 digits)")


def test_every_mistake_of_a_file_is_told_at_once():
    with pytest.raises(ConfigError) as error:
        parse_rules('x = 1\n[limits]\nbudget_usd = -1\n[repos.a]\nforge = "b"\n[repos.c]\nslug = "d"\n', "afk.toml")

    assert [problem.split(" is ")[0] for problem in error.value.problems] == [
        "afk.toml: x",
        "afk.toml: limits.budget_usd",
        "afk.toml: repos.a.forge",
        "afk.toml: repos.a.slug",
        "afk.toml: repos.c.slug",
    ]


def test_a_file_of_mistakes_is_told_in_few_lines():
    with pytest.raises(ConfigError) as error:
        parse_rules("".join(f"k{number} = 1\n" for number in range(1000)), "afk.toml")

    assert len(error.value.problems) == 10
