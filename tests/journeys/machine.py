"""`python -m tests.journeys.machine`: the command `evse`, on a machine that is another one to whoever runs it later."""

from __future__ import annotations

from agent.cli import main, run

if __name__ == "__main__":
    setattr(run, "_machine_boot", lambda: "before the power cut")  # noqa: B010 - not its module's to change
    raise SystemExit(main())
