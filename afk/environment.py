"""Read single environment variables: blank is not set, except where guessing would be unsafe."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from pydantic import SecretStr

from afk.core.config import Findings
from afk.core.config_values import parse_secret, parse_text, refusal
from afk.variables import BY_NAME, FILE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Environment:
    """Variables as they were set, beside what was found wrong with them."""

    variables: Mapping[str, str] = field(repr=False)
    cwd: Path
    found: Findings = field(default_factory=Findings)

    def has(self, *names: str) -> bool:
        return all(self.variables.get(name, "").strip() for name in names)

    def raw(self, name: str) -> str:
        """The text of a safety setting. Blank stays blank, to be refused."""
        return self.variables.get(name, BY_NAME[name].default)

    def optional(self, name: str, parse: Callable[[str, str], T]) -> T | None:
        text = self.variables.get(name, "").strip() or BY_NAME[name].default
        return self.found.take(lambda: parse(text, name), None) if text else None

    def text(self, name: str, parse: Callable[[str, str], str] = parse_text) -> str:
        return self.optional(name, parse) or ""

    def secret(self, name: str) -> SecretStr | None:
        secret = self.optional(name, parse_secret)
        return SecretStr(secret) if secret else None

    def path(self, name: str) -> Path | None:
        def parse(text: str, source: str) -> Path:
            if not text.isprintable() or "://" in text:  # a URL in its place may hold a password
                raise refusal(source, text, FILE)
            return self.cwd / text

        return self.optional(name, parse)
