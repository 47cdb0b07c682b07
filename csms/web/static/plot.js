// Draws the curves of a session: energy and power on axes of their own, everything else on request.
"use strict";

const plot = document.getElementById("plot");
const PALETTE = ["--curve-1", "--curve-2", "--curve-3", "--curve-4", "--curve-5", "--curve-6"];
let chart = null;
let shown = "";

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

// uPlot wants one list of times for all curves; where a curve has no value, null.
function joined(curves) {
  const times = [...new Set(curves.flatMap((curve) => curve.points.map((point) => point[0])))].sort((a, b) => a - b);
  const columns = curves.map((curve) => {
    const values = new Map(curve.points);
    return times.map((time) => values.get(time) ?? null);
  });
  return [times, ...columns];
}

function options(curves) {
  const units = [...new Set(curves.map((curve) => curve.unit))];
  const text = colour("--text");
  const grid = { stroke: colour("--line"), width: 1 };
  return {
    width: plot.clientWidth,
    height: 320,
    scales: { x: { time: true } },
    series: [
      {},
      ...curves.map((curve, index) => ({
        label: `${curve.name} (${curve.unit})`,
        scale: curve.unit,
        stroke: colour(PALETTE[index % PALETTE.length]),
        width: 2,
        spanGaps: true,
        show: curve.unit === "kWh" || curve.unit === "kW",
      })),
    ],
    axes: [
      { stroke: text, grid },
      ...units.map((unit, index) => ({
        scale: unit,
        stroke: text,
        label: unit,
        size: 60,
        side: index % 2 ? 1 : 3,
        grid: { ...grid, show: index === 0 },
      })),
    ],
  };
}

async function draw() {
  const answer = await fetch(`/api/sessions/${plot.dataset.session}/curves`);
  if (!answer.ok) return;
  const curves = await answer.json();
  if (!curves.length) return;
  const names = JSON.stringify(curves.map((curve) => [curve.name, curve.unit]));
  if (chart && names === shown) {
    chart.setData(joined(curves));
    return;
  }
  if (chart) chart.destroy();
  shown = names;
  chart = new uPlot(options(curves), joined(curves), plot);
}

plot.addEventListener("live", draw);
addEventListener("resize", () => chart && chart.setSize({ width: plot.clientWidth, height: 320 }));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  shown = "";
  draw();
});
draw();
