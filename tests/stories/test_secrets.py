"""No secret leaves AFK but to the system that it is for: not by output, error, report, comment, prompt or ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from afk.sandbox.faults import Fault, Trouble
from tests.street import Street

if TYPE_CHECKING:
    from pathlib import Path

ANSWERS = [
    pytest.param(None, id="all is well"),
    pytest.param(Fault(Trouble.STATUS, times=None, status=401, body='{"message": "Bad credentials: {}"}'), id="401"),
    pytest.param(Fault(Trouble.STATUS, times=None, status=403, body='{"message": "Forbidden for {}"}'), id="403"),
    pytest.param(Fault(Trouble.STATUS, times=None, status=500, body='{"message": "boom at {}"}'), id="500"),
    pytest.param(Fault(Trouble.DROP_AFTER, times=None), id="cut"),
]


@pytest.mark.parametrize("system", ["github", "t3"])
@pytest.mark.parametrize("fault", ANSWERS)
def test_secrets_are_told_to_nobody(
    fault: Fault | None, system: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    street = Street.at(tmp_path, "github", 1)
    secrets = [value for name, value in street.environment.items() if name.endswith("TOKEN")]
    assert len(secrets) == 2
    street.environment["AFK_LOG"] = "json"
    said = street.afk("arm", "infra")
    number = street.issue()
    server = street.forge.server if system == "github" else street.t3
    if fault is not None:
        # A system that repeats our own credential to us is the worst case.
        ours = street.environment["AFK_GITHUB_TOKEN" if system == "github" else "AFK_T3_TOKEN"]
        body = fault.body.replace("{}", ours)
        server.faults.add(Fault(fault.trouble, ".*", None, 0, fault.status, {}, body))
    for words in (["poll"], ["watch"], ["poll", "--json"], ["status", "--json"], ["runs"]):
        said += street.afk(*words)
    server.faults.clear()
    said += street.afk("poll") + street.afk("watch")

    assert "tick-ended" in said
    told = capfd.readouterr()
    ledger = b"".join(path.read_bytes() for path in tmp_path.glob("ledger.db*") if path.is_file())
    comments = "".join(body for _, body in street.forge.comments_of(number))
    prompts = "".join(message.text for thread in street.t3.threads for message in street.t3.messages(thread))
    for secret in (whole[:30] for whole in secrets):  # a cut message must not carry the beginning either
        assert secret not in said + told.out + told.err + comments + prompts
        assert secret.encode() not in ledger
    street.close()
