"""Lay out the ledger's tables. A change here needs a migration beside it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
    text,
)

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect


class Moment(TypeDecorator[datetime]):
    """A point in time, in UTC on every database."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is not None and value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        return value.astimezone(UTC) if value is not None else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Words(TypeDecorator[str]):
    """Any text that people, agents or trackers write. PostgreSQL takes no NUL, and no database half a character."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return clean(value) if value is not None else None


class Tree(TypeDecorator[Any]):
    """Lists and mappings whose texts get the same care."""

    impl = JSON
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:  # noqa: ARG002
        return _cleaned(value)


def clean(words: str) -> str:
    """As it will come back from the ledger."""
    return words.replace("\0", "\ufffd").encode(errors="replace").decode()


def _cleaned(tree: Any) -> Any:
    match tree:
        case str():
            return clean(tree)
        case list():
            return [_cleaned(each) for each in tree]
        case dict():
            return {_cleaned(name): _cleaned(each) for name, each in tree.items()}
        case _:
            return tree


metadata = MetaData()


def _text(name: str, **more: Any) -> Column[str]:
    return Column(name, Words, nullable=False, server_default="", **more)


runs = Table(
    "runs",
    metadata,
    Column("id", Words, primary_key=True),
    Column("repo", Words, nullable=False),
    Column("number", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),
    _text("issue_key"),
    _text("title"),
    _text("url"),
    Column("claimed_at", Moment, nullable=False),
    _text("requested_by"),
    Column("generation", Integer, nullable=False),
    _text("thread_id"),
    _text("thread_url"),
    _text("thread_turn"),
    _text("thread_revision"),
    Column("labelled_at", Moment),
    _text("comment_id"),
    _text("checklist"),
    Column("started_at", Moment),
    _text("commit"),
    Column("commit_at", Moment),
    _text("verdict"),
    Column("verdict_at", Moment),
    _text("judged_commit"),
    Column("first_red_at", Moment),
    Column("failure", Tree),
    _text("question"),
    _text("question_text"),
    Column("question_options", Tree, nullable=False),
    Column("asked_at", Moment),
    Column("cost_usd", Float, nullable=False),
    Column("outcome", Words),
    Column("reason", Words),
    _text("detail"),
    Column("outcome_at", Moment),
    Column("finished_at", Moment),
    Column("version", Integer, nullable=False),
    UniqueConstraint("repo", "number", "attempt", name="one_run_per_attempt"),
)
Index(
    "one_unfinished_run_per_repository",
    runs.c.repo,
    unique=True,
    sqlite_where=text("finished_at IS NULL"),
    postgresql_where=text("finished_at IS NULL"),
)
Index("runs_by_claim", runs.c.claimed_at)

turns = Table(
    "turns",
    metadata,
    Column("run_id", Words, ForeignKey("runs.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("kind", Words, nullable=False),
    Column("generation", Integer, nullable=False),
    _text("text"),
    Column("ordered_at", Moment, nullable=False),
    _text("about"),
    Column("before", Words),
    Column("steers", Boolean, nullable=False),
    _text("question"),
    Column("tries", Integer, nullable=False),
    Column("sent_at", Moment),
    _text("receipt"),
)

evidence = Table(
    "evidence",
    metadata,
    Column("run_id", Words, ForeignKey("runs.id"), primary_key=True),
    Column("phase", Words, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("seen", Boolean, nullable=False),
    _text("detail"),
    _text("url"),
)

armed = Table(
    "armed",
    metadata,
    Column("repo", Words, primary_key=True),
    _text("by"),
    Column("at", Moment, nullable=False),
    Column("until", Moment),
    _text("because"),
)

killed = Table(
    "killed",
    metadata,
    Column("switch", Words, primary_key=True),
    Column("at", Moment, nullable=False),
    _text("actor"),
    Column("via", Words, nullable=False),
    _text("detail"),
)

decisions = Table(
    "decisions",
    metadata,
    Column("repo", Words, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("code", Words, nullable=False),
    _text("detail"),
    Column("at", Moment, nullable=False),
)

commands = Table(
    "commands",
    metadata,
    Column("key", Words, primary_key=True),
    Column("verb", Words, nullable=False),
    Column("repo", Words, nullable=False),
    Column("number", Integer, nullable=False),
    _text("actor"),
    Column("via", Words, nullable=False),
    Column("at", Moment, nullable=False),
    _text("text"),
    Column("settled_at", Moment),
    _text("result"),
)
Index("commands_unsettled", commands.c.settled_at, commands.c.at)

notes = Table(
    "notes",
    metadata,
    Column("key", Words, primary_key=True),
    Column("repo", Words, nullable=False),
    Column("number", Integer, nullable=False),
    _text("actor"),
    Column("at", Moment, nullable=False),
    _text("text"),
)
Index("notes_of_issue", notes.c.repo, notes.c.number)

doorbells = Table(
    "doorbells",
    metadata,
    Column("key", Words, primary_key=True),
    Column("kind", Words, nullable=False),
    Column("at", Moment, nullable=False),
    Column("repo", Words),
    Column("number", Integer),
    _text("run_id"),
    _text("text"),
    Column("held", Boolean, nullable=False),
    _text("acknowledged_by"),
    Column("acknowledged_at", Moment),
    _text("rerun_by"),
    Column("rerun_at", Moment),
    Column("trimmed", Boolean, nullable=False, server_default=false()),  # only its key still counts
)
Index("doorbells_by_run", doorbells.c.run_id)
Index(
    "doorbells_in_use",
    doorbells.c.at,
    sqlite_where=text("NOT trimmed"),
    postgresql_where=text("NOT trimmed"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("doorbell", Words, ForeignKey("doorbells.key"), primary_key=True),
    Column("channel", Words, primary_key=True),
    Column("state", Words, nullable=False),
    Column("at", Moment, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("not_before", Moment),
    _text("reference"),
    _text("shown"),
    _text("error"),
)
Index("deliveries_by_state", deliveries.c.channel, deliveries.c.state, deliveries.c.at)

notices = Table(
    "notices",
    metadata,
    Column("key", Words, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("place", Words, nullable=False),
    _text("target"),
    _text("text"),
    _text("person"),
    Column("state", Words, nullable=False),
    Column("left_at", Moment),
    Column("not_before", Moment),
    _text("error"),
)
Index("notices_by_state", notices.c.state, notices.c.at)

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", Moment, nullable=False),
    _text("actor"),
    Column("via", Words, nullable=False),
    Column("verb", Words, nullable=False),
    _text("target"),
    _text("detail"),
    Column("refused", Boolean, nullable=False),
)

recollections = Table(
    "recollections",
    metadata,
    Column("topic", Words, primary_key=True),
    Column("key", Words, primary_key=True),
    _text("value"),
    Column("at", Moment, nullable=False),
)

ticks = Table(
    "ticks",
    metadata,
    Column("tick", Words, primary_key=True),
    Column("at", Moment, nullable=False),
    _text("summary"),
    Column("report", Tree, nullable=False),
)

counts = Table(
    "counts",
    metadata,
    Column("name", Words, primary_key=True),
    Column("labels", Words, primary_key=True),
    Column("value", Float, nullable=False),
)
