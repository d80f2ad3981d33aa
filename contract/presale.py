"""Tickets bought beforehand: each has a secret code, of which only a digest is told.

Neither books nor journals hold what would let anybody in.
"""

from __future__ import annotations

import hashlib

CODE_MIN, CODE_MAX = 8, 200
"""Shorter ones can be guessed; what a scanner types in one go is never longer."""


def code_digest(code: str) -> str | None:
    """Digest a code as it was scanned or typed (SHA-256, hex); None if it can't be one.

    Spaces around it don't count; everything else does, as other shops tell capital
    letters from small ones.
    """
    code = code.strip()
    if not CODE_MIN <= len(code) <= CODE_MAX or not code.isprintable():
        return None
    return hashlib.sha256(code.encode()).hexdigest()
