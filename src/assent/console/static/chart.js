// Draws the equity curve with plotly, over the picture that the server drew. Plotly's file is large, so it is fetched
// when the chart comes into view, from this host; if it does not come, the server's picture stays.

function load(address) {
  return new Promise((done, failed) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = done;
    script.onerror = () => failed(new Error("the chart library did not come"));
    document.head.append(script);
  });
}

// Colours as the browser resolved them from the style sheet: for this theme, now.
function palette(figure) {
  const of = (selector, property) => getComputedStyle(figure.querySelector(selector))[property];
  const body = getComputedStyle(document.body);
  return {
    ink: getComputedStyle(figure.querySelector("figcaption")).color,
    equity: of(".equity", "stroke"),
    fall: of(".fall", "stroke"),
    grid: of(".grid", "stroke"),
    font: body.fontFamily,
  };
}

function dressed(figure, sent) {
  const look = palette(figure);
  const data = sent.data.map((trace) => {
    const colour = look[trace.meta] ?? look.ink;
    const fill = trace.fill ? { fillcolor: colour.replace("rgb(", "rgba(").replace(")", ", 0.2)") } : {};
    return { ...trace, ...fill, line: { ...trace.line, color: colour } };
  });
  const axis = { gridcolor: look.grid, linecolor: look.grid, zerolinecolor: look.grid };
  const layout = { ...sent.layout, font: { family: look.font, size: 12, color: look.ink },
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)" };
  for (const name of ["xaxis", "yaxis", "yaxis2"]) layout[name] = { ...sent.layout[name], ...axis };
  return { data, layout };
}

const CONFIG = { responsive: true, displaylogo: false, displayModeBar: false, scrollZoom: false, plotGlPixelRatio: 1 };

async function draw(figure) {
  const place = figure.querySelector(".plot");
  const answer = await fetch(figure.dataset.figure, { headers: { accept: "application/json" } });
  if (!answer.ok) return;
  const sent = await answer.json();
  if (!sent.data.length) return;
  if (!globalThis.Plotly) await load(figure.dataset.library);
  place.hidden = false;
  const { data, layout } = dressed(figure, sent);
  await globalThis.Plotly.react(place, data, layout, CONFIG);
  figure.querySelector(".drawn").setAttribute("hidden", "");
  figure.dataset.drawn = "yes";
}

function attempt(figure) {
  draw(figure).catch((error) => {
    figure.dataset.drawn = "no";
    figure.dataset.why = String(error);
  });
}

const seen = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    seen.unobserve(entry.target);
    attempt(entry.target);
  }
});

const figures = [...document.querySelectorAll("figure[data-figure]")];
for (const figure of figures) seen.observe(figure);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => figures.forEach(attempt));

// The server says that the curve moved by swapping the small mark beside it.
document.addEventListener("assent:swapped", (event) => {
  if (event.target.id === "curve-mark") figures.filter((one) => one.dataset.drawn).forEach(attempt);
});
