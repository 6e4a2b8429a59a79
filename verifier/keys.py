"""Whom to believe: the key that the auditor holds, and those that it brought in, one after the other."""

from verifier.findings import Report
from verifier.statements import Checkpoint, Key, key_id, signed


class Keyring:
    """Keys by id. Without a key of the auditor's own nothing is authenticated, yet signatures are still checked."""

    def __init__(self, own: bytes | None) -> None:
        self._publics: dict[str, bytes] = {}
        self._trusted: set[str] = set()
        self.own = None if own is None else key_id(own)
        if own is not None and self.own is not None:
            self._publics[self.own] = own
            self._trusted.add(self.own)

    def learn(self, key: Key, line: int, report: Report) -> None:
        """Takes a key in, if the one that it names has signed it."""
        signer = key.public if key.signer == key.id else self._publics.get(key.signer)
        if signer is None:
            report.notes.append(f"Line {line}: key {key.id} was brought in by {key.signer}, which is not here.")
        elif not signed(signer, key.statement, key.signature):
            report.add(line, "bad signature", f"key {key.id} was not signed in by {key.signer}")
            return
        self._publics.setdefault(key.id, key.public)
        if key.signer in self._trusted:
            self._trusted.add(key.id)

    def check(self, checkpoint: Checkpoint) -> bool | None:
        """Whether its key signed it: True by a key that is believed, False not signed, None by some other key."""
        public = self._publics.get(checkpoint.key)
        if public is None:
            return None
        if not signed(public, checkpoint.statement, checkpoint.signature):
            return False
        return True if checkpoint.key in self._trusted else None
