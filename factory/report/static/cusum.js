// The CUSUM picture: what the filter sums, chooses and what comes of it, for the multiple of the threshold that the slider is at.
// What it computes is what factory/learning/event_kernels.py does, on the same numbers: tests hold them equal.
(() => {
  "use strict";
  const read = (selector) => JSON.parse(document.querySelector(selector).textContent);
  const data = read("script[data-cusum]"), labels = data.labels;
  const figures = read("script[data-cusum-figures]");
  const place = new Map(labels.row.map((row, i) => [row, i]));
  const iso = (ms) => new Date(ms).toISOString().slice(0, 23);

  // Both sums at each row, before the side that fires starts anew, and which side that is.
  function runFilter(step) {
    let { up, down } = step, before = data.before ?? NaN;
    const sums = { up: [], down: [], fired: [], threshold: [] };
    data.values.forEach((value, i) => {
      const x = value ?? NaN, h = (data.threshold[i] ?? NaN) * step.multiple, change = x - before;
      before = x;
      let side = 0;
      if (Number.isNaN(change) || !(h > 0)) up = down = 0;
      else {
        up = Math.max(0, up + change);
        down = Math.min(0, down + change);
        side = down < -h ? -1 : up > h ? 1 : 0;
      }
      sums.up.push(up);
      sums.down.push(down);
      sums.fired.push(side);
      sums.threshold.push(Number.isNaN(h) ? null : h);
      if (side === 1) up = 0;
      if (side === -1) down = 0;
    });
    return sums;
  }

  // Positions in the labels of what fires; events that meet at one bar are one.
  function findEvents(fired) {
    const events = [];
    let last = -Infinity;
    fired.forEach((side, row) => {
      const i = side ? place.get(row) : undefined;
      if (i === undefined || labels.decision[i] <= last) return;
      last = labels.decision[i];
      events.push(i);
    });
    return events;
  }

  function traceBoxes(own, until) {
    const x = [], y = [];
    for (const i of own) {
      const first = iso(labels.decision[i]), last = iso(until[i]), low = labels.bottom[i], high = labels.top[i];
      x.push(first, last, last, first, first, first);
      y.push(low, low, high, high, low, null);
    }
    return { x, y };
  }

  const times = data.known.map(iso);
  function traceSum(values, fired, side) {
    const x = [], y = [];
    values.forEach((value, i) => {
      x.push(times[i]);
      y.push(value);
      if (fired[i] === side) {
        x.push(times[i]);
        y.push(0);
      }
    });
    return { x, y };
  }

  function traceAll(step) {
    const sums = runFilter(step), events = findEvents(sums.fired), of = (values) => (i) => values[i];
    const sided = (side) => events.filter((i) => sums.fired[labels.row[i]] === side);
    const traces = {
      barriers: traceBoxes(events.filter((i) => labels.outcome[i] >= 0), labels.horizon),
      high: { x: times, y: sums.threshold },
      low: { x: times, y: sums.threshold.map((h) => (h === null ? null : -h)) },
    };
    for (const outcome of data.outcomes.keys()) {
      const own = events.filter((i) => labels.outcome[i] === outcome);
      traces[`box${outcome}`] = traceBoxes(own, labels.end);
      traces[`end${outcome}`] = { x: own.map((i) => iso(labels.end[i])), y: own.map(of(labels.exit)), customdata: own };
    }
    for (const [side, values] of [[1, sums.up], [-1, sums.down]]) {
      const own = sided(side);
      traces[`event${side}`] = { x: own.map((i) => iso(labels.decision[i])), y: own.map(of(labels.entry)), customdata: own };
      const rows = own.map(of(labels.row));
      traces[`passed${side}`] = { x: rows.map(of(times)), y: rows.map(of(values)), customdata: own };
      traces[`sum${side}`] = traceSum(values, sums.fired, side);
    }
    return { traces, events, fired: sums.fired, sides: { up: sided(1).length, down: sided(-1).length } };
  }

  // -- what is said
  const count = (n, noun) => `${n} ${noun}${n === 1 ? "" : "s"}`;
  function describe({ events, sides }, step) {
    const kept = events.filter((i) => labels.present[i]);
    const outcomes = data.outcomes.map((name, k) => `${kept.filter((i) => labels.outcome[i] === k).length} ${name}`);
    const open = kept.filter((i) => labels.outcome[i] < 0).length, lost = events.length - kept.length;
    if (open) outcomes.push(`${open} without a label`);
    if (lost) outcomes.push(`${lost} dropped`);
    const [decisions, aDay, , , unique] = step.figures;
    return `${count(events.length, "event")} in this window, ${sides.up} of S+ and ${sides.down} of S−: ${outcomes.join(", ")}. ` +
      `On all of ${data.partition} ${decisions} decisions, ${aDay} a day, average uniqueness ${unique || "unknown"}.`;
  }

  const when = (ms) => iso(ms).slice(0, ms % 60000 ? 19 : 16).replace("T", " ");
  const price = new Intl.NumberFormat("en", { maximumSignificantDigits: 7 }).format;
  function listEvent(i) {
    const known = labels.outcome[i] >= 0, isBox = known && data.has_barriers;
    const came = known ? data.outcomes[labels.outcome[i]] : labels.present[i] ? "no label" : "dropped";
    return [
      when(labels.decision[i]), now.fired[labels.row[i]] > 0 ? "S+" : "S−", labels.entry[i] === null ? "" : price(labels.entry[i]),
      ...(data.has_barriers ? [isBox ? price(labels.top[i]) : "", isBox ? price(labels.bottom[i]) : ""] : []),
      came, known ? when(labels.end[i]) : "", known ? `${(100 * (labels.exit[i] / labels.entry[i] - 1)).toFixed(2)} %` : "",
    ];
  }
  const list = document.querySelector("[data-cusum-events]"), heads = document.querySelectorAll("[data-cusum-events-head] th");
  const story = document.querySelector("[data-cusum-chosen]");
  function listEvents() {
    list.replaceChildren(...now.events.map((i) => {
      const line = document.createElement("tr");
      line.append(...listEvent(i).map((text, k) => {
        const cell = document.createElement("td");
        if (k === 0) {
          const button = document.createElement("button");
          Object.assign(button, { type: "button", className: "plain", textContent: text });
          button.addEventListener("click", () => choose(i));
          cell.append(button);
        } else cell.textContent = text;
        return cell;
      }));
      return line;
    }));
  }

  // One event's box alone, and what came of it; null for none.
  function choose(i) {
    const trace = figures.picture.data.find((one) => one.meta === "chosen");
    Object.assign(trace, i === null || labels.outcome[i] < 0 ? { x: [], y: [] } : traceBoxes([i], labels.end));
    story.textContent = i === null ? story.dataset.none : listEvent(i).map((text, k) => `${heads[k].textContent} ${text}`).join(" · ");
    [...list.children].forEach((line, k) => line.classList.toggle("now", now.events[k] === i));
    draw();
  }

  // -- what moves
  const slider = document.querySelector("[data-cusum-slider]"), said = document.querySelector("[data-cusum-said]");
  const shown = document.querySelector("[data-cusum-multiple]");
  const cells = [...document.querySelectorAll("[data-cusum-cell]")], lines = [...document.querySelectorAll("[data-cusum-step]")];
  const CONFIG = { responsive: true, displaylogo: false, displayModeBar: false };

  function paint(target, figure) {
    const ink = getComputedStyle(target).color, narrow = target.clientWidth < 480;
    const layout = { ...figure.layout, font: { color: ink, size: narrow ? 11 : 12 }, dragmode: narrow ? false : "zoom" };
    if (narrow) layout.margin = { ...layout.margin, l: 52 };
    for (const trace of figure.data) if (narrow && trace.marker) trace.marker.size = Math.min(trace.marker.size, 6);
    Plotly.react(target, figure.data, layout, CONFIG);
  }

  let now;
  function update() {
    const step = data.steps[slider.value], multiple = step.multiple.toPrecision(3).replace(/\.?0+$/, "");
    now = traceAll(step);
    for (const trace of figures.picture.data) Object.assign(trace, now.traces[trace.meta]);
    for (const trace of figures.steps.data) {
      if (trace.meta === "here") Object.assign(trace, { x: [step.multiple], y: [step.a_day] });
      if (trace.meta === "here_unique") Object.assign(trace, { x: [step.multiple], y: [step.uniqueness] });
    }
    shown.textContent = `${multiple} ×`;
    said.textContent = describe(now, step);
    slider.setAttribute("aria-valuetext", `${multiple} times the threshold`);
    cells.forEach((cell, i) => { cell.textContent = step.figures[i]; });
    lines.forEach((line, i) => line.classList.toggle("now", i === Number(slider.value)));
    listEvents();
    choose(null);
  }
  const targets = [...document.querySelectorAll("[data-cusum-figure]")];
  let isDue = false;
  // At the next frame, so that figures and words move at once however fast the slider does.
  function draw() {
    if (isDue) return;
    isDue = true;
    requestAnimationFrame(() => {
      isDue = false;
      for (const target of targets) paint(target, figures[target.dataset.cusumFigure]);
    });
  }
  slider.addEventListener("input", update);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  update();
  requestAnimationFrame(() => targets[0].on("plotly_click", ({ points: [{ customdata }] }) => {
    if (customdata !== undefined) choose(customdata);
  }));
})();
