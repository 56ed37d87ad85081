"""How collected static files are stored: hashed names, compressed once."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from whitenoise.compress import Compressor
from whitenoise.storage import CompressedManifestStaticFilesStorage


class CompressedStorage(CompressedManifestStaticFilesStorage):
    """WhiteNoise's storage; without brotli on a machine that serves itself: it would only slow the first start."""

    def create_compressor(self, **kwargs: Any) -> Compressor:
        """The compressor the files go through after collecting."""
        return Compressor(**kwargs, use_brotli=settings.STATIC_BROTLI)
