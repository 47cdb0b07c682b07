from __future__ import annotations

import pytest

from tools.generate_wire import ROOT, VERSIONS, render


@pytest.mark.parametrize("version", VERSIONS)
def test_the_committed_messages_are_what_the_schemas_yield(version: str):
    path = ROOT / "agent" / "ocpp" / version / "wire.py"
    assert path.read_text(encoding="utf-8") == render(version), "run python tools/generate_wire.py"
