"""Judge who released an issue, whether its words still are those that were released, and what must be done first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afk.adapters.github.history import History
from afk.core.model import Blocker, BlockerState, Trust, Vetting
from afk.ports import PortError

if TYPE_CHECKING:
    from collections.abc import Callable

    from afk.adapters.github.cases import Case
    from afk.adapters.github.lookups import Found
    from afk.adapters.github.people import Person

    Asked = Callable[[Person], bool | PortError]

HIDDEN = "a blocker that this token cannot read"


def vetting(case: Case, found: Found) -> Vetting:
    """Everything that could not be asked ends as unknown, and starts nothing."""

    def may_write(person: Person) -> bool | PortError:
        return found.writers.get((case.slug, person), PortError(f"{person.login}: not asked"))

    trust, detail = _trust(case, may_write)
    release = case.history.release if isinstance(case.history, History) else None
    by = release.act.by.login if release and release.act.by else None
    return Vetting(trust, by, release.act.at if release else None, blockers(case, found), detail)


def _trust(case: Case, may_write: Asked) -> tuple[Trust, str]:
    if isinstance(case.history, PortError):
        return Trust.UNKNOWN, str(case.history)
    release = case.history.release
    if release is None or not release.labelled:
        return Trust.UNTRUSTED, "nobody applied the label"
    if release.act.by is None or not release.act.by.is_user:
        return Trust.UNTRUSTED, release.act.name
    match may_write(release.act.by):
        case PortError() as error:
            return Trust.UNKNOWN, str(error)
        case False:
            return Trust.UNTRUSTED, release.act.name
        case _:
            return _since(case.history, may_write)


def _since(history: History, may_write: Asked) -> tuple[Trust, str]:
    """One change by somebody who may not write is enough, even where another one could not be judged."""
    unknown = ""
    for change in history.changes:
        allowed = may_write(change.by) if change.by and change.by.is_user else False
        if isinstance(allowed, PortError):
            unknown = str(allowed)
        elif not allowed:
            return Trust.EDITED, change.name
    return (Trust.UNKNOWN, unknown) if unknown else (Trust.TRUSTED, "")


def blockers(case: Case, found: Found) -> tuple[Blocker, ...] | None:
    if case.native is None:
        return None
    named: list[Blocker] = []
    for slug, number in case.unread:
        state = found.issues.get((slug, number), PortError("not asked"))
        if isinstance(state, PortError):
            return None
        named.append(Blocker(f"{slug}#{number}", state))
    return (
        *(Blocker(f"{slug}#{number}", state) for slug, number, state in case.native),
        *named,
        *(Blocker(each, BlockerState.UNREADABLE) for each in (*case.named.unreadable, *[HIDDEN] * (case.hidden > 0))),
    )
