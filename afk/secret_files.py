"""Read secrets from the files that `…_FILE` variables name, as if they had been set themselves."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from afk.core.config import ConfigError, Findings
from afk.core.config_values import parse_database_url, parse_secret, printable
from afk.variables import FILE, IN_FILES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

LONGEST = 1 << 16


def filled(environ: Mapping[str, str], cwd: Path, found: Findings) -> Mapping[str, str]:
    """The environment with each secret that lies in a file. Read anew each time: a file may be replaced."""
    named = {name: by for name, by in IN_FILES.items() if environ.get(by, "").strip()}
    read = {name: found.take(partial(_read, environ, cwd, name, by), "") for name, by in named.items()}
    return {**environ, **read} if read else environ


def _read(environ: Mapping[str, str], cwd: Path, name: str, by: str) -> str:
    if environ.get(name, "").strip():
        raise ConfigError(f"{name} and {by} are both set: unset one of them, for nobody can say which is meant.")
    path = environ[by].strip()
    if not path.isprintable() or "://" in path:  # the secret itself, in the wrong variable
        raise ConfigError(f"{by} holds a value (not shown) that must be {FILE}. Correct it, then run `afk doctor`.")
    return _parser(name)(_content(cwd / path, by), by)


def _content(path: Path, by: str) -> str:
    shown = printable(str(path))
    try:
        if path.exists() and not path.is_file():  # a pipe would be waited for
            raise ConfigError(f"{by} names {shown}, which is no regular file: correct it.")
        with path.open("rb") as file:
            content = file.read(LONGEST + 1)
    except OSError as error:
        todo = "correct it, or let this user read the file."
        raise ConfigError(f"{by} names {shown}, which cannot be read ({error.strerror}): {todo}") from None
    if len(content) > LONGEST:
        raise ConfigError(f"{by} names {shown}, which is larger than 64 KiB: correct it.")
    return content.decode("utf-8", "replace")  # what is no UTF-8 is no secret either, and is refused as that


def _parser(name: str) -> Callable[[str, str], str]:
    return parse_database_url if name == "AFK_DATABASE_URL" else parse_secret
