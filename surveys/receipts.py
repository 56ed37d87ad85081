"""Receipt codes: what only the respondent has. Pure; the secret is passed in.

A code is twelve signs of an alphabet without look-alikes (no 0, 1, I, L, O, U, Z): eleven drawn from a keyed hash
(53 bits), the last a check sign, so that a typing error is told from a code that belongs to no answer.
"""

from __future__ import annotations

import hashlib
import hmac

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXY"
_BASE = len(ALPHABET)
_DRAWN = 11


def make(secret: str, *parts: str) -> str:
    """The code that ``parts`` (survey, submission key) always give under ``secret``: a double submit gets it again."""
    number = int.from_bytes(_keyed(secret, "receipt", *parts), "big")
    signs = ""
    for _ in range(_DRAWN):
        number, index = divmod(number, _BASE)
        signs += ALPHABET[index]
    return written(signs + _check(signs))


def written(signs: str) -> str:
    """In groups of four, as people read it."""
    return "-".join(signs[start : start + 4] for start in range(0, len(signs), 4))


def normal(typed: str) -> str | None:
    """The code as stored, from what somebody typed; None where it cannot be one (a sign missing or wrong)."""
    signs = "".join(sign for sign in typed[:64].upper() if sign.isalnum())
    if len(signs) != _DRAWN + 1 or any(sign not in ALPHABET for sign in signs) or _check(signs[:-1]) != signs[-1]:
        return None
    return written(signs)


def digest(secret: str, survey_id: str, code: str) -> str:
    """What is stored instead of ``code``: useless without the secret."""
    return _keyed(secret, "receipt-hash", survey_id, code).hex()


def sender_digest(secret: str, survey_id: str, address: str) -> str:
    """A network address, so that two answers from one place are seen, in one survey only, and nobody's is kept."""
    return _keyed(secret, "sender", survey_id, address).hex()


def _keyed(secret: str, *parts: str) -> bytes:
    return hmac.new(secret.encode(), "\0".join(parts).encode(), hashlib.sha256).digest()


def _check(signs: str) -> str:
    """Weighted by place over a prime number of signs: every wrong sign and every swap of neighbours is caught."""
    return ALPHABET[sum(place * ALPHABET.index(sign) for place, sign in enumerate(signs, 1)) % _BASE]
