"""The futures workloads on made-up bars: they trade, desk and exchange agree on the money, and it repeats."""

from benchmarks import bars, w1, w2

from assent.ledger.memory import MemoryStore


def test_the_crossing_turns_in_one_order_of_two_contracts() -> None:
    stream, reference = bars.load(5_000)
    answer = w1.run(stream, MemoryStore())
    assert not reference
    assert answer.orders > 20
    assert answer.contracts == 2 * answer.orders - 1
    assert abs(answer.held) == 1
    assert answer == w1.run(stream, MemoryStore())._replace(taken=answer.taken)


def test_every_bracket_ends_in_one_leg() -> None:
    stream, _ = bars.load(5_000)
    answer = w2.run(stream, MemoryStore())
    assert answer.closed > 50
    assert 0 < answer.wins < answer.closed
    assert answer.orders == 2 * answer.closed + abs(answer.held)
