"""Write requirements/*.txt: every package the product and its development need, with version and hashes.

Run by `make lock`. The files name no registry: pip takes the one it is configured for.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = {"product": ["csms", "tui"], "dev": ["dev"]}
HEADER = "# Written by `make lock` from pyproject.toml; do not edit.\n"


def main() -> int:
    """Compile both locks; returns the worst exit code."""
    worst = 0
    for name, extras in LOCKS.items():
        target = ROOT / "requirements" / f"{name}.txt"
        command = [sys.executable, "-m", "piptools", "compile", "--quiet", "--generate-hashes", "--strip-extras"]
        command += ["--no-header", "--no-emit-index-url", "--no-emit-find-links", "--no-emit-trusted-host"]
        command += ["--no-annotate", "--allow-unsafe", "--all-build-deps"]
        command += [f"--extra={extra}" for extra in extras]
        command += [f"--output-file={target}", "pyproject.toml"]
        done = subprocess.run(command, cwd=ROOT, check=False)
        worst = max(worst, done.returncode)
        if done.returncode == 0:
            target.write_text(HEADER + target.read_text())
            print(f"{target.relative_to(ROOT)}: {target.read_text().count('==')} packages")
    return worst


if __name__ == "__main__":
    raise SystemExit(main())
