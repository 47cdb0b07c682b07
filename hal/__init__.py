"""Hardware layer: what an EVSE board, a meter and the rules between them look like. Imports nothing of ours."""
