"use strict";
// Keeps the jobs of a page as they are now: changes come as server-sent events; where those cannot, the page asks again.
(() => {
  const EVERY = 10000;
  const place = document.querySelector("[data-jobs]");
  const says = document.querySelector("[data-live]");
  const scope = place.dataset.jobs;
  if (scope === "these") return;
  const stateOf = (row) => row.querySelector("[data-part=state]").textContent;
  let asking = false, timer = 0;

  // The page as the server makes it now, in place of what stands here; whoever was on a link or a button stays on it.
  async function refresh() {
    if (asking) return;
    asking = true;
    try {
      const answer = await fetch(location.href, { redirect: "manual" });
      if (!answer.ok) throw new Error(answer.status);
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      const focused = document.activeElement, row = focused.closest?.("[data-jobs] [id]")?.id;
      if (scope === "one" && !fresh.querySelector("[data-part=progress]")) return location.reload();
      place.replaceChildren(...fresh.querySelector("[data-jobs]").childNodes);
      if (row) document.getElementById(row)?.querySelector(focused.localName)?.focus();
    } catch {
      says.textContent = "The server does not answer, or you are signed out; reload the page.";
    } finally {
      asking = false;
    }
  }

  // A job that is new, or in another state, changes more than a bar.
  function update(job) {
    const row = document.getElementById(job.job);
    if (!row) return scope === "all";
    if (stateOf(row) !== job.state) return true;
    const bar = row.querySelector("[data-part=progress]"), doing = row.querySelector("[data-part=doing]");
    if (bar) bar.value = job.progress;
    if (doing) doing.textContent = [job.doing, job.ahead && `${job.ahead} ahead`, job.about].filter(Boolean).join(", ");
    return false;
  }

  function ask() {
    says.textContent = `Asked anew every ${EVERY / 1000} seconds.`;
    clearInterval(timer);
    timer = setInterval(refresh, EVERY);
  }

  if (scope === "one" && !place.querySelector("[data-part=progress]")) return;
  if (!window.EventSource) return ask();
  const source = new EventSource("/jobs/events");
  source.addEventListener("open", () => { says.textContent = "Live."; });
  source.addEventListener("jobs", (event) => { if (JSON.parse(event.data).map(update).some(Boolean)) refresh(); });
  source.addEventListener("error", () => { if (source.readyState === EventSource.CLOSED) ask(); });
  addEventListener("pagehide", () => source.close());
})();
