"""A tag names a commit in full, or by at least twelve of its first digits."""

from __future__ import annotations

import pytest

from afk.adapters.kubernetes.image import Image

SHA = "5f2c1e9a7b3d4f60812a9c3e5d7b1f2a4c6e8091"
OTHER = "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567"
DIGEST = "sha256:" + "ab" * 32


@pytest.mark.parametrize(
    ("text", "repository", "tag", "digest"),
    [
        ("api", "api", "", ""),
        ("api:1", "api", "1", ""),
        ("registry.test:5000/acme/api", "registry.test:5000/acme/api", "", ""),
        ("registry.test:5000/acme/api:1", "registry.test:5000/acme/api", "1", ""),
        (f"acme/api:1@{DIGEST}", "acme/api", "1", DIGEST),
        (f"registry.test:5000/acme/api@{DIGEST}", "registry.test:5000/acme/api", "", DIGEST),
    ],
)
def test_an_image_is_taken_apart(text: str, repository: str, tag: str, digest: str) -> None:
    assert Image.parse(text) == Image(repository, tag, digest)


@pytest.mark.parametrize(
    ("tag", "names", "commit"),
    [
        pytest.param(SHA, True, SHA, id="in full"),
        pytest.param(SHA.upper(), True, SHA, id="in capitals"),
        pytest.param(f"{SHA}-arm64", True, SHA, id="in full, with more behind"),
        pytest.param(SHA[:12], True, SHA, id="twelve digits"),
        pytest.param(f"{SHA[:20]}.3", True, SHA, id="twenty digits, with more behind"),
        pytest.param(OTHER, True, None, id="another commit"),
        pytest.param(SHA[:11] + "f", True, None, id="eleven digits of it"),
        pytest.param(SHA[:11], False, None, id="too short"),
        pytest.param(SHA[:8], False, None, id="git's own short form"),
        pytest.param(SHA + "f", False, None, id="longer than a commit"),
        pytest.param(f"{SHA[:12]}x", False, None, id="letters right behind"),
        pytest.param(f"main-{SHA}", False, None, id="a branch before"),
        pytest.param("latest", False, None, id="a tag that moves"),
        pytest.param("v1.2.3", False, None, id="a version"),
        pytest.param("", False, None, id="none"),
    ],
)
def test_a_tag_names_a_commit(tag: str, names: bool, commit: str | None) -> None:
    image = Image("api", tag, "")

    assert (image.names_a_commit, image.commit_of([OTHER[:39] + "0", SHA])) == (names, commit)
