from __future__ import annotations

import pytest

from tools import generate_exi
from tools.generate_wire import ROOT, VERSIONS, render


@pytest.mark.parametrize("version", VERSIONS)
def test_the_committed_messages_are_what_the_schemas_yield(version: str):
    path = ROOT / "agent" / "ocpp" / version / "wire.py"
    assert path.read_text(encoding="utf-8") == render(version), "run python tools/generate_wire.py"


def test_the_committed_exi_grammars_are_what_the_schemas_yield():
    try:
        rendered = generate_exi.render_all()
    except OSError as error:
        pytest.skip(f"the schema files come inside a wheel that is not to be had here: {error}")
    for path, text in rendered.items():
        assert path.read_text(encoding="utf-8") == text, "run python -m tools.generate_exi"
