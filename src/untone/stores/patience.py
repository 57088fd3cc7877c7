"""How long a request is sent again where a store does not answer, or asks to wait."""

from __future__ import annotations

import logging
import random
import time

from . import faults
from .contract import StoreError

SECONDS = 120.0
"""A store may be away for so long."""

TOLD_SECONDS = 5.0
"""That it is away before that is told."""

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0

_log = logging.getLogger("untone.stores")


class Patience:
    """That with one request, and what is left of it."""

    def __init__(self) -> None:
        self._began, self._pause, self._told = time.monotonic(), FIRST_PAUSE, False

    def wait(self, error: StoreError) -> None:
        """Pause before the request is sent again, each worker for another while, and longer each time.

        Raises:
            StoreError: `error`, where waiting would not help, or did not for SECONDS.
        """
        waited = time.monotonic() - self._began
        if not faults.is_transient(error.__cause__ or error) or waited > SECONDS:
            raise error
        if waited > TOLD_SECONDS and not self._told:
            self._told = True
            _log.warning("%s; it is asked again for up to %.0f s", error, SECONDS - waited)
        time.sleep(self._pause * random.uniform(0.5, 1.5))
        self._pause = min(2 * self._pause, LONGEST_PAUSE)
