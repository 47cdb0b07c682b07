// Keeps pages up to date: the server tells which chargers something happened to, and the parts of the page that show
// them fetch themselves anew. Also shows times in the reader's own zone.
"use strict";

function refresh(touched) {
  for (const part of document.querySelectorAll("[data-live]")) {
    const charger = part.dataset.live;
    if (touched === null || charger === "*" || touched.includes(charger)) {
      renew(part);
    }
  }
}

// Not while somebody fills in a field of it, or presses a button of it: then afterwards.
function renew(part) {
  if (!busy(part)) htmx.trigger(part, "live");
}

function busy(part) {
  return part.toggleAttribute("data-outdated", part.querySelector("input:focus, select:focus, textarea:focus, :active") !== null);
}

function catchUp() {
  setTimeout(() => document.querySelectorAll("[data-outdated]").forEach(renew));
}

function localise(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const moment = new Date(time.dateTime);
    if (!isNaN(moment)) {
      time.textContent = moment.toLocaleString(undefined, { dateStyle: "short", timeStyle: "medium" });
      time.title = time.dateTime;
    }
  }
}

function follow() {
  const link = document.getElementById("link");
  const source = new EventSource("/api/events");
  source.onopen = () => {
    link.textContent = "live";
    refresh(null); // something may have happened between the making of this page and now
  };
  source.onerror = () => {
    link.textContent = "no link to the CSMS";
  };
  source.onmessage = (event) => refresh(JSON.parse(event.data));
  // A browser opens few connections to one server at a time: pages left behind must give theirs back.
  addEventListener("pagehide", () => source.close());
}

for (const link of document.querySelectorAll("nav a")) {
  const path = new URL(link.href).pathname;
  const here = path === "/" ? /^\/($|chargers\/)/.test(location.pathname) : location.pathname.startsWith(path);
  if (here) link.setAttribute("aria-current", "page");
}
localise(document);
for (const over of ["focusout", "pointerup", "keyup"]) document.addEventListener(over, catchUp);
document.body.addEventListener("htmx:beforeSwap", (event) => {
  const part = event.detail.target;
  if (part.matches("[data-live]") && busy(part)) event.detail.shouldSwap = false; // the button was pressed meanwhile
});
document.body.addEventListener("htmx:afterSwap", () => localise(document));
document.body.addEventListener("htmx:responseError", (event) => {
  document.getElementById("link").textContent = `the CSMS refused it (${event.detail.xhr.status})`;
});
follow();
