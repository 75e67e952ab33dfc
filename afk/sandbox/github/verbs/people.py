"""Let accounts, organisations, apps and tokens come and go."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from afk.sandbox.github.access import Token, TokenKind
from afk.sandbox.github.app_login import installation_with, mint
from afk.sandbox.github.limits import Trip
from afk.sandbox.github.records import Account, Kind, Role

if TYPE_CHECKING:
    import threading
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from afk.sandbox.github.forge import Forge


@dataclass(frozen=True, slots=True)
class NewApp:
    """What the owner of a new App is shown once."""

    id: int
    slug: str
    client_id: str
    private_key: str = field(repr=False)


class PeopleVerbs:
    forge: Forge
    lock: threading.RLock

    def create_user(self, login: str, *, name: str | None = None, email: str | None = None) -> int:
        with self.lock:
            return self.forge.world.create_account(login, Kind.USER, name, email).id

    def delete_user(self, login: str) -> None:
        """What the account did stays, with nobody's name on it; the login is free again."""
        with self.lock:
            self.forge.world.remove_account(login)

    def create_organization(
        self, login: str, *, owners: Collection[str] = (), members: Collection[str] = (), base_role: str = "read"
    ) -> int:
        """Membership alone gives the base role in every repository, and never more."""
        with self.lock:
            made = self.forge.world.create_account(login, Kind.ORGANIZATION)
            made.owners = {self._account(one).id for one in owners}
            made.members = {self._account(one).id for one in members}
            made.base_role = Role(base_role)
            return made.id

    def stop_paying(self, login: str) -> None:
        """What a plan pays for is out of reach from now on, and not forgotten."""
        with self.lock:
            self._account(login).pays = False

    def create_app(self, slug: str, owner: str, permissions: Mapping[str, str] | None = None) -> NewApp:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
        with self.lock:
            made = self.forge.world.create_app(slug, self._account(owner), public.decode(), permissions or {})
            return NewApp(made.id, made.slug, made.client_id, private.decode())

    def install_app(
        self,
        slug: str,
        account: str,
        permissions: Mapping[str, str] | None = None,
        repositories: Collection[str] | None = None,
    ) -> int:
        """Without `repositories`: all of the account's; without `permissions`: those that the App asks for."""
        with self.lock:
            world = self.forge.world
            app = next(one for one in world.apps.values() if one.slug == slug)
            given = {"metadata": "read", **(app.permissions if permissions is None else permissions)}
            chosen = None if repositories is None else [world.repository(name) for name in repositories]
            return world.install(app, self._account(account), given, chosen).id

    def suspend_installation(self, number: int) -> None:
        with self.lock:
            self.forge.world.installations[number].suspended = True

    def uninstall_app(self, number: int) -> None:
        with self.lock:
            self.forge.world.installations.pop(number)
            self.forge.access.revoke_installation(number)

    def token_classic(self, login: str, scopes: Collection[str] = ("repo",)) -> str:
        with self.lock:
            value = f"ghp_sandbox{secrets.token_hex(12)}"
            return self.forge.access.add(
                Token(value, TokenKind.CLASSIC, self._account(login), scopes=frozenset(scopes))
            ).value

    def token_fine_grained(
        self,
        login: str,
        permissions: Mapping[str, str],
        *,
        resource_owner: str | None = None,
        repositories: Collection[str] | None = None,
        expires_at: datetime | None = None,
    ) -> str:
        """There is no Checks permission to give; asking for it is an error here as in the form."""
        if "checks" in permissions:
            raise ValueError("fine-grained tokens have no Checks permission")
        with self.lock:
            world = self.forge.world
            token = Token(
                f"github_pat_sandbox{secrets.token_hex(16)}",
                TokenKind.FINE_GRAINED,
                self._account(login),
                permissions=dict(permissions),
                repositories=None if repositories is None else {world.repository(name).id for name in repositories},
                resource_owner=self._account(resource_owner or login),
                expires_at=expires_at,
            )
            return self.forge.access.add(token).value

    def token_installation(self, number: int, **wish: Any) -> str:
        """What `POST /app/installations/{id}/access_tokens` would give."""
        with self.lock:
            made = self.forge.world.installations[number]
            found = installation_with(self.forge.world, made.app, number)
            return mint(self.forge.world, self.forge.access, found, wish).value

    def revoke_token(self, value: str) -> None:
        with self.lock:
            self._token(value).revoked = True

    def exhaust(self, token: str, resource: str = "graphql") -> None:
        """Somebody else used up the rest of this hour; `resource` is core or graphql."""
        with self.lock:
            budget = self.forge.limits.budget(self._token(token), resource)
            budget.used = budget.limit

    def trip_secondary(
        self, *, status: int = 403, retry_after: int | None = 60, surface: str = "both", times: int = 1
    ) -> None:
        """Refuse the next requests for being too many; GraphQL may do that with 200."""
        with self.lock:
            self.forge.limits.trip(Trip(status, retry_after, surface), times)

    @property
    def points_spent(self) -> int:
        with self.lock:
            return self.forge.limits.points_spent

    @property
    def rest_requests(self) -> int:
        """Those that were charged: neither a 304 nor a refusal for lack of a token is one."""
        with self.lock:
            return self.forge.limits.rest_requests

    def _account(self, login: str) -> Account:
        return self.forge.world.account(login)

    def _token(self, value: str) -> Token:
        found = self.forge.access.find(value)
        if found is None:
            raise KeyError("no such token")
        return found
