// The keyboard: j and k move from item to item, a approves and r rejects the one that is in focus, ? shows the keys.
//
// a and r do nothing unless an item is in focus, so a stray key never approves anything; nothing happens while a
// person types, or together with another key.

const dialog = document.querySelector("dialog.help");

function typing(target) {
  return target instanceof HTMLElement && (target.isContentEditable || target.closest("input, select, textarea") !== null);
}

function items() {
  return [...document.querySelectorAll("[data-item]")];
}

function current() {
  return document.activeElement?.closest("[data-item]") ?? null;
}

function move(step) {
  const all = items();
  if (!all.length) return;
  const at = all.indexOf(current());
  const next = at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.max(0, Math.min(all.length - 1, at + step));
  all[next].focus();
  all[next].scrollIntoView({ block: "nearest" });
}

function press(act) {
  const card = current();
  const button = card?.querySelector(`button[data-act="${act}"]`);
  if (!button || button.disabled) return;
  const factor = act === "approve" ? card.querySelector("input[data-factor]") : null;
  if (factor && !factor.value) {
    factor.focus();
    return;
  }
  button.click();
}

const KEYS = {
  j: () => move(1),
  k: () => move(-1),
  a: () => press("approve"),
  r: () => press("reject"),
  "?": () => dialog?.showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || typing(event.target) || dialog?.open) return;
  const does = KEYS[event.key];
  if (!does) return;
  event.preventDefault();
  does();
});

document.querySelector("[data-help]")?.addEventListener("click", (event) => {
  if (!dialog) return;
  event.preventDefault();
  dialog.showModal();
});
