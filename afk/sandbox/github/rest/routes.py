"""List every REST route, the narrower ones before those that would swallow them."""

from __future__ import annotations

from afk.sandbox.github.rest import accounts, branches, ci, commits, issues, remarks

PARTS = (accounts, remarks, issues, ci, branches, commits)
ENDPOINTS = tuple(endpoint for part in PARTS for endpoint in part.ENDPOINTS)
BY_NAME, BY_ID = "/repos/{owner}/{repo}", "/repositories/{repository_id}"


def paths(template: str) -> tuple[str, ...]:
    """Repositories answer under their id, too: that is where redirects and `Link` lead."""
    return (template, template.replace(BY_NAME, BY_ID)) if BY_NAME in template else (template,)
