from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.whatsapp.signature import sign, verify

SECRET = "test_app_secret"
EMPTY = b'{"object":"whatsapp_business_account","entry":[]}'
ESCAPED = (
    rb'{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":{"messages":'
    rb'[{"id":"wamid.X","type":"text","text":{"body":"Ma\u00f1ana pago \ud83d\ude4f https:\/\/x.mx"}}]}}]}]}'
)
GENUINE = sign(EMPTY, SECRET)
DIGITS = GENUINE.removeprefix("sha256=")


@pytest.mark.parametrize(
    ("body", "signature"),
    [
        (EMPTY, "sha256=dec6a680679a968e7e0319355b23599cbfc54502c0784668e9618baa0c633756"),
        (ESCAPED, "sha256=ea347aac6022d3b2345b69d2b90eca28e6018e52de030f71cce106cde19b866e"),
    ],
    ids=["empty", "escaped as Meta does"],
)
def test_a_known_body_has_its_known_signature(body: bytes, signature: str) -> None:
    assert sign(body, SECRET) == signature
    assert verify(body, signature, [SECRET])
    assert verify(body, signature.encode(), [SECRET])


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(None, id="missing"),
        pytest.param("", id="empty"),
        pytest.param("sha256=", id="no digits"),
        pytest.param(DIGITS, id="no prefix"),
        pytest.param(f"sha1={DIGITS}", id="sha1"),
        pytest.param(f"md5={DIGITS}", id="md5"),
        pytest.param(GENUINE[:-1], id="63 digits"),
        pytest.param(GENUINE + "0", id="65 digits"),
        pytest.param(f" {GENUINE}", id="space before"),
        pytest.param(f"{GENUINE} ", id="space after"),
        pytest.param(f"sha256= {DIGITS[1:]}", id="space within"),
        pytest.param(f"{GENUINE}, {GENUINE}", id="two headers in one"),
        pytest.param("sha256=" + DIGITS.upper(), id="upper case"),
        pytest.param("SHA256=" + DIGITS, id="upper case prefix"),
        pytest.param("sha256=" + "é" * 64, id="not ASCII"),
        pytest.param("sha256=" + "٣" * 64, id="other digits"),
        pytest.param(b"sha256=" + b"\xff" * 64, id="not ASCII, bytes"),
        pytest.param("sha256=" + "0" * 64, id="another signature"),
    ],
)
def test_anything_but_the_genuine_header_is_refused(header: bytes | str | None) -> None:
    assert not verify(EMPTY, header, [SECRET])


def test_one_changed_byte_breaks_the_signature() -> None:
    assert not verify(EMPTY + b" ", GENUINE, [SECRET])


def test_during_a_rotation_both_secrets_verify() -> None:
    assert verify(EMPTY, sign(EMPTY, "old"), ["new", "old"])
    assert verify(EMPTY, sign(EMPTY, "new"), ["new", "old"])
    assert not verify(EMPTY, sign(EMPTY, "old"), ["new"])


@pytest.mark.parametrize("secrets", [[], [""], ["  "], ["", "\t"]], ids=["none", "empty", "blank", "several"])
def test_without_a_secret_nothing_verifies(secrets: list[str]) -> None:
    signed_with_nothing = "sha256=b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"

    assert not verify(b"", signed_with_nothing, secrets)
    assert not verify(EMPTY, GENUINE, secrets)


def test_a_blank_secret_does_not_sign() -> None:
    with pytest.raises(ValueError, match="blank"):
        sign(EMPTY, " ")


@given(
    body=st.binary(),
    header=st.none() | st.text() | st.binary(),
    secrets=st.lists(st.text(st.characters(codec="utf-8"))),
)
def test_it_never_raises_and_never_accepts_a_guess(body: bytes, header: bytes | str | None, secrets: list[str]) -> None:
    assert verify(body, header, secrets) is False


@given(body=st.binary(), secret=st.text(st.characters(codec="utf-8"), min_size=1).filter(str.strip))
def test_what_is_signed_verifies(body: bytes, secret: str) -> None:
    assert verify(body, sign(body, secret), ["another", secret])
