"""Let an App prove itself with a signed JWT and trade it for an installation token."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import jwt

from afk.sandbox.github.access import Refusal, Token, TokenKind, not_found

if TYPE_CHECKING:
    from afk.sandbox.github.access import Access
    from afk.sandbox.github.records import App, Installation
    from afk.sandbox.github.world import World

LONGEST = 600  # seconds from now to `exp`
DRIFT = 60
LIFE = timedelta(hours=1)
UNREADABLE = "A JSON web token could not be decoded"
LEVELS = ("read", "write", "admin")
MOST_REPOSITORIES = 500


def authenticate_app(world: World, header: str) -> App:
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "bearer":
        raise Refusal(401, UNREADABLE)
    app = _issuer(world, value)
    try:
        claims = jwt.decode(
            value,
            app.public_key,
            algorithms=["RS256"],  # the times are checked below, with the world's clock
            options={"verify_exp": False, "verify_iat": False, "verify_nbf": False, "verify_aud": False},
        )
    except (jwt.InvalidTokenError, ValueError) as error:
        raise Refusal(401, UNREADABLE) from error
    _check_times(claims, world.now().timestamp())
    return app


def _issuer(world: World, value: str) -> App:
    try:
        claims = jwt.decode(value, options={"verify_signature": False})
    except jwt.InvalidTokenError as error:
        raise Refusal(401, UNREADABLE) from error
    issuer = str(claims.get("iss"))
    for app in world.apps.values():
        if issuer in {str(app.id), app.client_id} and app.public_key:
            return app
    raise Refusal(404, "Integration not found")


def _check_times(claims: dict[str, Any], now: float) -> None:
    expires, issued = claims.get("exp"), claims.get("iat")
    if not isinstance(expires, int) or expires <= now:
        raise Refusal(401, "'Expiration time' claim ('exp') must be a numeric value representing a future time")
    if expires > now + LONGEST:
        raise Refusal(401, "'Expiration time' claim ('exp') is too far in the future")
    if not isinstance(issued, int) or issued > now + DRIFT:
        raise Refusal(401, "'Issued at' claim ('iat') must be an Integer representing a past time")


def mint(world: World, access: Access, installation: Installation, wish: dict[str, Any]) -> Token:
    """A token for an hour, with no more than the installation has."""
    if installation.suspended:
        raise Refusal(403, "This installation has been suspended")
    app = installation.app
    signed = ".".join(secrets.token_urlsafe(60) for _ in range(3))  # today's tokens wrap a JWT
    token = Token(
        f"ghs_{app.id}_{signed}",
        TokenKind.INSTALLATION,
        app.bot,
        permissions=_permissions(installation, wish.get("permissions")),
        repositories=_repositories(world, installation, wish),
        installation=installation,
        expires_at=world.now() + LIFE,
    )
    return access.add(token)


def _permissions(installation: Installation, wish: dict[str, str] | None) -> dict[str, str]:
    had = installation.permissions
    if not wish:
        return dict(had)
    for name, level in wish.items():
        if level not in LEVELS or name not in had or LEVELS.index(level) > LEVELS.index(had[name]):
            raise Refusal(422, "The permissions requested are not granted to this installation.")
    return dict(wish)


def _repositories(world: World, installation: Installation, wish: dict[str, Any]) -> set[int] | None:
    names, numbers = wish.get("repositories"), wish.get("repository_ids")
    if names is None and numbers is None:
        return installation.repositories
    account = installation.account.login.lower()
    wanted = {world.names.get(f"{account}/{name}".lower()) for name in names or []} | set(numbers or [])
    reachable = installation.repositories
    if len(wanted) > MOST_REPOSITORIES or not all(
        number in world.repositories
        and world.repositories[number].owner is installation.account
        and (reachable is None or number in reachable)
        for number in wanted
    ):
        raise Refusal(422, "There is at least one repository that does not exist or is not accessible.")
    return {number for number in wanted if number is not None}


def installation_with(world: World, app: App, number: int) -> Installation:
    found = world.installations.get(number)
    if found is None or found.app is not app:
        raise not_found()
    return found
