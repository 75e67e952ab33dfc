"""Read from an image's tag which commit is in it. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# At least twelve digits: a shorter one names too many commits.
_COMMIT = re.compile(r"(?P<sha>[0-9a-f]{12,40})(?:[^0-9A-Za-z].*)?", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Image:
    repository: str
    tag: str
    digest: str

    @classmethod
    def parse(cls, text: str) -> Image:
        """`repository:tag@digest`; a colon before the last slash is a port."""
        name, _, digest = text.partition("@")
        repository, colon, tag = name.rpartition(":")
        return cls(repository, tag, digest) if colon and "/" not in tag else cls(name, "", digest)

    @property
    def names_a_commit(self) -> bool:
        return _COMMIT.fullmatch(self.tag) is not None

    def commit_of(self, commits: Sequence[str]) -> str | None:
        """The one of these commits that the tag names, in full or by its first digits."""
        match = _COMMIT.fullmatch(self.tag)
        if match is None:
            return None
        return next((sha for sha in commits if sha.lower().startswith(match["sha"].lower())), None)
