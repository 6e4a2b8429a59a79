"""Secrets at rest: decrypted for the row and the purpose that they were encrypted for, by the key that they name."""

import pytest
from cryptography.exceptions import InvalidTag

from workflows.runtime.encryption import Encrypted, decrypt, encrypt
from workflows.runtime.keys import UnknownKey
from workflows.runtime.settings import settings


def test_a_secret_is_read_again_and_does_not_stand_in_what_is_stored() -> None:
    encrypted = encrypt("webhook-secret", b"row", b"a secret")

    assert b"a secret" not in encrypted.box
    assert encrypted.key_id == "test"
    assert decrypt("webhook-secret", b"row", encrypted) == b"a secret"
    assert encrypt("webhook-secret", b"row", b"a secret").box != encrypted.box


@pytest.mark.parametrize(("purpose", "context"), [("webhook-secret", b"another row"), ("second-factor", b"row")])
def test_another_row_or_purpose_does_not_decrypt_it(purpose: str, context: bytes) -> None:
    encrypted = encrypt("webhook-secret", b"row", b"a secret")

    with pytest.raises(InvalidTag):
        decrypt(purpose, context, encrypted)


def test_a_changed_value_is_refused() -> None:
    box, key_id = encrypt("webhook-secret", b"row", b"a secret")

    with pytest.raises(InvalidTag):
        decrypt("webhook-secret", b"row", Encrypted(box[:-1] + bytes([box[-1] ^ 1]), key_id))


def test_a_key_that_is_no_longer_configured_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    encrypted = encrypt("webhook-secret", b"row", b"a secret")
    monkeypatch.setenv("SECRET_KEY", f"next:{'n' * 40}")
    settings.cache_clear()

    with pytest.raises(UnknownKey, match="test"):
        decrypt("webhook-secret", b"row", encrypted)
