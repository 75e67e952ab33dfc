"""Tell a presence service what is claimed and released: one webhook, of whose answer only the status counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afk.adapters.http import Http, refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from afk.core.presence import Claim
    from afk.systems import Presence

SYSTEM = "presence"
PATIENCE = 5.0  # seconds: nothing waits for the answer


class PresenceWebhook:
    def __init__(self, settings: Presence) -> None:
        self._token = settings.token
        self._http = Http(SYSTEM, settings.url, self._credential, patience=PATIENCE)

    def close(self) -> None:
        self._http.close()

    def claim(self, claim: Claim) -> None:
        self._post(claim.as_json())

    def release(self, claim: Claim) -> None:
        self._post(claim.release_json())

    def _post(self, body: Mapping[str, Any]) -> None:
        response = self._http.send("POST", "", body=body)
        if not response.is_success:
            raise refusal(SYSTEM, response)

    def _credential(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self._token.get_secret_value()}"} if self._token else {}
