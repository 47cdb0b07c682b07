"""`python -m agent.cli`: the command `evse`, where its script is not on the path."""

from agent.cli import main

raise SystemExit(main())
