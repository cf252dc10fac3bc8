"""Commands to the websocket: the same bytes each time, and the scale of the no side never left to a default."""

from assent.venue.kalshi import commands


def test_a_subscription_to_books_always_says_on_which_scale() -> None:
    assert commands.subscribe(1, "orderbook_delta", ["A", "B"]) == (
        b'{"id":1,"cmd":"subscribe","params":{"channels":["orderbook_delta"],'
        b'"market_tickers":["A","B"],"use_yes_price":true}}'
    )


def test_a_subscription_without_markets_names_none() -> None:
    assert commands.subscribe(2, "fill") == b'{"id":2,"cmd":"subscribe","params":{"channels":["fill"]}}'


def test_a_change_names_one_subscription_and_its_markets() -> None:
    assert commands.update(3, 7, "get_snapshot", ["A"]) == (
        b'{"id":3,"cmd":"update_subscription","params":{"sid":7,"action":"get_snapshot","market_tickers":["A"]}}'
    )


def test_subscriptions_end_by_their_numbers() -> None:
    assert commands.unsubscribe(4, [1, 2]) == b'{"id":4,"cmd":"unsubscribe","params":{"sids":[1,2]}}'
