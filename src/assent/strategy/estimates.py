"""Where a strategy takes its probability from. An estimate is a function of what the view shows, or it is silent.

To add one: write a class with `probability_ppm`, and name it in `ESTIMATES`.
"""

from collections.abc import Callable
from typing import Protocol

from assent.desk.strategy import View
from assent.model.units import MICRO


class Estimate(Protocol):
    """The probability that YES pays, in parts per million; None when there is nothing honest to say."""

    def probability_ppm(self, view: View, instrument: str) -> int | None: ...


class Forecast:
    """The latest outside forecast, as long as it is not older than `age_max` by our own clock."""

    def __init__(self, age_max: int) -> None:
        self.age_max = age_max

    def probability_ppm(self, view: View, instrument: str) -> int | None:
        forecast = view.forecast(instrument)
        if forecast is None or view.now - forecast.received_ts > self.age_max:
            return None
        return forecast.probability_ppm


class Consensus:
    """The forecast pulled halfway to the middle of the book: humbler, since the market knows something too."""

    def __init__(self, age_max: int) -> None:
        self.forecast = Forecast(age_max)

    def probability_ppm(self, view: View, instrument: str) -> int | None:
        probability = self.forecast.probability_ppm(view, instrument)
        quote = view.quote(instrument)
        if probability is None or quote is None or quote.bid is None or quote.ask is None:
            return None
        blended = (2 * probability + quote.bid + quote.ask) // 4
        return min(max(blended, 1), MICRO - 1)


ESTIMATES: dict[str, Callable[[int], Estimate]] = {"forecast": Forecast, "consensus": Consensus}
