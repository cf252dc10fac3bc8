"""One registry of stable codes. Whatever is refused, rejected, halted or left unsent is named here with a sentence
that says what to do. A code is public: it may be added, never renamed.

The causes of halts stand in `model/levels.py` with their levels and resets, and are part of this registry from there.
One code may be both a rule's and a cause's: it is the same matter.
"""

from typing import Literal, NamedTuple

from assent.model.levels import CAUSES

Family = Literal[
    "rule", "market data", "venue", "order", "last look", "assent", "override", "strategy", "console", "halt",
]  # fmt: skip
# How a check's numbers are shown to a person.
Unit = Literal["money", "price", "qty", "count", "ppm", "duration", "flag", "level"]


class Reason(NamedTuple):
    code: str
    family: Family
    sentence: str
    unit: Unit = "count"


_REASONS = (
    # Rules, in the stated order: the first that says no is the primary reason.
    Reason("kill_switch_guard", "rule", "The kill switch is set; clear the variable or remove the file.", "level"),
    Reason("mode", "rule", "This version has no way to carry out orders in this mode; nothing is released.", "flag"),
    Reason(
        "level",
        "rule",
        "A halt forbids this action; see `assent halt status`, clear its cause first.",
        "level",
    ),
    Reason("strategy_stopped", "rule", "The strategy was stopped after a fault; mend it, then resume.", "flag"),
    Reason("books_matched", "rule", "Our books and the venue's were not compared since this start; wait.", "flag"),
    Reason("hold", "rule", "The strategy itself said HOLD: its own gates were not met.", "flag"),
    Reason(
        "scope",
        "rule",
        "The market is not in the allowed markets, events or series of the constitution.",
        "flag",
    ),
    Reason("market_open", "rule", "The market is not open for trading; wait for it or drop the idea.", "flag"),
    Reason("quote_proof", "rule", "The quote was not proven recently enough; wait for a fresh one.", "duration"),
    Reason("order_form", "rule", "Price, quantity or order kind does not fit the instrument.", "flag"),
    Reason("one_open_intent", "rule", "This strategy already has an intent open on this market.", "count"),
    Reason("capital", "rule", "The account is worth less than this desk needs to trade.", "money"),
    Reason("cooldown_active", "rule", "The last losing trade ended too short a time ago.", "duration"),
    Reason("daily_loss_guard", "rule", "Today's loss with this idea's worst would pass the limit.", "money"),
    Reason("weekly_loss_exceeded", "rule", "This week's loss with this idea's worst would pass the limit.", "money"),
    Reason("monthly_loss_exceeded", "rule", "This month's loss with this idea's worst would pass the limit.", "money"),
    Reason("consecutive_loss_pause", "rule", "As many trades in a row were lost as may be; wait for the next day."),
    Reason("price_band", "rule", "The price lies outside the band in which this desk opens.", "price"),
    Reason("spread", "rule", "The gap between bid and ask is wider than allowed, or a side is missing.", "price"),
    Reason(
        "spread_norm", "rule", "The gap between bid and ask is too wide for this market, or its norm unknown.", "ppm"
    ),
    Reason("confidence", "rule", "The proposal's confidence is below the minimum, or it carries none.", "ppm"),
    Reason("scores", "rule", "A score that the constitution asks for is missing or too low.", "ppm"),
    Reason("favourite", "rule", "Against a heavy favourite this edge or this confidence is not enough.", "price"),
    Reason("edge", "rule", "The expected gain after fees is below the constitution's minimum.", "price"),
    Reason("ev", "rule", "The expected gain after fees is too small a part of the cost.", "ppm"),
    Reason("risk_per_trade", "rule", "No allowed size keeps the worst loss with fees within the cap.", "money"),
    Reason("stop_missing", "rule", "More contracts without a protective stop than the constitution allows.", "qty"),
    Reason("one_bracket", "rule", "A bracket stands on this future; close it before anything more is opened."),
    Reason("order_qty", "rule", "No allowed size is as small as the cap on one order.", "qty"),
    Reason("order_notional", "rule", "The smallest allowed size is worth more than the cap on one order.", "money"),
    Reason("duplicate", "rule", "Something is held or on its way on this side of the market already.", "flag"),
    Reason("overlap", "rule", "Another market of this event is held or on its way on the same side.", "count"),
    Reason("max_position_exceeded", "rule", "The position would hold more contracts than the cap.", "qty"),
    Reason("position_notional", "rule", "The position would have cost more than the cap.", "money"),
    Reason(
        "open_positions",
        "rule",
        "As many positions are open or on their way as the constitution allows.",
        "count",
    ),
    Reason("market_exposure", "rule", "The worst case of this market would pass the cap per market.", "money"),
    Reason("event_exposure", "rule", "The worst case of this event would pass the cap per event.", "money"),
    Reason("series_exposure", "rule", "The worst cases of this series would pass the cap per series.", "money"),
    Reason("theme_exposure", "rule", "The worst cases of this theme's series would pass the cap per theme.", "money"),
    Reason("total_exposure", "rule", "All worst cases together would pass the cap.", "money"),
    Reason("max_orders_per_cycle_guard", "rule", "This cycle has released as many orders as it may."),
    Reason("max_notional_per_cycle_guard", "rule", "This cycle's orders would be worth more than they may.", "money"),
    Reason("orders_per_day", "rule", "Today has released as many orders as it may; go on tomorrow (UTC)."),
    Reason("notional_per_day", "rule", "Today's orders would be worth more than they may.", "money"),
    Reason("max_trades_reached", "rule", "This market was entered as often as it may be today."),
    Reason("entries_per_hour", "rule", "The last sixty minutes hold as many entries as they may."),
    Reason("entry_gap", "rule", "The last entry is too short a time ago.", "duration"),
    Reason("funds", "rule", "The cash that is free does not cover the worst case.", "money"),
    Reason("buying_power", "rule", "Too little cash would stay free; wait for a position to end.", "money"),
    # Market data kept out at the door.
    Reason("market_data_not_a_number", "market data", "A price or quantity was not a whole number of micros."),
    Reason("market_data_huge", "market data", "A price or quantity is beyond anything a venue sends."),
    Reason("market_data_not_positive", "market data", "A price or quantity was zero or negative."),
    Reason("market_data_off_grid", "market data", "A price does not lie on the instrument's grid."),
    Reason("market_data_crossed", "market data", "The bid was not below the ask."),
    Reason("market_data_bad_time", "market data", "A time was not whole nanoseconds of this age."),
    Reason("market_data_out_of_order", "market data", "The source's time went back; the newer quote stands."),
    Reason("market_data_duplicate", "market data", "The same frame came twice; the first one stands."),
    Reason("market_data_unlisted", "market data", "No instrument of that name was listed within scope."),
    Reason("market_data_bad_instrument", "market data", "An instrument's description contradicts itself."),
    Reason("malformed_input", "market data", "A field of what the venue sent has the wrong type; it was kept out."),
    Reason("market_data_bad_forecast", "market data", "A forecast was not between zero and one million ppm."),
    Reason(
        "forecast_unreadable", "market data", "The list of forecasts, or a line of it, did not come or cannot be read."
    ),
    # What a venue's answers, limits, fees and keys are refused for.
    Reason(
        "answer_too_large", "venue", "The answer is longer than any that the venue documents; ask for a smaller page."
    ),
    Reason(
        "answer_not_json", "venue", "The answer is not JSON; a proxy or an outage may have spoken in the venue's place."
    ),
    Reason("duplicate_key", "venue", "A key stands twice in one object, so that it means whatever its reader likes."),
    Reason(
        "legacy_shape", "venue", "The answer has the shape of the venue's first API, whose fields mean other things."
    ),
    Reason("missing_field", "venue", "A field that this answer always has is absent or null."),
    Reason("wrong_type", "venue", "A field is of another type than the venue documents."),
    Reason("too_many_rows", "venue", "The answer holds more rows than any page may."),
    Reason("bad_money", "venue", "An amount is not a dollar string with two to six decimals, or is beyond our bounds."),
    Reason("bad_cents", "venue", "An amount is not a whole number of cents within our bounds."),
    Reason("bad_price", "venue", "A price is not a dollar string between nothing and one dollar."),
    Reason(
        "bad_qty", "venue", "A size is not a fixed-point string with at most two decimals, or is beyond our bounds."
    ),
    Reason("bad_ratio", "venue", "A multiplier is not a plain number with at most six decimals."),
    Reason("bad_time", "venue", "A time is not written as the venue writes it, or is not of this age."),
    Reason("bad_name", "venue", "A ticker or an id holds something that none may hold."),
    Reason("bad_flag", "venue", "A flag is neither true nor false."),
    Reason("bad_number", "venue", "A shard or subaccount is not a small whole number."),
    Reason("bad_cursor", "venue", "A cursor is not one that the venue makes."),
    Reason("bad_grid", "venue", "The price ranges do not make a grid."),
    Reason("unknown_word", "venue", "A word in a field that decides about money is not one we know."),
    Reason("contradiction", "venue", "Two fields of one row cannot both be true."),
    Reason("crossed_book", "venue", "The best bid is not below the best ask: the sides are not on the scale we think."),
    Reason("unsupported", "venue", "The venue offers this, but we do not know how to trade it safely."),
    Reason(
        "too_many_requests",
        "venue",
        "The venue pushed the request back unread, since it takes no more now; nothing was done.",
    ),
    Reason("throttle_full", "venue", "Too many requests of this kind wait already; it was not sent."),
    Reason("throttle_shard", "venue", "The market lies on a shard that is not kept apart here; it was not sent."),
    Reason(
        "throttle_cost", "venue", "One request would cost more than the venue's bucket ever holds; it was not sent."
    ),
    Reason(
        "limits_implausible",
        "venue",
        "The account's request limits cannot be what the venue says; those in force stay.",
    ),
    Reason(
        "endpoint_cost_implausible",
        "venue",
        "The costs of requests cannot be what the venue says; those in force stay.",
    ),
    Reason("fee_type_unknown", "venue", "The market's kind of fee is not known here; it is not traded."),
    Reason(
        "fee_multiplier_unreadable",
        "venue",
        "The market's fee multiplier cannot be read or believed; it is not traded.",
    ),
    Reason(
        "fee_changes_too_many",
        "venue",
        "More fee changes are announced for the market than can be true; it is not traded.",
    ),
    Reason(
        "fee_time_unreadable",
        "venue",
        "A fee change or waiver has a time that cannot be read; the market is not traded.",
    ),
    Reason("key_id_is_a_key", "venue", "The private key stands where its id belongs; swap the two."),
    Reason(
        "key_id_malformed", "venue", "The key id holds what no key id holds; copy it as the account's settings show it."
    ),
    Reason(
        "key_wrong_type", "venue", "The key is of a kind that the venue does not take; create an RSA or Ed25519 key."
    ),
    Reason("key_too_small", "venue", "The RSA key is too short to be safe; create a new one."),
    Reason("key_too_large", "venue", "The RSA key is longer than any that the venue issues; create a new one."),
    Reason(
        "key_encrypted", "venue", "The key's file is encrypted; decrypt it first and keep it readable by you alone."
    ),
    Reason("key_malformed", "venue", "The key's file is cut off or damaged; download it again."),
    Reason("key_not_pem", "venue", "The file is not in PEM; give the whole file as downloaded."),
    Reason("key_not_alone", "venue", "More than the private key stands in the file; leave only the key there."),
    Reason("key_wrong_form", "venue", "The file holds another kind of key material; give the private key."),
    Reason(
        "venue_unreadable",
        "venue",
        "The venue could not be asked, or what answered was not the venue; it is asked again.",
    ),
    Reason("not_sent", "venue", "No connection to the venue could be made; it is asked again."),
    Reason("no_answer", "venue", "The venue gave no whole answer; it is asked again."),
    Reason("no_key", "venue", "No API key is configured, and the venue asks for one here."),
    Reason("too_late", "venue", "The request's turn came too late for it to be sent."),
    Reason("dry_run", "venue", "This mode sends nothing that would change anything."),
    Reason(
        "no_reader",
        "venue",
        "Nobody reads back what this request would change before it leaves, so it is not sent; this is a bug of ours.",
    ),
    Reason(
        "order_group_missing",
        "venue",
        "The order group that every order goes into is not there yet; nothing is sent without it.",
    ),
    Reason(
        "too_many_pages", "venue", "A list did not end within as many pages as are read; nothing was concluded from it."
    ),
    Reason("page_repeated", "venue", "A page of a list came a second time; nothing was concluded from it."),
    Reason("cursor_repeated", "venue", "A list gave the same cursor twice; nothing was concluded from it."),
    # What becomes of an order.
    Reason("halted", "order", "A halt came between release and wire; nothing was sent."),
    Reason("limits_changed", "order", "The limits were tightened between release and wire; nothing was sent."),
    Reason("permit_expired", "order", "The release was too old when its turn to be sent came."),
    Reason("cancelled", "order", "A person cancelled it between release and wire; nothing was sent."),
    Reason("market_settled", "order", "Its market settled between release and wire; nothing was sent."),
    Reason("not_released", "order", "No release stands for this order."),
    Reason("already_answered", "order", "The order was sent before; it is never sent again."),
    Reason("parent_ended", "order", "The entry that this exit belongs to ended without a fill; nothing was sent."),
    Reason(
        "digest_differs",
        "order",
        "The bytes that were about to leave do not say what was released: nothing was sent, and a person must look.",
    ),
    Reason("not_connected", "order", "There is no connection to the venue; nothing was sent."),
    Reason("stopping", "order", "The process is going down; nothing new is sent."),
    Reason("late_fill", "order", "A fill came for an order that was closed; the position moved, please review."),
    Reason("overfill", "order", "More was filled than ordered; the position moved, please review."),
    Reason("foreign_fill", "order", "A fill came for an order that this desk never released."),
    Reason("no_order_path", "order", "This mode has no way to a venue; nothing was sent, and nothing can be."),
    # The last look before a release: its own rules, in their order, and what may come instead of an answer.
    Reason(
        "skipped_price_missing", "last look", "The venue's fresh book has no price to deal at; wait for one.", "price"
    ),
    Reason(
        "skipped_drift",
        "last look",
        "The price moved further than allowed since the idea; let it be proposed anew.",
        "price",
    ),
    Reason(
        "skipped_slippage",
        "last look",
        "The price to deal at lies further beyond the order's limit than allowed.",
        "price",
    ),
    Reason(
        "skipped_edge", "last look", "The expected gain at the fresh price, after fees, is below the minimum.", "price"
    ),
    Reason(
        "skipped_terms",
        "last look",
        "The order could lose more now than when it was judged; let it be proposed anew.",
        "money",
    ),
    Reason("look_requested", "last look", "The venue was asked for a fresh quote; its answer decides."),
    Reason("skipped_unanswered", "last look", "The venue gave no fresh quote in time; see that it can be reached."),
    Reason("skipped_unavailable", "last look", "The venue could not be asked for a fresh quote; the detail says why."),
    Reason("skipped_restart", "last look", "The process ended while the venue was asked; let it be proposed anew."),
    Reason(
        "look_not_asked", "last look", "A fresh quote came for an idea that does not wait for one, or not any more."
    ),
    # Answers of people that change nothing, and why an idea waits for them.
    Reason("approval_requested", "assent", "People were asked; it is released when enough of them have said yes."),
    Reason("assent_changed", "assent", "The limits in force are not those that the assent was given under."),
    Reason("assent_unknown", "assent", "No intent that waits has this code or id; see `assent intents list`."),
    Reason("assent_ambiguous", "assent", "More than one intent that waits is meant by this; name more of its id."),
    Reason("assent_replayed", "assent", "This very answer was taken before; no answer counts twice."),
    Reason("assent_twice", "assent", "The same person has said yes to it already; another one is needed."),
    Reason("assent_copied", "assent", "The answer names other terms than those of this intent; look at it again."),
    Reason("assent_early", "assent", "The answer is older than the question."),
    Reason("assent_late", "assent", "The intent expired before the answer came; what still holds is proposed anew."),
    Reason("assent_ended", "assent", "The intent is over or released already; see `assent intents show`."),
    Reason("assent_halted", "assent", "A halt forbids what was to be assented to; see `assent halt status`."),
    Reason("assent_not_permitted", "assent", "Nobody whom the constitution names may assent answers by this identity."),
    Reason("second_factor_missing", "assent", "So much at stake needs a second factor; add the code of your device."),
    Reason("second_factor_wrong", "assent", "The second factor is wrong; see that the device's clock is right."),
    Reason("second_factor_replayed", "assent", "This second factor was used before; wait for the next one."),
    Reason("second_factor_locked", "assent", "Too many wrong second factors; wait, and find out who tried them."),
    Reason("answers_too_many", "assent", "Too many answers in a row were refused; wait a minute and look again."),
    Reason("credential_refused", "assent", "Whoever asked is not known here: no such token or session, or it is over."),
    Reason("scope_refused", "assent", "This token may look but not do that; use one with the scope for it."),
    # A halt that a person would set aside for a while.
    Reason("override_unnamed", "override", "An override needs the name of a person and a reason."),
    Reason("override_not_halted", "override", "No halt of this cause stands; see `assent halt status`."),
    Reason("override_forbidden", "override", "This cause is never overridden: settle it, then resume."),
    Reason("override_too_long", "override", "An override lasts for more than nothing and at most 60 minutes."),
    Reason("override_stands", "override", "This halt is overridden already; end that first, or wait until it is over."),
    Reason(
        "override_unsettled",
        "override",
        "An order's fate is unknown or books differ; see `assent reconcile show`, settle that first.",
    ),
    Reason("override_none", "override", "No override of this halt is in force, so there is none to end."),
    # Strategies.
    Reason("nothing_proposed", "strategy", "The strategy wants each cycle recorded, and saw nothing to propose."),
    Reason("strategy_exception", "strategy", "The strategy raised an error; mend it, then resume."),
    Reason("strategy_nonsense", "strategy", "The strategy proposed something that is not a proposal; mend it."),
    Reason("strategy_repeats", "strategy", "The strategy brought the process down three times on one input."),
    # What the console's door refuses, and what it cannot answer.
    Reason("request_framing", "console", "The request does not say once how long its body is; send it anew, whole."),
    Reason("request_path", "console", "The path is not one that anything here has; see `/openapi.json`."),
    Reason("upgrade_refused", "console", "Nothing here speaks anything but plain HTTP; ask without an upgrade."),
    Reason(
        "token_in_url",
        "console",
        "Addresses are written into logs and histories; revoke that token and send the new one in the header.",
    ),
    Reason("body_not_json", "console", "Send one JSON object, each key once, every number finite."),
    Reason("credential_missing", "console", "Send `Authorization: Bearer` with a token, or sign in."),
    Reason("address_refused", "console", "Ask from an address in `allow` of the console's settings."),
    Reason("origin_refused", "console", "Do it from a page of this console, loaded anew; programs send a token."),
    Reason("csrf_refused", "console", "The page is older than its session; load it anew and do it again."),
    Reason("not_found", "console", "Nothing is known under that name; see the list that it should be in."),
    Reason("method_refused", "console", "The path exists, but not for this method; see `/openapi.json`."),
    Reason("body_late", "console", "Send the whole body at once."),
    Reason("body_too_large", "console", "No request here needs so much; send less."),
    Reason("url_too_long", "console", "No address here is so long; ask for less at once."),
    Reason("body_type", "console", "Send the body as `application/json`."),
    Reason("host_refused", "console", "Call the console by a name in `hosts` of its settings."),
    Reason("request_invalid", "console", "The request does not have the form that is asked for; see `/openapi.json`."),
    Reason("rate_limited", "console", "Wait as long as `Retry-After` says, then ask less often."),
    Reason("credential_locked", "console", "Wait as long as `Retry-After` says, and look who sends wrong credentials."),
    Reason("headers_too_large", "console", "No request here needs such headers; send fewer."),
    Reason("console_fault", "console", "A fault of ours; the console's log has where. Look before you ask again."),
    Reason("desk_not_running", "console", "No desk answers, so nothing was done; start it with `assent run`."),
    Reason("ledger_unread", "console", "The console has not read the ledger to its end, or cannot; ask again."),
    Reason("credentials_unread", "console", "The file of credentials cannot be read, so nobody is let in; mend it."),
    Reason("name_ambiguous", "console", "Several are meant by this name; name more of it."),
    Reason("act_refused", "console", "The desk refused it, in its own words; nothing was changed."),
    Reason("outcome_unknown", "console", "It may have been done or not; look at the status before you ask again."),
)

_NAMED = {reason.code: reason for reason in _REASONS}

REASONS: dict[str, Reason] = _NAMED | {
    code: Reason(code, "halt", cause.sentence, "level") for code, cause in CAUSES.items() if code not in _NAMED
}


def sentence(code: str) -> str:
    """What to tell a person about a code; a venue's own code, which we do not own, is shown as it is."""
    reason = REASONS.get(code)
    return reason.sentence if reason else f"the venue's own code `{code}`"
