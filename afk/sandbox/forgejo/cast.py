"""Tell who and what there is: people, organisations, tokens, repositories and rights in them."""

from __future__ import annotations

import secrets

from afk.sandbox.forgejo.records import Access, Label, Repository, Token, User
from afk.sandbox.forgejo.world import World

FULL_SCOPES = ("write:issue", "read:repository", "read:user", "read:organization")


class Cast(World):
    def add_user(self, login: str, *, site_admin: bool = False) -> int:
        with self.lock:
            user = User(self.next_id(), login, self.now(), site_admin=site_admin)
            self.users[user.id] = user
            return user.id

    def add_organization(self, name: str, *, owners: tuple[str, ...] = ()) -> int:
        with self.lock:
            number = self.add_user(name)
            self.users[number].owners = {self.user(login).id for login in owners}
            return number

    def delete_user(self, login: str) -> None:
        """What they did stays, done by Ghost; their login is free for somebody else."""
        with self.lock:
            gone = self.users.pop(self.user(login).id)
            for repo in self.repositories.values():
                repo.collaborators.pop(gone.id, None)
                repo.teams.pop(gone.id, None)

    def rename_user(self, login: str, new_login: str) -> None:
        with self.lock:
            self.user(login).login = new_login

    def issue_token(self, login: str, scopes: tuple[str, ...] = FULL_SCOPES) -> str:
        with self.lock:
            secret = secrets.token_hex(20)
            self.tokens[secret] = Token(self.user(login).id, frozenset(scopes))
            return secret

    def revoke_token(self, secret: str) -> None:
        with self.lock:
            del self.tokens[secret]

    def create_repository(self, full_name: str, *, private: bool = True, default_branch: str = "main") -> int:
        """Empty: the first push makes the default branch."""
        with self.lock:
            owner, _, name = full_name.partition("/")
            repo = Repository(self.next_id(), self.user(owner).id, name, private, default_branch, self.now())
            self.repositories[repo.id] = repo
            return repo.id

    def archive(self, repository: str) -> None:
        with self.lock:
            self.repository(repository).archived = True

    def turn_off_issues(self, repository: str) -> None:
        with self.lock:
            self.repository(repository).has_issues = False

    def make_fork(self, repository: str) -> None:
        with self.lock:
            self.repository(repository).fork = True

    def make_mirror(self, repository: str) -> None:
        with self.lock:
            self.repository(repository).mirror = True

    def turn_off_dependencies(self, repository: str) -> None:
        with self.lock:
            self.repository(repository).dependencies = False

    def close_issues_from_any_branch(self, repository: str) -> None:
        with self.lock:
            self.repository(repository).closes_from_any_branch = True

    def add_collaborator(self, repository: str, login: str, permission: str = "write") -> None:
        with self.lock:
            self.repository(repository).collaborators[self.user(login).id] = Access(permission)

    def remove_collaborator(self, repository: str, login: str) -> None:
        with self.lock:
            del self.repository(repository).collaborators[self.user(login).id]

    def grant_by_team(self, repository: str, login: str, permission: str) -> None:
        with self.lock:
            self.repository(repository).teams[self.user(login).id] = Access(permission)

    def create_label(self, repository: str, name: str, *, exclusive: bool = False) -> int:
        with self.lock:
            repo = self.repository(repository)
            repo.labels.append(Label(self.next_id(), name, "#ee0701", exclusive, repo.id))
            return repo.labels[-1].id

    def create_organization_label(self, organization: str, name: str) -> int:
        with self.lock:
            label = Label(self.next_id(), name, "#ee0701", exclusive=False, repo_id=None)
            label.org_id = self.user(organization).id
            self.org_labels.append(label)
            return label.id

    def rename_label(self, repository: str, name: str, new_name: str) -> None:
        with self.lock:
            self.label_named(self.repository(repository), name).name = new_name

    def delete_label(self, repository: str, name: str) -> None:
        """It leaves every issue without an event, and old events lose their label."""
        with self.lock:
            repo = self.repository(repository)
            label = self.label_named(repo, name)
            repo.labels.remove(label)
            for issue in repo.issues.values():
                issue.labels = [one for one in issue.labels if one is not label]
                for event in issue.events:
                    event.label = None if event.label is label else event.label

    def label_named(self, repo: Repository, name: str) -> Label:
        return next(label for label in self.labels_for(repo) if label.name == name)
