// The headers of the last request: what a storefront adds, and what comes back.

import { onAnswer } from "./gateway.js";

const of = (id) => document.getElementById(id);
const BRIEF = ["X-Personalize-Context", "X-Personalize-Experiment", "Cache-Control"];
const ORDER = ["x-personalize-visitor", "x-personalize-experiment", "server-timing", "cache-control"];

export function prepare() {
  onAnswer(({ sent, received, status, query, variables, took }) => {
    const all = Object.fromEntries([...Object.entries(sent), ...Object.entries(received)].map(([name, value]) => [name.toLowerCase(), value]));
    const inside = /dur=([\d.]+)/.exec(received["server-timing"] ?? "");
    const times = `${status} · ${took.toFixed(0)} ms${inside ? `, ${Number(inside[1]).toFixed(1)} ms in the gateway` : ""}`;
    const brief = BRIEF.filter((name) => all[name.toLowerCase()]).map((name) => code(`${name}: ${all[name.toLowerCase()]}`));
    of("brief").replaceChildren(times, ...brief);
    of("sent").replaceChildren(...rows(Object.entries(sent)));
    of("received").replaceChildren(...rows(Object.entries(received).sort(([one], [other]) => rank(one) - rank(other))));
    of("operation").textContent = `${query}\n\n${JSON.stringify(variables)}`;
  });
}

const rank = (name) => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);
const code = (text) => Object.assign(document.createElement("code"), { textContent: text });

function rows(pairs) {
  return pairs.flatMap(([name, value]) => {
    const term = Object.assign(document.createElement("dt"), { textContent: name });
    const said = Object.assign(document.createElement("dd"), { textContent: value });
    if (name.toLowerCase().startsWith("x-personalize")) term.className = "ours";
    return [term, said];
  });
}
