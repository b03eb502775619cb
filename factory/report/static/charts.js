// Draws each [data-figure] from the data blocks of its page when it comes near the screen, and again when light turns dark.
(() => {
  const figures = {};
  for (const block of document.querySelectorAll("script[data-figures]")) Object.assign(figures, JSON.parse(block.textContent));
  const drawn = new Set();

  function draw(place) {
    const figure = figures[place.dataset.figure];
    const ink = getComputedStyle(place).color;
    for (const one of figure.data) if (one.texttemplate) one.textfont = { color: ink };
    const layout = Object.assign({}, figure.layout, { font: { color: ink, size: 12 } });
    Plotly.react(place, figure.data, layout, { responsive: true, displaylogo: false, displayModeBar: false });
    drawn.add(place);
  }

  const near = new IntersectionObserver(
    (seen) => {
      for (const one of seen)
        if (one.isIntersecting) {
          near.unobserve(one.target);
          draw(one.target);
        }
    },
    { rootMargin: "600px" },
  );
  for (const place of document.querySelectorAll("[data-figure]")) near.observe(place);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawn.forEach(draw));
  addEventListener("beforeprint", () => document.querySelectorAll("[data-figure]").forEach(draw));
})();
