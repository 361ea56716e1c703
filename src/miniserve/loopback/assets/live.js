"use strict";
// Everything that users or models wrote is set as text, never as markup.

const $ = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";
const PAIRS = 50;
const OUTCOMES = [["ok", "tone-a"], ["error", "tone-b"], ["timeout", "tone-b"], ["bad_output", "tone-b"],
  ["dropped", "tone-mild"], ["cancelled", "tone-mild"], ["interrupted", "tone-mild"]];

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function shape(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

// Controls, bidirectional overrides and the like are shown as their codes.
const visible = (text) => text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (c) => `\\u{${c.codePointAt(0).toString(16)}}`);
const count = (value) => value.toLocaleString("en");
const percent = (share) => `${(100 * share).toFixed(1)} %`;
const ms = (value) => (value === null ? "–" : value < 10 ? value.toFixed(2) : value.toFixed(1));
const pvalue = (p) => (p < 0.0001 ? "< .0001" : p.toFixed(4).replace(/^0/, ""));
// The production arm has the colour that the reports give A.
const tone = (arm, route) => (arm.startsWith("shadow_") || (route && arm !== route.production_arm) ? "b" : "a");
const perSecond = (series) => series.slice(-11, -1).reduce((sum, value) => sum + value, 0) / 10;

function fill(id, ...children) {
  $(id).replaceChildren(...children);
}

function headline(route) {
  const b = route.shadow_arm;
  switch (route.strategy) {
    case "single": return `Single: ${route.production_arm} answers, the shadow is off`;
    case "shadow": return `Shadow: ${route.production_arm} answers, ${b} runs unseen on ${route.shadow_percent} % of the ids`;
    case "ab": return `A/B: ${Object.keys(route.arms).sort().join(" and ")} share the ids`;
    case "canary": return `Canary: ${b} answers ${route.canary_percent} % of the ids, ${route.production_arm} the rest`;
    default: return route.strategy;
  }
}

function drawRoute(server) {
  const route = server.route;
  if (!route) {
    $("strategy").textContent = "No route in force: the server is loading or draining";
    fill("route");
    return;
  }
  $("strategy").textContent = headline(route);
  const facts = [["salt", route.salt], ...Object.entries(route.arms).map(([name, sha]) => [name, sha]),
    ["configuration", route.config_sha]];
  fill("route", ...facts.map(([name, value]) => {
    const short = /^[0-9a-f]{64}$/.test(value) ? value.slice(0, 12) : value;
    return element("span", {title: value}, `${name} `, element("code", {}, short));
  }));
}

function spark(series, css, highest) {
  const svg = shape("svg", {class: "spark", viewBox: "0 0 240 30", preserveAspectRatio: "none", role: "img",
    "aria-label": `requests per second over the last minute, at most ${Math.max(...series)}`});
  svg.append(shape("line", {x1: 0, x2: 240, y1: 29.5, y2: 29.5}));
  series.forEach((value, i) => {
    const height = 28 * value / highest;
    if (value) svg.append(shape("rect", {class: css, x: 4 * i + 0.5, width: 3, y: 29 - height, height}));
  });
  return svg;
}

function drawArms(figures) {
  const arms = Object.entries(figures.arms);
  const highest = Math.max(1, ...arms.flatMap(([, arm]) => arm.per_second));
  $("no-traffic").hidden = arms.length > 0;
  document.querySelector("#traffic table").hidden = arms.length === 0;
  fill("arms", ...arms.map(([name, arm]) => {
    const css = tone(name, figures.server.route);
    const bad = Object.entries(arm.statuses).filter(([status]) => status !== "ok");
    const cell = (label, text) => element("td", {"data-label": label}, text);
    return element("tr", {},
      element("th", {scope: "row"}, element("span", {class: css}, name)),
      element("td", {class: "plot"}, spark(arm.per_second, css, highest)),
      cell("per s", perSecond(arm.per_second).toFixed(1)),
      ...["p50", "p95", "p99"].map((q) => cell(`${q}, ms`, ms(arm.latency_ms[q]))),
      cell("not ok", bad.length ? bad.map(([status, n]) => `${count(n)} ${status}`).join(", ") : "0"));
  }));
}

function bar(parts) {
  const total = parts.reduce((sum, [, n]) => sum + n, 0);
  const shown = parts.filter(([, n]) => n);
  const line = element("div", {class: "bar", "aria-hidden": "true"}, ...shown.map(([, n, css]) => {
    const piece = element("span", {class: css});
    piece.style.flex = String(n / total);
    return piece;
  }));
  const legend = element("div", {class: "legend"}, ...shown.map(([name, n, css]) =>
    element("span", {}, element("i", {class: css}), `${name} ${count(n)} (${percent(n / total)})`)));
  return [line, legend];
}

function drawSplit(figures) {
  const split = figures.split;
  if (!split) {
    fill("split-body", element("p", {class: "empty"}, "No split: one arm answers every request."));
    return;
  }
  const parts = Object.entries(split.counts);
  const total = parts.reduce((sum, [, n]) => sum + n, 0);
  const [[first, expected]] = Object.entries(split.expected);
  if (!total) {
    fill("split-body", element("p", {class: "empty"}, `No ids yet under this configuration; expected: ${percent(expected)} ${first}.`));
    return;
  }
  const shadowed = {"shadowed": "tone-b", "not shadowed": "tone-mild"};
  const drawn = bar(parts.map(([name, n]) => [name, n, shadowed[name] || `tone-${tone(name, figures.server.route)}`]));
  let reading = `expected: ${percent(expected)} ${first}`;
  const alarm = split.pvalue !== null && split.pvalue < 0.001;
  if (split.pvalue !== null) {
    reading += alarm ? `; sample-ratio p ${pvalue(split.pvalue)}: the split is off` : `; sample-ratio p ${pvalue(split.pvalue)}, alarm below .001`;
  }
  fill("split-body", ...drawn, element("p", {class: alarm ? "reading warning" : "reading"}, reading + (split.full ? `; only the first ${count(total)} ids are counted` : "")));
}

function drawOutcomes(figures) {
  const total = Object.values(figures.outcomes).reduce((sum, n) => sum + n, 0);
  const shadow = figures.server.route && figures.server.route.strategy === "shadow";
  if (!total) {
    fill("outcomes-body", element("p", {class: "empty"}, shadow ? "No shadow runs yet under this configuration."
      : "The shadow is off. ./just shadow-on A_SHA B_SHA switches it on."));
    return;
  }
  fill("outcomes-body", ...bar(OUTCOMES.map(([name, css]) => [name, figures.outcomes[name] || 0, css])));
}

function drawAgreement(agreement) {
  if (!agreement.pairs) {
    fill("agreement-body", element("p", {class: "empty"}, "No pairs yet that both arms answered under this configuration."));
    fill("agreement-figure");
    return;
  }
  fill("agreement-body", element("p", {}, element("span", {class: "big"}, percent(agreement.share)),
    ` of ${count(agreement.pairs)} pairs, 95 % interval [${(100 * agreement.low).toFixed(1)}, ${(100 * agreement.high).toFixed(1)}], valid however often you look`));
  const history = agreement.history;
  const last = Math.log(Math.max(2, history[history.length - 1][0]));
  const x = (n) => 1000 * Math.log(Math.max(1, n)) / last;
  const y = (share) => 100 * (1 - share);
  const point = (n, share) => `${x(n).toFixed(2)},${y(share).toFixed(2)}`;
  const svg = shape("svg", {viewBox: "0 0 1000 100", preserveAspectRatio: "none", role: "img",
    "aria-label": `agreement and its always-valid interval from ${history[0][0]} to ${agreement.pairs} pairs`});
  for (const share of [0, 0.25, 0.5, 0.75, 1]) svg.append(shape("line", {class: "grid", x1: 0, x2: 1000, y1: y(share), y2: y(share)}));
  const upper = history.map(([n, , , high]) => point(n, high));
  const lower = history.map(([n, , low]) => point(n, low)).reverse();
  svg.append(shape("polygon", {class: "band", points: [...upper, ...lower].join(" ")}));
  svg.append(shape("polyline", {class: "line", points: history.map(([n, share]) => point(n, share)).join(" ")}));
  fill("agreement-figure", svg, element("div", {class: "axis"}, element("span", {}, "1 pair"),
    element("span", {}, "0 to 100 %, pairs on a logarithmic axis"), element("span", {}, `${count(agreement.pairs)} pairs`)));
}

function drawWorkers(server) {
  const rows = (server.processes || []).filter((process) => process.shadow);
  if (!rows.length) {
    fill("workers-body", element("p", {class: "empty"}, "No shadow, so no worker process."));
    return;
  }
  const heads = ["server", "B", "state", "waiting", "starts", "circuit", "last failure"];
  fill("workers-body", element("table", {class: "figures"},
    element("thead", {}, element("tr", {}, ...heads.map((head) =>
      element("th", head === "last failure" ? {scope: "col", class: "said"} : {scope: "col"}, head)))),
    element("tbody", {}, ...rows.map(({pid, shadow}) => element("tr", {},
      element("th", {scope: "row"}, `pid ${pid}`),
      element("td", {"data-label": "B"}, shadow.pid === null ? "–" : `pid ${shadow.pid}`),
      element("td", {"data-label": "state", class: shadow.up ? "" : "warning"}, shadow.up ? "up" : "down"),
      element("td", {"data-label": "waiting"}, count(shadow.waiting)),
      element("td", {"data-label": "starts"}, count(shadow.starts)),
      element("td", {"data-label": "circuit"}, shadow.circuit),
      element("td", {"data-label": "last failure", class: "said"}, shadow.last_failure === null ? "none" : visible(shadow.last_failure)))))));
}

function drawPair(pair) {
  const state = pair.agree === null ? "no pair" : pair.agree ? "same" : "different";
  const rows = pair.answers.flatMap((answer, i) => {
    const css = i === 0 ? "a" : "b";
    const content = answer.status === "ok"
      ? answer.words.flatMap(([text, differs], j) => [...(j ? [" "] : []),
        differs && pair.agree === false ? element("mark", {class: css}, visible(text)) : visible(text)])
      : [element("i", {}, `${answer.status}: ${visible(answer.reason || "no reason given")}`)];
    const time = answer.latency_ms === null ? "" : ` ${ms(answer.latency_ms)} ms`;
    return [element("dt", {class: css}, answer.arm), element("dd", {}, ...content, element("span", {class: "ms"}, time))];
  });
  return element("article", {class: pair.agree === true ? "case" : "case differs", id: `pair-${pair.number}`},
    element("h3", {}, element("b", {}, state), `${pair.ts.slice(11, 19)} UTC, request `, element("code", {}, visible(pair.request_id)),
      ", trace ", element("code", {}, pair.trace_id)),
    element("dl", {}, element("dt", {}, "in"), element("dd", {}, visible(pair.sentence)), ...rows));
}

let kept = [];

function drawPairs() {
  const differing = kept.filter((pair) => pair.agree !== true).length;
  const only = $("only-different").checked;
  fill("cases", ...kept.map(drawPair));
  $("cases").classList.toggle("only-different", only);
  $("pairs-count").textContent = kept.length ? `${kept.length}, ${differing} of them differ or are incomplete` : "";
  $("no-pairs").hidden = (only ? differing : kept.length) > 0;
  $("no-pairs").textContent = kept.length ? "None of the last pairs differ." : "No pairs yet.";
}

function drawFigures(figures) {
  drawRoute(figures.server);
  drawArms(figures);
  drawSplit(figures);
  drawOutcomes(figures);
  drawAgreement(figures.agreement);
  drawWorkers(figures.server);
  const problems = [];
  if (figures.problem) problems.push(figures.problem);
  if (figures.skipped_bytes) problems.push(`${count(Math.round(figures.skipped_bytes / 1024))} KiB of older lines were skipped, so the figures start later`);
  if (figures.unreadable_lines) problems.push(`skipped unusable lines of traffic.log: ${count(figures.unreadable_lines)}`);
  $("problem").hidden = problems.length === 0;
  $("problem").textContent = problems.join("; ");
  const connection = $("connection");
  connection.className = "live";
  connection.textContent = `live, ${count(figures.requests)} requests under this configuration`;
}

const source = new EventSource("/events");
source.addEventListener("figures", (event) => drawFigures(JSON.parse(event.data)));
source.addEventListener("pairs", (event) => {
  kept = [...JSON.parse(event.data).reverse(), ...kept].slice(0, PAIRS);
  if (!$("paused").checked) drawPairs();
});
source.addEventListener("error", () => {
  $("connection").className = "lost";
  $("connection").textContent = "connection lost, reconnecting: the figures below are old";
});
// A new connection sends the last pairs again.
source.addEventListener("open", () => { kept = []; });
$("only-different").addEventListener("input", drawPairs);
$("paused").addEventListener("input", () => { if (!$("paused").checked) drawPairs(); });
$("example").textContent = `curl -s localhost:8080/v1/grammar/correct -H 'Content-Type: application/json' -d '{"sentence": "She goed to school."}'`;
