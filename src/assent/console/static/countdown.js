// Counts down to the expiry that the server rendered. The desk's clock counts, not this machine's: the page says what time
// it was there when it was made and how fast it passes, which in a box may be many times as fast, and a live page is told
// again every few seconds. An approval that has run out can no longer be pressed; the desk refuses it anyway.

import { speak } from "./live.js";

const SOON_MS = 15000;
const page = document.documentElement.dataset;
let told = { now: Number(page.now), speed: Number(page.speed), here: Date.now() };
const warned = new Set();

function words(left) {
  if (left <= 0) return "expired";
  const seconds = Math.ceil(left / 1000);
  const minutes = Math.floor(seconds / 60);
  return `${minutes}:${String(seconds % 60).padStart(2, "0")}`;
}

function turn(one, now) {
  // Never longer than the question's whole life: a card may come before the clock that it goes by is told again.
  const left = Math.min(Number(one.dataset.expires) - now, Number(one.dataset.life) || Infinity);
  const soon = left <= SOON_MS * told.speed;
  const text = one.querySelector("[data-left]");
  const said = words(left);
  if (text && text.textContent !== said) text.textContent = said;
  text?.classList.toggle("soon", soon);
  const bar = one.querySelector("[data-leaving]");
  if (bar) {
    const whole = Number(one.dataset.life) || 1;
    bar.setAttribute("width", String(Math.max(0, Math.min(100, (100 * left) / whole)).toFixed(2)));
    bar.classList.toggle("soon", soon);
  }
  const card = one.closest("[data-item]");
  if (!card) return;
  const code = card.dataset.code ?? "";
  if (soon && left > 0 && !warned.has(code)) {
    warned.add(code);
    speak(`${code.split("").join(" ")} expires in ${Math.ceil(left / 1000 / told.speed)} seconds`);
  }
  if (left <= 0 && !card.classList.contains("over")) {
    card.classList.add("over");
    for (const button of card.querySelectorAll("button[data-act]")) button.disabled = true;
  }
}

function tick() {
  const now = told.now + (Date.now() - told.here) * told.speed;
  for (const one of document.querySelectorAll("[data-expires]")) turn(one, now);
}

tick();
setInterval(tick, 250);
document.addEventListener("assent:swapped", tick);
document.addEventListener("assent:clock", (event) => {
  told = { ...event.detail, here: Date.now() };
  tick();
});
