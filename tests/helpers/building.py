"""Where the project is, and running programs of it; scripts/ can be imported by whoever imports this."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path += [str(ROOT / "scripts"), str(ROOT / "scripts" / "arm64")]


def run(words, **options):
    """What a program says on stdout; that it succeeds is asserted."""
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, check=False, timeout=1500, **options)
    assert done.returncode == 0, f"{words}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout
