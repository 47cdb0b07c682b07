"""Hardware layer: what an EVSE board, a meter and the rules between them look like. Imports nothing of ours."""

from typing import Final

# Version of what a board file builds on: hal.board, hal.types, hal.ownership. docs/porting.md says what may change.
API_VERSION: Final = (1, 1)  # 1.1: DC ports and grid signal
