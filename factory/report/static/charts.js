// Draws the pictures of a page from its data blocks when they come near the screen, and again when light turns dark; shows the
// prices around a chosen trade, and what a figure means where one points at it.
(() => {
  "use strict";
  const OWN = "#3f78dd", GAIN = "#2e8b57", LOSS = "#c0504d", BAND = "rgba(138,143,152,.22)";
  const CONFIG = { responsive: true, displaylogo: false, displayModeBar: false };
  const figures = {}, drawn = new Map();

  const read = (selector) => [...document.querySelectorAll(selector)].map((block) => JSON.parse(block.textContent));
  Object.assign(figures, ...read("script[data-figures]"));

  // Numbers in cells with as many digits as there is room for; pointing at a cell says all.
  function labels(trace, place, ink) {
    const room = (place.clientWidth - 76) / trace.x.length;
    const texttemplate = room > 48 ? trace.texttemplate : room > 30 ? "%{z:.0%}" : "";
    return { texttemplate, textfont: { color: ink, size: room > 48 ? 12 : 10 } };
  }

  function draw(place, figure) {
    const ink = getComputedStyle(place).color, narrow = place.clientWidth < 480;
    const data = figure.data.map((one) => (one.texttemplate ? { ...one, ...labels(one, place, ink) } : one));
    const layout = Object.assign({}, figure.layout, { font: { color: ink, size: narrow ? 11 : 12 }, dragmode: narrow ? false : "zoom" });
    if (narrow && figure.data.filter((one) => one.name && one.showlegend !== false).length > 3) {
      layout.legend = Object.assign({}, layout.legend, { y: -0.12, yanchor: "top" });
      layout.height += 100;
      layout.margin = Object.assign({}, layout.margin, { b: 140 });
    }
    Plotly.react(place, data, layout, CONFIG);
    drawn.set(place, figure);
  }

  const places = [...document.querySelectorAll("[data-figure]")];
  const drawPlace = (place) => draw(place, figures[place.dataset.figure]);
  const near = new IntersectionObserver((seen) => {
    for (const one of seen) {
      if (!one.isIntersecting) continue;
      near.unobserve(one.target);
      if (one.target.dataset.figure) drawPlace(one.target);
      else if (!drawn.has(one.target)) choose(0);
    }
  }, { rootMargin: "600px" });
  places.forEach((place) => near.observe(place));
  const redraw = () => drawn.forEach((figure, place) => draw(place, figure));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  addEventListener("beforeprint", () => places.forEach(drawPlace));

  // -- trades: a row of the list shows the prices around it
  const trades = read("script[data-trades]")[0] || [];
  const chart = document.querySelector("[data-trade-chart]"), caption = document.querySelector("[data-trade-caption]");
  const buttons = [...document.querySelectorAll("[data-trade]")];
  const iso = (ms) => new Date(ms).toISOString().slice(0, 19);

  function windowFigure(trade) {
    const price = (share) => (share === null ? null : trade.price * (1 + share / 1e6));
    const x = trade.close.map((_, i) => iso(trade.start + i * trade.step));
    const line = (values, style) => Object.assign({ x, y: values.map(price), mode: "lines", hoverinfo: "skip", showlegend: false }, style);
    const mark = (at, y, name, symbol, color) => ({
      x: [iso(at)], y: [y], name, mode: "markers", marker: { symbol, size: 12, color, line: { width: 1, color: "#fff" } },
      hovertemplate: `${name}: %{y:.6g}<extra></extra>`,
    });
    const across = (share, color) => ({
      type: "line", x0: iso(trade.entry), x1: iso(trade.exit), y0: price(share), y1: price(share), line: { color, dash: "dot", width: 1.5 },
    });
    const up = trade.side === "up", shapes = [across(0, "#8a8f98")];
    if (trade.above !== undefined) shapes.push(across(trade.above, up ? GAIN : LOSS), across(trade.below, up ? LOSS : GAIN));
    return {
      data: [
        line(trade.low, { line: { width: 0 } }),
        line(trade.high, { line: { width: 0 }, fill: "tonexty", fillcolor: BAND }),
        line(trade.close, { line: { color: OWN, width: 1.5 }, hoverinfo: "x+y", name: "price" }),
        mark(trade.entry, trade.price, `entry, ${trade.side}`, up ? "triangle-up" : "triangle-down", OWN),
        mark(trade.exit, price(trade.leaves), `exit, ${trade.reason}`, "x", trade.won ? GAIN : LOSS),
      ],
      layout: {
        margin: { l: 70, r: 16, t: 8, b: 40 }, height: 300, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
        hovermode: "closest", legend: { orientation: "h", y: 1.12, traceorder: "normal" }, shapes,
        xaxis: { gridcolor: "rgba(128,128,128,.2)" },
        yaxis: { gridcolor: "rgba(128,128,128,.2)", title: { text: "price" }, tickformat: ".6~g" },
      },
    };
  }

  function choose(place) {
    const trade = trades[place];
    if (!trade) return;
    buttons.forEach((button, i) => {
      button.closest("tr").classList.toggle("chosen", i === place);
      button.setAttribute("aria-pressed", String(i === place));
    });
    caption.textContent = trade.says;
    draw(chart, windowFigure(trade));
  }

  buttons.forEach((button, place) => {
    button.closest("tr").addEventListener("click", () => choose(place));
    button.addEventListener("keydown", (event) => {
      const to = buttons[place + { ArrowDown: 1, ArrowUp: -1 }[event.key]];
      if (!to) return;
      event.preventDefault();
      to.focus();
      choose(buttons.indexOf(to));
    });
  });
  if (chart) near.observe(chart);

  // -- meanings: beside the figure, on pointing as on a tap or a key
  const spot = (about, term) => {
    const at = term.getBoundingClientRect(), box = about.getBoundingClientRect();
    about.style.margin = "0";
    about.style.left = `${Math.max(8, Math.min(at.left, innerWidth - box.width - 8))}px`;
    about.style.top = `${at.bottom + box.height + 8 > innerHeight ? Math.max(8, at.top - box.height - 6) : at.bottom + 6}px`;
  };
  for (const term of document.querySelectorAll("[popovertarget]")) {
    const about = document.getElementById(term.getAttribute("popovertarget"));
    let wait;
    term.addEventListener("pointerenter", (event) => {
      if (event.pointerType !== "mouse") return;
      wait = setTimeout(() => {
        about.showPopover({ source: term });
        spot(about, term);
      }, 120);
    });
    term.addEventListener("pointerleave", (event) => {
      clearTimeout(wait);
      if (event.pointerType === "mouse") about.hidePopover();
    });
    term.addEventListener("click", (event) => {
      event.preventDefault(); // Pointing has opened it already, and the click would close it.
      if (!about.matches(":popover-open")) about.showPopover({ source: term });
      spot(about, term);
    });
  }
})();
