"""Time the demo as a newcomer sees it, on a machine that does nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from benchmarks.figure import Figure

WHAT = "the demo, from start to end"
LONGEST = 90.0  # seconds
PATIENCE = 600.0


def measure() -> list[Figure]:
    """From the command to its end, the clean-up included. The load before it says whether the machine was idle."""
    load = f"load before it {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "afk", "demo"], stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=PATIENCE, check=False,
    )  # fmt: skip
    lasted = time.monotonic() - began
    shown = f"{lasted:.0f} s, {load}" if done.returncode == 0 else f"failed with code {done.returncode}"
    return [Figure(WHAT, shown, f"≤ {LONGEST:.0f} s", holds=done.returncode == 0 and lasted <= LONGEST)]
