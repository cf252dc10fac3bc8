"""The venue's limits as documented, and its live answers where they can be true."""

from typing import Any

import pytest

from assent.venue.kalshi.limits import (
    DOCUMENTED_COSTS,
    ROWS_MAX,
    TIERS,
    Bucket,
    Costs,
    EndpointCost,
    Limits,
    LimitsRefused,
    believed_costs,
    believed_limits,
)


def test_the_basic_tier_allows_ten_new_orders_or_fifty_cancels_a_second() -> None:
    write = TIERS["basic"].write
    assert write.rate // DOCUMENTED_COSTS.of("POST", "/portfolio/events/orders") == 10
    assert write.rate // DOCUMENTED_COSTS.of("DELETE", "/portfolio/events/orders/{order_id}") == 50


@pytest.mark.parametrize(
    ("method", "route", "cost"),
    [
        ("DELETE", "/portfolio/events/orders", 2),
        ("DELETE", "/trade-api/v2/portfolio/events/orders/:id", 2),
        ("GET", "/portfolio/orders/{id}", 2),
        ("GET", "/portfolio/orders", 10),
        ("GET", "/portfolio/orders/{id}/queue_position", 10),
        ("DELETE", "/portfolio/events/orders/batched", 10),
        ("GET", "/markets", 10),
    ],
)
def test_a_route_costs_what_is_documented_whatever_its_placeholders_are_called(
    method: str, route: str, cost: int
) -> None:
    assert DOCUMENTED_COSTS.of(method, route) == cost


def test_a_batch_pays_for_each_item_and_an_empty_one_for_itself() -> None:
    assert DOCUMENTED_COSTS.of("POST", "/portfolio/events/orders/batched", 7) == 70
    assert DOCUMENTED_COSTS.of("POST", "/portfolio/events/orders/batched", 0) == 10


@pytest.mark.parametrize("tier", sorted(TIERS))
def test_each_documented_tier_would_be_believed(tier: str) -> None:
    assert believed_limits(TIERS[tier]) == TIERS[tier]


@pytest.mark.parametrize("value", [0, -1, 10**9, 1.5, True, "100", None])
@pytest.mark.parametrize("place", range(4))
def test_limits_that_cannot_be_true_are_refused(value: Any, place: int) -> None:
    numbers: list[Any] = [200, 600, 100, 100]
    numbers[place] = value
    answer = believed_limits(Limits(Bucket(*numbers[:2]), Bucket(*numbers[2:])))
    assert isinstance(answer, LimitsRefused)
    assert answer.code == "limits_implausible"


def test_the_live_list_replaces_the_documented_one_whole() -> None:
    costs = believed_costs(12, [EndpointCost("DELETE", "/trade-api/v2/portfolio/events/orders/{order_id}", 3)])
    assert isinstance(costs, Costs)
    assert costs.of("DELETE", "/portfolio/events/orders/{id}") == 3
    assert costs.of("DELETE", "/portfolio/events/orders") == 12


def test_of_two_rows_for_one_route_the_dearer_holds() -> None:
    rows = [EndpointCost("GET", "/a/{x}", 5), EndpointCost("GET", "/a/{y}", 3)]
    costs = believed_costs(10, rows)
    assert isinstance(costs, Costs)
    assert costs.of("GET", "/a/{z}") == 5


@pytest.mark.parametrize("cost", [-1, 10**9, 2.0, True, None])
def test_costs_that_cannot_be_true_are_refused(cost: Any) -> None:
    for answer in (believed_costs(10, [EndpointCost("GET", "/a", cost)]), believed_costs(cost, [])):
        assert isinstance(answer, LimitsRefused)
        assert answer.code == "endpoint_cost_implausible"


def test_a_list_without_end_is_refused() -> None:
    answer = believed_costs(10, (EndpointCost("GET", f"/{n}", 1) for n in range(10 * ROWS_MAX)))
    assert isinstance(answer, LimitsRefused)


@pytest.mark.parametrize(
    ("method", "path", "cost"),
    [
        ("DELETE", "/portfolio/events/orders/0b9a4c1e-5b55", 2),
        ("DELETE", "/portfolio/events/orders", 2),
        ("GET", "/portfolio/orders/0b9a4c1e-5b55", 2),
        ("GET", "/portfolio/orders", 10),
        ("POST", "/portfolio/events/orders", 10),
        ("POST", "/portfolio/events/orders/0b9a4c1e-5b55/amend", 10),
        ("GET", "/markets/KXA-1.5", 10),
    ],
)
def test_a_path_costs_what_its_route_costs(method: str, path: str, cost: int) -> None:
    assert DOCUMENTED_COSTS.of_path(method, path) == cost


def test_a_path_that_fits_two_routes_costs_the_dearer_and_a_name_that_is_listed_its_own() -> None:
    rows = [EndpointCost("GET", "/a/{x}/{y}", 5), EndpointCost("GET", "/a/b/{y}", 7), EndpointCost("GET", "/a/b/c", 1)]
    costs = believed_costs(10, rows)
    assert isinstance(costs, Costs)
    assert [costs.of_path("GET", path) for path in ("/a/x/c", "/a/b/d", "/a/b/c", "/a/b")] == [5, 7, 1, 10]
