"""One matrix for the whole run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.security.matrix import Matrix


@pytest.fixture(scope="session")
def tls_cases() -> Iterator[Matrix]:
    kept = Matrix()
    yield kept
    if "EVSE_TLS_MATRIX" in os.environ:
        kept.write(Path(os.environ["EVSE_TLS_MATRIX"]))
