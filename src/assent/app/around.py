"""What a desk stands in, by its environment: the exchange inside this process, or a venue at the end of a wire.

Here a mode becomes an ability. Only `live` is given a transport that can change anything at the venue; observe and
dry-run get one that refuses before a byte is made, and observe a key that may only read. What is not given is not
there: no flag further in could give it back.
"""

import os
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from functools import partial
from random import Random
from typing import Final, NamedTuple

from assent.app.box_clock import keep_in_step, led_clock
from assent.app.credentials import forget, load_key
from assent.app.wiring import Around, open_exchange
from assent.config import Settings
from assent.desk.awaiting import owed_since
from assent.desk.desk import Desk
from assent.desk.permit import cancel_obstacle, obstacle
from assent.desk.state import State
from assent.model.errors import AssentError
from assent.model.units import HOUR
from assent.runtime.clock import Clock, WallClock
from assent.runtime.recovery import head_of
from assent.runtime.runtime import Feed
from assent.venue.forecasts import ForecastFeed, Place
from assent.venue.kalshi import hosts
from assent.venue.kalshi.adapter import CHANNELS, KalshiVenue
from assent.venue.kalshi.connection import Connection
from assent.venue.kalshi.discovery import Scope
from assent.venue.kalshi.events import Event
from assent.venue.kalshi.limits import TIERS
from assent.venue.kalshi.pace import Patience
from assent.venue.kalshi.rest import Rest
from assent.venue.kalshi.signing import Signer
from assent.venue.kalshi.stream import Stream
from assent.venue.kalshi.throttle import Throttle
from assent.venue.kalshi.wire_requests import Terms
from assent.venue.leaving import IN_MEMORY
from assent.venue.network import Network
from assent.venue.paper.adapter import PaperVenue
from assent.venue.paper.memory import remembered
from assent.venue.port import Permit, Venue
from assent.venue.read_only import ReadOnly
from assent.venue.sim.adapter import SimVenue
from assent.venue.transport import Transport

# Until the account's own limits are known, those of the lowest tier.
FIRST_LIMITS: Final = TIERS["basic"]
# How much of what was found equal is asked for once more: far more than the venue's lists ever lag, or clocks differ.
ASKED_AGAIN: Final = HOUR


class Way(NamedTuple):
    """The way to the venue. It is made before the ledger is read, which takes longer the longer the desk has lived:
    meanwhile tokens gather for the many questions of a start."""

    rest: Rest
    connection: Callable[[Callable[[Event], None]], Connection]


def signer_of(settings: Settings) -> Signer | None:
    """What signs this desk's requests; None where nothing is signed. No key's variable is left behind."""
    if settings.key is None:
        forget(settings, os.environ)
        return None
    return load_key(settings, os.environ)


async def open_around(settings: Settings, speed: int, signer: Signer | None, stack: AsyncExitStack) -> Around:
    """The venue and the clock of this desk; what was opened for them is given back when the stack unwinds."""
    around = await _venue_and_clock(settings, speed, signer, stack)
    if not settings.forecasts_url:
        return around
    forecasts = _forecasts(settings, around.clock, stack)
    return around._replace(feeds=(*around.feeds, forecasts))


async def _venue_and_clock(settings: Settings, speed: int, signer: Signer | None, stack: AsyncExitStack) -> Around:
    if signer is None:
        exchange, clock = open_exchange(settings, speed)
        stack.callback(exchange.close)
        return Around(lambda _state, _also: SimVenue(exchange, clock, name=settings.venue), clock, exchange=exchange)
    place = hosts_of(settings)
    network = Network(place.rest, place.websocket)
    stack.push_async_callback(network.close)
    transport = transport_of(settings, network)
    head = head_of(settings.ledger_path)
    if settings.environment == "box":
        led = await led_clock(network, settings.kalshi.box_url, head=head)
        in_step = partial(keep_in_step, network, led)
        way = way_to(transport, signer, led, Patience().at_speed(led.speed), address=place.rest)
        return Around(partial(venue_of, settings, way, led), led, (lambda _: in_step,))
    wall = WallClock(floor_ts=head.ts)
    way = way_to(transport, signer, wall, Patience(), address=place.rest)
    return Around(partial(venue_of, settings, way, wall), wall)


def _forecasts(settings: Settings, clock: Clock, stack: AsyncExitStack) -> Callable[[Desk], Feed]:
    """The owner's own program, listened to beside the venue: about markets that the desk knows, and no others."""
    scheme, _, rest = settings.forecasts_url.partition("://")
    host, _, target = rest.partition("/")
    network = Network(f"{scheme}://{host}", f"ws{scheme.removeprefix('http')}://{host}")
    stack.push_async_callback(network.close)
    place = Place(f"/{target}", settings.forecasts_every_ns)
    return lambda desk: ForecastFeed(network, place, clock, listed=lambda name: name in desk.markets).run


def resting_clock(settings: Settings) -> Clock:
    """For an act on a desk that does not run and asks its venue for nothing: no key is opened, nobody is called."""
    return WallClock(floor_ts=head_of(settings.ledger_path).ts)


def hosts_of(settings: Settings) -> hosts.Hosts:
    """Where this desk's requests go. Nothing but the environment decides it."""
    if settings.environment == "box":
        return hosts.box(settings.kalshi.box_url)
    if settings.environment == "sim":
        raise AssentError("the exchange inside this process has no address; this is a fault of the program")
    return hosts.HOSTS[settings.environment]


def transport_of(settings: Settings, network: Transport) -> Transport:
    """The way to the venue with what this mode may do on it, and no more."""
    return network if settings.sends else ReadOnly(network, hosts_of(settings).rest)


def way_to(transport: Transport, signer: Signer, clock: Clock, patience: Patience, *, address: str = IN_MEMORY) -> Way:
    """From now on the budget of requests fills: nobody but this process uses it up. To no other address does a write
    leave."""
    chance = Random()
    throttle = Throttle(FIRST_LIMITS, chance, clock.now())
    rest = Rest(transport, signer, clock, throttle, chance=chance, address=address)

    def connection(tell: Callable[[Event], None]) -> Connection:
        return Connection(transport, Stream(CHANNELS, patience=patience), clock, tell, signer=signer)

    return Way(rest, connection)


def venue_of(
    settings: Settings, way: Way, clock: Clock, state: State, also: Callable[[], Iterable[str]] = tuple
) -> Venue:
    """The account that this mode trades: the one at the venue, or one on paper over the venue's prices."""
    venue = kalshi(settings, way, clock, state, also)
    if settings.mode == "paper":
        return PaperVenue(venue, clock, remembered(state, opening_cash=settings.cash))
    return venue


def kalshi(
    settings: Settings, way: Way, clock: Clock, state: State, also: Callable[[], Iterable[str]] = tuple
) -> KalshiVenue:
    """Kalshi as this desk sees it: its account, its scope, and which of the account's orders are its own. `also` names
    markets that somebody beside the desk must hear of to their end."""
    kept = settings.narrowed or settings.constitution
    own = settings.kalshi
    terms = Terms(
        self_trade_prevention=own.self_trade_prevention,
        cancel_on_pause=own.cancel_on_pause,
        group_limit=settings.belts.group_limit,
    )
    return KalshiVenue(
        way.rest,
        way.connection,
        clock,
        name=settings.venue,
        scope=Scope(kept.markets, kept.events, kept.series),
        ours=lambda order_id: state.find_order(order_id) is not None,
        held=lambda: (*_held(state), *also()),
        permit=Permit(partial(obstacle, state), partial(cancel_obstacle, state)),
        member=own.member,
        terms=terms,
        since_ts=_since(state, clock),
        owed=partial(owed_since, state),
    )


def _held(state: State) -> Iterable[str]:
    """The markets that the desk has something in, or on its way to."""
    return dict.fromkeys((*state.positions, *(order.order.instrument for order in state.orders.values())))


def _since(state: State, clock: Clock) -> int:
    """From when on fills and settlements may be missing here. What the account did before this desk's ledger began is
    not its own, and what it had done when the books were last found equal is booked: a desk that has lived for long
    must not ask for all of its life at each start, more than fits into its inbox or a venue's lists."""
    if not state.opened_ts:
        return clock.now()
    return max(state.opened_ts, (state.matched_ts or 0) - ASKED_AGAIN)
