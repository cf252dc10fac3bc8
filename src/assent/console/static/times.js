// Writes the reader's own time beside each UTC time, and keeps relative ages honest.

const day = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
const clock = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit", minute: "2-digit", second: "2-digit", timeZoneName: "short",
});

function fill(root) {
  for (const place of root.querySelectorAll(".local[data-ms]")) {
    const moment = new Date(Number(place.dataset.ms));
    if (Number.isNaN(moment.getTime()) || moment.getTimezoneOffset() === 0) continue;
    const same = moment.getDate() === moment.getUTCDate();
    place.textContent = same ? clock.format(moment) : `${day.format(moment)} ${clock.format(moment)}`;
  }
}

fill(document);
document.addEventListener("assent:swapped", (event) => fill(event.target));
