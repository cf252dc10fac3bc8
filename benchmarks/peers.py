"""The same workloads through NautilusTrader, measured in the same run as ours, where it is installed beside us.

`ASSENT_BENCH_PEERS` names its virtual environment, or the Python in it; `ASSENT_BENCH_PEER_SCRIPT` the program that
runs one workload through it and prints a `RESULT` line. It reads the same data, so `ASSENT_BENCH_DATA` must be set.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from benchmarks.figure import Figure
from benchmarks.watch import Taken

# Workload, its events, and how many times as fast as the peer we want to be.
WORKLOADS = (("w1", 1_000_000, 5.0), ("w2", 200_000, 4.5), ("w3", 1_000_000, 4.0))


def over_peers(figures: list[Figure], events: int) -> list[Figure]:
    """Our rate with the memory ledger over theirs, workload by workload; nothing where no peer is set up."""
    beside = []
    for workload, most, goal in WORKLOADS:
        size, name = min(most, events), workload.upper()
        theirs = _taken(workload, size)
        if theirs is None:
            continue
        ours = next(figure for figure in figures if figure.name == f"{name}, memory ledger")
        rate, by_cpu = size / theirs.wall, size / theirs.cpu
        note = f"theirs {rate:,.0f} events/s, {by_cpu:,.0f} by CPU time; over that {ours.by_cpu / by_cpu:.2f} x"
        beside.append(Figure(f"{name}, over NautilusTrader", ours.value / rate, "x", goal, "more", note))
    return beside


def _taken(workload: str, size: int) -> Taken | None:
    """What the peer's own clock says of its run; None where it is not set up, or gave no answer."""
    named, script = os.environ.get("ASSENT_BENCH_PEERS"), os.environ.get("ASSENT_BENCH_PEER_SCRIPT")
    data = os.environ.get("ASSENT_BENCH_DATA")
    if not (named and script and data):
        return None
    python = Path(named) / "bin" / "python" if Path(named).is_dir() else Path(named)
    # Its Python is another one: ours must not lead it to our packages.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    try:
        done = subprocess.run(  # noqa: S603 - the operator's own interpreter and script
            [str(python), script, workload, str(size)], capture_output=True, text=True, check=False,
            env=environment | {"BENCH_DATA": str(Path(data).absolute())},
        )  # fmt: skip
    except OSError as error:
        print(f"ASSENT_BENCH_PEERS names {named}, which cannot be run: {error}", file=sys.stderr)
        return None
    results = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    if not results:
        print(f"the peer gave no result for {workload}: {done.stderr[-300:]}", file=sys.stderr)
        return None
    result = json.loads(results[0].removeprefix("RESULT "))
    return Taken(float(result["run_s"]), float(result["run_cpu_s"]))
