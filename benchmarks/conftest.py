"""Prints, after the benchmarks, how many times faster each is than its group's plain baseline, in the same run."""

import pytest
import torch

torch.set_num_threads(1)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """One line per benchmark: seconds per unit (an architecture, a step), and the ratio to `test_plain...`."""
    groups: dict[str, list] = {}
    for bench in config._benchmarksession.benchmarks:  # type: ignore[attr-defined]  # pytest-benchmark's own place for them
        groups.setdefault(bench.group, []).append(bench)
    write = terminalreporter.write_line
    for group, benches in groups.items():
        times = {bench.name: bench.stats.min / bench.extra_info.get("units", 1) for bench in benches}
        baseline = next((time for name, time in times.items() if "plain" in name), None)
        write(f"\n{group}")
        for bench in benches:
            time = times[bench.name]
            ratio = f"{baseline / time:6.2f} x plain" if baseline else ""
            note = bench.extra_info.get("note", "")
            write(f"  {bench.name.removeprefix('test_'):<44} {1000 * time:10.3f} ms  {ratio}  {note}")
