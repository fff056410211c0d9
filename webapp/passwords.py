"""Passwords: argon2 hashes, and one-time passwords that can be read over a telephone."""

import secrets

from pwdlib import PasswordHash

_hasher = PasswordHash.recommended()
_nobody = _hasher.hash(secrets.token_urlsafe())
_READABLE = "abcdefghjkmnpqrstuvwxyz23456789"

SHORTEST = 12


def hashed(password: str) -> str:
    """The argon2 hash to store."""
    return _hasher.hash(password)


def fits(password: str, stored: str | None) -> bool:
    """Whether the password is the right one. Takes the same time when there is nothing to compare with."""
    right = _hasher.verify(password, stored or _nobody)
    return right and stored is not None


def one_time() -> str:
    """A random password of 16 readable signs (79 bits) in groups of four."""
    signs = "".join(secrets.choice(_READABLE) for _ in range(16))
    return "-".join(signs[start : start + 4] for start in range(0, 16, 4))
