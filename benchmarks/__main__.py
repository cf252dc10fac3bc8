"""`make bench`: every figure with its goal and the ratio reached; NautilusTrader beside them where it is installed.

`ASSENT_BENCH_PEERS` may name a Python interpreter that has NautilusTrader, and `ASSENT_BENCH_PEER_SCRIPT` the program
that runs the same workload through it; its own `RESULT` line is shown as it is.
"""

import json
import os
import subprocess
import sys

from benchmarks.spine import Figure, all_figures

EVENTS = 1_000_000
PEER_WORKLOADS = {"w1": EVENTS, "w2": 200_000, "w3": EVENTS}


def main() -> int:
    events = int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS
    figures = all_figures(events, lambda text: print(f"… {text}", file=sys.stderr))
    print(f"{'figure':<48}{'measured':>16} {'unit':<10}{'goal':>12}{'ratio':>8}")
    for figure in figures:
        print(line(figure))
    for workload, size in PEER_WORKLOADS.items():
        peer = peer_rate(workload, size)
        if peer:
            name = workload.upper()
            ours = next(figure.value for figure in figures if figure.name == f"{name}, memory ledger")
            label = f"NautilusTrader, {name}"
            print(f"{label:<48}{peer:>16,.0f} {'events/s':<10}  ours over theirs: {ours / peer:.2f}")
    return 0


def line(figure: Figure) -> str:
    shown = f"{figure.value:,.0f}" if figure.value >= 1_000 else f"{figure.value:,.3g}"
    goal = "" if not figure.goal else f"{figure.goal:,.0f}" if figure.goal >= 1_000 else f"{figure.goal:g}"
    ratio = f"{figure.ratio:.2f}" if figure.goal else ""
    note = f"  {figure.note}" if figure.note else ""
    return f"{figure.name:<48}{shown:>16} {figure.unit:<10}{goal:>12}{ratio:>8}{note}"


def peer_rate(workload: str, size: int) -> float | None:
    """Events a second of the peer on a workload, measured now; None where it is not set up."""
    python, script = os.environ.get("ASSENT_BENCH_PEERS"), os.environ.get("ASSENT_BENCH_PEER_SCRIPT")
    data = os.environ.get("ASSENT_BENCH_DATA")
    if not (python and script and data):
        return None
    done = subprocess.run(  # noqa: S603 - the operator's own interpreter and script
        [python, script, workload], capture_output=True, text=True, check=False, env={**os.environ, "BENCH_DATA": data}
    )
    lines = [text for text in done.stdout.splitlines() if text.startswith("RESULT ")]
    results = [json.loads(text.removeprefix("RESULT ")) for text in lines]
    if not results:
        print(f"the peer gave no result: {done.stderr[-300:]}", file=sys.stderr)
        return None
    return size / float(results[0]["run_s"])


if __name__ == "__main__":
    sys.exit(main())
