"""Carry what one GraphQL operation knows, and refuse a field of it the way GitHub does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphql import GraphQLError

if TYPE_CHECKING:
    from graphql import GraphQLResolveInfo

    from afk.sandbox.github.access import Token
    from afk.sandbox.github.forge import Forge
    from afk.sandbox.github.graphql.cost import Cost
    from afk.sandbox.github.records import Repository

    Info = GraphQLResolveInfo[Any]


@dataclass(frozen=True, slots=True)
class Asking:
    forge: Forge
    token: Token
    cost: Cost


class FieldRefused(GraphQLError):
    """An error whose `type` clients branch on; the field it stands at becomes null."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def asking(info: Info) -> Asking:
    context: Any = info.context
    assert isinstance(context, Asking), type(context)
    return context


def require(info: Info, repo: Repository, resource: str, level: str = "read") -> None:
    who = asking(info)
    if not who.forge.access.permits(who.token, repo, resource, level):
        raise FieldRefused("FORBIDDEN", who.token.denial)
