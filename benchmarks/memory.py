"""How much memory the largest inputs take: `python -m benchmarks.memory`, which is `make memory`.

Each case runs in a process of its own; said is the most that it ever held (ru_maxrss), beside the bound in
docs/memory.md. Growth per architecture comes from two sizes.
"""

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

BOUNDS = {  # GB, as docs/memory.md states them
    "import of nasbias with pandas and scipy": 0.3,
    "correlation of 423,624 rows (nb101, synthetic)": 2.0,
    "import of NAS-Bench-201, 40 architectures": 0.5,
    "import of NAS-Bench-201, 160 architectures": 0.5,
    "scoring 500 architectures of nb201": 1.0,
    "scoring 4,000 architectures of nb201": 1.0,
}


def _nothing(folder: Path) -> None:
    import scipy.stats  # noqa: F401

    import nasbias.correlation  # noqa: F401


def _correlation(folder: Path) -> None:
    from nasbias import correlate
    from nasbias.spaces import get_space

    names, rng = get_space("nb101").architectures()["architecture"], np.random.default_rng(0)
    truth = pd.DataFrame({"architecture": names, "valid_accuracy": rng.uniform(80, 95, len(names))})
    scores = truth["valid_accuracy"] + rng.normal(0, 3, len(names))
    table = pd.DataFrame({"architecture": names, "accuracy": scores.clip(0, 100)})
    assert correlate(table, truth, space="nb101")["n"].tolist()[0] == len(names)


def _import(n: int) -> Callable[[Path], None]:
    def run(folder: Path) -> None:
        from nasbias.truth import find_truth

        # written by another process, whose memory does not count
        writer = multiprocessing.get_context("spawn").Process(target=_write, args=(folder / "x.pth", n))
        writer.start()
        writer.join()
        table, _ = find_truth("nb201", folder / "x.pth")
        assert len(set(table["architecture"])) == n

    return run


def _write(path: Path, n: int) -> None:
    from tests.truth import official_nb201

    official_nb201.write_pth(path, official_nb201.benchmark(n))


def _score(n: int) -> Callable[[Path], None]:
    def run(folder: Path) -> None:
        from nasbias.score import Scoring, score_run
        from nasbias.train import train_run
        from tests.small import small_run

        train_run(small_run("nb201", epochs=1), folder / "run")
        score_run(folder / "run", Scoring(sample=n, processes=1, recalibration_images=64, valid_size=64))

    return run


CASES: dict[str, Callable[[Path], None]] = dict(
    zip(BOUNDS, (_nothing, _correlation, _import(40), _import(160), _score(500), _score(4000)))
)


def measure(name: str) -> tuple[float, float]:
    """(GB at most, CPU-seconds) of a case, in a fresh process."""
    context = multiprocessing.get_context("spawn")
    reading, writing = context.Pipe(duplex=False)
    process = context.Process(target=_run, args=(name, writing))
    process.start()
    writing.close()
    result = reading.recv()
    process.join()
    return result


def _run(name: str, writing) -> None:
    warnings.simplefilter("ignore")
    started = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        CASES[name](Path(folder))
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    writing.send((kilobytes * 1024 / 1e9, time.process_time() - started))


def main(argv: list[str]) -> int:
    """Print the table; 1 where a bound is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=CASES, metavar="CASE", nargs="+", default=list(CASES))
    broken = 0
    for name in parser.parse_args(argv).only:
        held, seconds = measure(name)
        broken += held > BOUNDS[name]
        print(f"{name:<50} {held:5.2f} GB of {BOUNDS[name]:.1f}  {seconds:6.1f} CPU-s", flush=True)
    return bool(broken)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
