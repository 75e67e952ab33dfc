"""Answer who the caller is, what a repository is, and who may do what in it."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from aiohttp import web

from afk.sandbox.forgejo.answers import answer, cut, not_found, page_of, paged, refuse
from afk.sandbox.forgejo.records import Access
from afk.sandbox.forgejo.shapes import repository_json, user_json

if TYPE_CHECKING:
    from afk.sandbox.forgejo.call import Call


def me(call: Call) -> web.Response:
    return answer(user_json(call.world, call.user) | {"email": f"{call.user.login}@people.test"})


def somebody(call: Call) -> web.Response:
    user = call.world.find_user(call.segment("username"))
    if user is None:
        not_found(call)
    return answer(user_json(call.world, user))


def repository(call: Call) -> web.Response:
    return answer(repository_json(call.world, call.repository(), call.user))


def collaborators(call: Call) -> web.Response:
    repo = call.repository()
    page, limit = page_of(call)
    people = [user_json(call.world, call.world.users[number]) for number in repo.collaborators]
    return paged(call, cut(people, page, limit), len(people), page, limit)


def is_collaborator(call: Call) -> web.Response:
    """Only explicit collaborators count: neither the owner nor a team's member is one."""
    repo = call.repository()
    user = call.world.find_user(call.segment("login"))
    if user is None:
        refuse(call, HTTPStatus.UNPROCESSABLE_ENTITY, _nobody(call))
    if user.id not in repo.collaborators:
        not_found(call)
    return web.Response(status=HTTPStatus.NO_CONTENT)


def permission(call: Call) -> web.Response:
    repo = call.repository()
    asked = call.world.find_user(call.segment("login"))
    if asked is None:
        refuse(call, HTTPStatus.NOT_FOUND, _nobody(call))
    if asked.id != call.user.id and not call.access(repo).allows(Access.ADMIN):
        refuse(call, HTTPStatus.FORBIDDEN, _ONLY_ADMINS)
    access = call.world.access(repo, asked)
    return answer({"permission": access, "role_name": access, "user": user_json(call.world, asked)})


def _nobody(call: Call) -> str:
    return f"user does not exist [uid: 0, name: {call.segment('login')}]"


_ONLY_ADMINS = (
    "Only admins can query all permissions, repo admins can query all repo permissions, "
    "collaborators can query only their own"
)
