"""`make bench`: every figure with its goal and the ratio reached; NautilusTrader beside them where it is installed.

See `benchmarks.quotes` and `benchmarks.bars` for the reference data, `benchmarks.peers` for NautilusTrader. A number
after the command measures fewer events.
"""

import sys

from benchmarks import live, spine
from benchmarks.figure import Figure

EVENTS = 1_000_000


def main() -> int:
    events = int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS
    figures = [*spine.all_figures(events, say), *live.all_figures(say)]
    print(f"{'figure':<52}{'measured':>16} {'unit':<10}{'goal':>12}{'ratio':>8}")
    for figure in figures:
        print(line(figure))
    return 0


def say(text: str) -> None:
    print(f"… {text}", file=sys.stderr)


def line(figure: Figure) -> str:
    shown = f"{figure.value:,.0f}" if figure.value >= 1_000 else f"{figure.value:,.3g}"
    goal = "" if not figure.goal else f"{figure.goal:,.0f}" if figure.goal >= 1_000 else f"{figure.goal:g}"
    ratio = f"{figure.ratio:.2f}" if figure.goal else ""
    by_cpu = f"  {figure.by_cpu:,.0f} by CPU time;" if figure.by_cpu else ""
    note = f"{by_cpu}  {figure.note}" if figure.note else by_cpu
    return f"{figure.name:<52}{shown:>16} {figure.unit:<10}{goal:>12}{ratio:>8}{note}"


if __name__ == "__main__":
    sys.exit(main())
