"""Memory of the networks as published, in a process each: tiles of full size, so that a 4K frame adds little."""

import subprocess
import sys

import pytest

from untone.lab.nets import gmnet, irnet, itmlut, shapes
from untone.lab.training import export

resource = pytest.importorskip("resource", reason="this system does not tell the memory of a process")

CASES = {
    "gmnet": (gmnet.GMNet, (1060, 1060)),
    "irnet 2": (lambda: irnet.IRNet(shapes.IRNET_2), (800, 1600)),
    "irnet 5": (lambda: irnet.IRNet(shapes.IRNET_5), (400, 800)),
    "itmlut": (itmlut.ITMLUT, (1500, 1600)),
}
MOST_MIB = 2048
"""Half of the 4 GiB that a 4K frame may take: its pixels and its light add 150 MiB to what tiles take here."""

PROGRAM = """
import resource, sys
import numpy as np
from untone import models
model = models.load(sys.argv[1])
pixels = np.random.default_rng(0).integers(0, 256, (int(sys.argv[2]), int(sys.argv[3]), 3), dtype=np.uint8)
(model.gain_stops if hasattr(model, "gain_stops") else model.light)(pixels)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10))
"""


@pytest.mark.slow
@pytest.mark.timeout(18000)
@pytest.mark.parametrize("name", CASES)
def test_a_frame_of_several_full_tiles_stays_within_half_the_limit(name, tmp_path):
    make, size = CASES[name]
    export.export(make(), tmp_path / "net.onnx", {})
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "net.onnx"), *map(str, size)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert float(done.stdout) < MOST_MIB
