// Keeps the page current: the server renders fragments and sends those that changed; this file puts them in place.
//
// It never builds markup itself, and it never takes away what a person is doing: what is typed, opened or focused is
// put back after a swap, and a press that was meant for what stood there a moment before does nothing. Without it the page stands as it was rendered, and a link loads it anew.

const RETRY_MS = [1000, 2000, 5000, 10000, 30000];
const QUIET_MS = 25000;
// So long after something moved a press on an answer's button may be meant for what stood in its place.
const MOVED_MS = 700;

const main = document.querySelector("main[data-stream]");
const shown = document.querySelector("[data-streaming]");
const spoken = document.querySelector("[data-spoken]");

let source = null;
let failures = 0;
let watchdog = 0;
let movedAt = -Infinity;

function say(state, words) {
  if (!shown) return;
  shown.dataset.streaming = state;
  shown.textContent = words;
}

// Read out, once, and only what a person asked to be told: not every number that moves.
export function speak(words) {
  if (spoken && spoken.textContent !== words) spoken.textContent = words;
}

const FOCUSABLE = "a, button, input, select, summary, [tabindex]";

// Where the focus is, in terms that still hold when the element is another one: the nearest name, and the place in it.
function focusWithin(element) {
  const active = document.activeElement;
  if (!active || active === document.body || !element.contains(active)) return null;
  const named = active.closest("[id]");
  return { id: named.id, at: active === named ? -1 : [...named.querySelectorAll(FOCUSABLE)].indexOf(active) };
}

function focusAgain(focused) {
  const named = focused && document.getElementById(focused.id);
  const wanted = focused && focused.at >= 0 ? named?.querySelectorAll(FOCUSABLE)[focused.at] : named;
  wanted?.focus({ preventScroll: true });
}

// What a person has done in an element that is about to be replaced.
function doings(element) {
  const typed = new Map();
  for (const field of element.querySelectorAll("input:not([type=hidden]), select")) {
    if (field.id && field.value !== field.defaultValue) typed.set(field.id, field.value);
  }
  const opened = [...element.querySelectorAll("details[id]")].map((one) => [one.id, one.open]);
  return { typed, opened, focused: focusWithin(element) };
}

function restore({ typed, opened, focused }) {
  for (const [id, value] of typed) {
    const field = document.getElementById(id);
    if (field) field.value = value;
  }
  for (const [id, open] of opened) {
    const one = document.getElementById(id);
    if (one) one.open = open;
  }
  focusAgain(focused);
}

function replace(old, fresh) {
  const done = doings(old);
  old.replaceWith(fresh);
  restore(done);
  return fresh;
}

// Children with a key are matched one by one, so that a card that did not change is not touched at all.
function swapKeyed(old, fresh) {
  const places = placesOf(old);
  const before = new Map([...old.children].map((child) => [child.dataset.key, child]));
  const touched = [];
  let place = null;
  for (const child of [...fresh.children]) {
    const standing = before.get(child.dataset.key);
    before.delete(child.dataset.key);
    let now = child;
    if (standing && standing.dataset.mark === child.dataset.mark) now = standing;
    else if (standing) touched.push((now = replace(standing, child)));
    else touched.push(now);
    const next = place ? place.nextElementSibling : old.firstElementChild;
    if (next !== now) old.insertBefore(now, next);
    place = now;
  }
  for (const gone of before.values()) gone.remove();
  if (haveMoved(places, placesOf(old))) movedAt = performance.now();
  return touched;
}

function placesOf(list) {
  return new Map([...list.children].map((child) => [child.dataset.key, child.getBoundingClientRect()]));
}

// Whether what stood somewhere stands somewhere else now, or something else stands where it stood.
function haveMoved(before, after) {
  const gone = [...before.keys()].some((key) => !after.has(key));
  const came = [...after.keys()].some((key) => !before.has(key));
  const apart = (one, other) => Math.abs(one.top - other.top) > 1 || Math.abs(one.left - other.left) > 1;
  return (gone && came) || [...before].some(([key, place]) => after.has(key) && apart(place, after.get(key)));
}

// A key presses the card that has the focus, wherever it stands; a pointer presses whatever is under it.
document.addEventListener("click", (event) => {
  const answers = event.target instanceof Element && event.target.closest("button[data-act]");
  if (!answers || event.detail === 0 || performance.now() - movedAt >= MOVED_MS) return;
  event.preventDefault();
  event.stopPropagation();
  speak("The cards have moved. Look again, then answer.");
}, true);

function swap(name, html) {
  const old = document.getElementById(name);
  if (!old || !old.hasAttribute("data-live")) return;
  const parsed = document.createElement("template");
  parsed.innerHTML = html;
  const fresh = parsed.content.firstElementChild;
  if (!fresh || fresh.id !== name) return;
  const keyed = old.hasAttribute("data-keyed") && fresh.hasAttribute("data-keyed");
  const touched = keyed ? swapKeyed(old, fresh) : [replace(old, fresh)];
  for (const element of touched) {
    element.dispatchEvent(new CustomEvent("assent:swapped", { bubbles: true }));
    if (keyed) element.classList.add("changed");
  }
  if (fresh.dataset.say) speak(fresh.dataset.say);
}

function heard() {
  clearTimeout(watchdog);
  watchdog = setTimeout(again, QUIET_MS);
  failures = 0;
  say("on", "live");
}

function again() {
  clearTimeout(watchdog);
  source?.close();
  const wait = RETRY_MS[Math.min(failures, RETRY_MS.length - 1)];
  failures += 1;
  say("off", failures > 2 ? "not live: reload to be sure" : "reconnecting");
  setTimeout(open, wait);
}

function open() {
  source = new EventSource(main.dataset.stream);
  source.addEventListener("beat", (event) => {
    heard();
    document.dispatchEvent(new CustomEvent("assent:clock", { detail: JSON.parse(event.data) }));
  });
  source.addEventListener("fragment", (event) => {
    heard();
    const { name, html } = JSON.parse(event.data);
    swap(name, html);
  });
  source.addEventListener("title", (event) => {
    document.title = JSON.parse(event.data);
  });
  source.addEventListener("ended", (event) => {
    clearTimeout(watchdog);
    source.close();
    say("ended", JSON.parse(event.data));
    speak(JSON.parse(event.data));
  });
  source.onerror = again;
}

if (main) {
  say("off", "connecting");
  open();
  addEventListener("pagehide", () => {
    clearTimeout(watchdog);
    source?.close();
  });
  addEventListener("pageshow", (event) => {
    if (event.persisted) open();
  });
}
