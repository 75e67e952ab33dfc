from __future__ import annotations

import httpx
import pytest
from pydantic import SecretStr

from afk.ports import Refused
from tests.adapters.t3.replies import DISPATCH, FOLLOW_UP, SHELL, THREAD, executor, row, said, shell, thread, watched


def denied(reason):
    body = {"_tag": "EnvironmentAuthInvalidError", "code": "auth_invalid", "reason": reason, "traceId": "unavailable"}
    return httpx.Response(401, json=body)


def lacks(scope):
    body = {
        "_tag": "EnvironmentScopeRequiredError",
        "code": "insufficient_scope",
        "requiredScope": scope,
        "traceId": "x",
    }
    return httpx.Response(403, json=body)


def bearers(route):
    return [call.request.headers["authorization"] for call in route.calls]


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "token"
    path.write_text("first\n")
    return path


def test_the_token_file_is_read_again_for_every_request(v1, file):
    reads = v1.get(SHELL).mock(shell(row()))
    cockpit = executor(token=None, token_file=file)
    cockpit.fleet([watched()])
    file.write_text("second\n")
    cockpit.fleet([watched()])

    assert bearers(reads) == ["Bearer first", "Bearer second"]


def test_a_refused_token_is_read_again_once(v1, file):
    def answer(request):
        if request.headers["authorization"] == "Bearer second":
            return shell(row())
        file.write_text("second")
        return denied("invalid_credential")

    reads = v1.get(SHELL).mock(side_effect=answer)

    assert "t-1" in executor(token=None, token_file=file).fleet([watched()])
    assert bearers(reads) == ["Bearer first", "Bearer second"]


@pytest.mark.parametrize("reason", ["invalid_credential", "missing_credential"])
def test_a_token_that_stays_refused_is_a_refusal_that_says_so(v1, reason):
    reads = v1.get(SHELL).mock(denied(reason))

    with pytest.raises(Refused, match=reason):
        executor().fleet([watched()])
    assert reads.call_count == 2


def test_a_token_that_may_not_read_says_which_scope_it_lacks(v1):
    v1.get(THREAD).mock(lacks("orchestration:read"))

    with pytest.raises(Refused, match="orchestration:read"):
        executor().send(FOLLOW_UP)


def test_a_token_that_may_only_read_says_which_scope_it_lacks(v1):
    v1.get(THREAD).mock(thread(said("m-1")))
    sent = v1.post(DISPATCH).mock(lacks("orchestration:operate"))

    with pytest.raises(Refused, match="orchestration:operate"):
        executor().send(FOLLOW_UP)
    assert sent.call_count == 1


def test_a_cookie_that_the_server_sets_is_never_sent_back(v1):
    answer = shell(row())
    answer.headers["set-cookie"] = "t3_session=other; Path=/"
    reads = v1.get(SHELL).mock(answer)
    cockpit = executor()
    cockpit.fleet([watched()])
    cockpit.fleet([watched()])

    assert [call.request.headers.get("cookie") for call in reads.calls] == [None, None]


@pytest.mark.parametrize(
    "content",
    [pytest.param(b"", id="empty"), pytest.param(b"a\nb", id="two-lines"), pytest.param(b"\xff", id="no-text")],
)
def test_a_file_without_a_token_sends_nothing(server, file, content):
    file.write_bytes(content)

    with pytest.raises(Refused, match="AFK_T3_TOKEN_FILE"):
        executor(token=None, token_file=file).fleet([watched()])
    assert not server.calls


def test_a_missing_file_is_a_refusal_without_its_path(server, tmp_path):
    with pytest.raises(Refused) as refusal:
        executor(token=None, token_file=tmp_path / "absent").fleet([watched()])
    assert str(tmp_path) not in str(refusal.value)


def test_no_message_of_ours_holds_the_token(v1):
    v1.get(SHELL).mock(denied("invalid_credential"))

    with pytest.raises(Refused) as refusal:
        executor(token=SecretStr("very-secret")).fleet([watched()])
    assert "very-secret" not in str(refusal.value)
