"""Say what happens, a line each: for people, or as JSON for a log store.

`event` names what happened, for machines; `says` is the sentence for people. What a service has to say is always said;
details only where `AFK_LOG` asks for them, since a tick prints its report in any case.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import structlog
from structlog.contextvars import bound_contextvars, merge_contextvars

from afk.core.config_values import JSON_LOG
from afk.core.text import plain
from afk.veil import secrets, veiled

if TYPE_CHECKING:
    from collections.abc import Iterator, MutableMapping
    from contextlib import AbstractContextManager

    Fields = MutableMapping[str, Any]

LONGEST = 2_000
PREFIX = "afk: "
SETTING = "AFK_LOG"
TRACE = "trace"  # the only field of more than one line


def info(event: str, says: str, **fields: Any) -> None:
    _logger().info(event, says=says, **fields)


def warn(event: str, says: str, **fields: Any) -> None:
    _logger().warning(event, says=says, **fields)


def error(event: str, says: str, **fields: Any) -> None:
    _logger().error(event, says=says, **fields)


def wanted() -> bool:
    """Whether details are."""
    return bool(os.environ.get(SETTING, "").strip())


def detail(event: str, *, failed: bool = False, **fields: Any) -> None:
    if wanted():
        (_logger().warning if failed else _logger().info)(event, **fields)


def passed_on(part: str, line: str) -> None:
    """What a part of ours says, under its name; a line that is for machines already stays as it is."""
    if not _is_for_machines():
        _write(f"{part} | {plain(line.removeprefix(PREFIX), LONGEST)}")
    elif line.startswith("{"):
        _write(line)
    else:
        _logger().info("said", part=part, says=line)


def words(line: str) -> str:
    """What a line of ours says to people."""
    try:
        fields = json.loads(line)
        return str(fields.get("message") or fields["event"])
    except (ValueError, KeyError, AttributeError):
        return line.removeprefix(PREFIX)


def during(**fields: str) -> AbstractContextManager[None]:
    """Every line said in the block bears these fields, in threads that it starts for requests, too."""
    return bound_contextvars(**fields)


def _logger() -> Any:
    return structlog.wrap_logger(
        _Printer(),
        processors=[
            merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="timestamp"),
            _fit_to_show,
            _for_machines if _is_for_machines() else _for_people,
        ],
    )


class _Printer:
    def msg(self, message: str) -> None:
        _write(message)

    info = warning = error = msg


def _write(line: str) -> None:
    """Nobody can be told that this fails, and a full disk or a closed terminal is no reason to end."""
    with suppress(OSError, ValueError):
        if sys.stderr is not None:  # it is where the process was started without
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()


def _is_for_machines() -> bool:
    return os.environ.get(SETTING, "").strip().lower() == JSON_LOG


def _fit_to_show(_: Any, __: str, fields: Fields) -> Fields:
    hidden = secrets(os.environ)
    for name, value in fields.items():
        if isinstance(value, str):
            shown = veiled(value, hidden)
            fields[name] = shown if name == TRACE else plain(shown, LONGEST)
    return fields


def _for_machines(logger: Any, name: str, fields: Fields) -> str:
    shown = {"message" if key == "says" else key: value for key, value in fields.items() if value != ""}
    line: str | bytes = structlog.processors.JSONRenderer(ensure_ascii=False)(logger, name, shown)
    return line if isinstance(line, str) else line.decode()


def _for_people(_: Any, __: str, fields: Fields) -> str:
    says = fields.get("says")
    if not says:
        return f"afk: {' '.join(_parts(fields))}"
    trace = fields.get(TRACE)
    return f"afk: {says}: {trace.rstrip()}" if trace else f"afk: {says}"


def _parts(fields: Fields) -> Iterator[str]:
    yield str(fields["event"]).replace("-", " ")
    for name, value in fields.items():
        if name not in {"event", "level", "timestamp"} and value != "":
            yield f"{name}={value}"
