"""How long nasbench_only108.tfrecord takes to import, measured on a generated file of its form.

    python -m benchmarks.nb101_truth --cells 34000          # 102,000 records, 72 MB; the official file has 1,270,872

Counts CPU seconds of reading (every checksum, number and module hash) and of `check_truth`, and the peak of the
process's memory. All parts grow linearly with the records, and so is the extrapolation. Target: 60 CPU-seconds, 2 GB.
"""

import base64
import json
import resource
import struct
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nasbias.spaces.nb101 import SPACE
from nasbias.tables import check_truth
from nasbias.terminal import Parser, command, note
from nasbias.truth.nb101 import FORMATS, _metrics_message
from nasbias.truth.tfrecord import masked_crc

OFFICIAL = 423_624 * 3


def write_file(path: Path, cells: Sequence[str], epochs: int = 108) -> None:
    """Three runs with random accuracies of each cell, framed as the official file."""
    rng = np.random.default_rng(0)
    hashes = SPACE.hashes(cells)
    with path.open("wb") as file:
        for cell, module_hash in zip(cells, hashes):
            adjacency, _, tail = cell.partition(":")
            names = ["input", *filter(None, tail.split(",")), "output"]
            matrix = np.zeros((len(names), len(names)), dtype=int)
            matrix[np.triu_indices(len(names), 1)] = [int(bit) for bit in adjacency]
            digits = "".join(map(str, matrix.ravel()))
            for _ in range(3):
                metrics = _metrics_message()(trainable_parameters=5_356_682, total_time=1926.5)
                for epoch in (0.0, epochs / 2, float(epochs)):
                    train, valid, test = rng.uniform(0.1, 0.95, 3)
                    metrics.evaluation_data.add(
                        current_epoch=epoch,
                        training_time=17.8 * epoch,
                        train_accuracy=train,
                        validation_accuracy=valid,
                        test_accuracy=test,
                        checkpoint_path=f"/some/path/as/long/as/the/real/one/{module_hash}/model.ckpt-{epoch:.0f}",
                    )
                encoded = base64.b64encode(metrics.SerializeToString()).decode()
                payload = json.dumps([module_hash, epochs, digits, ",".join(names), encoded]).encode()
                length = struct.pack("<Q", len(payload))
                file.write(length + struct.pack("<I", masked_crc(length)))
                file.write(payload + struct.pack("<I", masked_crc(payload)))


@command
def main(argv: Sequence[str]) -> int:
    """The command; see the module's docstring."""
    parser = Parser(prog="python -m benchmarks.nb101_truth", description=__doc__)
    parser.add_argument("--cells", type=int, default=34_000)
    arguments = parser.parse_args(argv)
    cells = SPACE.sample(arguments.cells, seed=0, subset="all")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "nasbench.tfrecord"
        write_file(path, cells.tolist())
        note(f"{3 * len(cells):,} records, {path.stat().st_size / 1e6:.0f} MB")
        started = time.process_time()
        table = FORMATS[0].read(path)
        read = time.process_time()
        check_truth(table, "nb101", path.name)
        checked = time.process_time()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    seconds = checked - started
    print(f"read {read - started:.2f} CPU-s, check {checked - read:.2f} CPU-s, peak {memory:.2f} GB")
    print(f"extrapolated to {OFFICIAL:,} records: {seconds * OFFICIAL / (3 * len(cells)):.0f} CPU-s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
