"""Writers that are killed at random moments lose nothing that was committed."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="no fork here")
def test_writers_that_are_killed_lose_nothing():
    seed = random.randrange(1_000_000)  # a new one each time: a failure names it
    command = [sys.executable, "-m", "benchmarks.crash", "--kills", "4", "--seed", str(seed)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert '"lost": 0' in done.stdout
