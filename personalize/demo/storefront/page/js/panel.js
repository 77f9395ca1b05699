// The controls: weather, who is here, and what they say of today.

import { choose, state } from "./state.js";
import { dress, spoken, word } from "./words.js";

const MOODS = ["excited", "happy", "calm", "stressed", "sad", "tired"];
const MODES = ["mission", "browse", "inspire", "gift", "bargain"];
const form = document.getElementById("controls");
const fields = form.elements;

/** Fill the controls; `acts` has `weather(changes)` and `reset()`. */
export function prepare({ people, stores }, acts) {
  people.forEach((person, number) => { state.ids[number] = person.id; });
  write({ people, stores });
  form.addEventListener("input", ({ target }) => { if (target.name === "temperature") degrees(); });
  form.addEventListener("change", ({ target }) => {
    const { name, value } = target;
    if (name === "sky" || name === "temperature") acts.weather({ weather: fields.sky.value, temperature: Number(fields.temperature.value) });
    else if (name === "person") choose({ person: value, consent: value !== "guest" });
    else if (name === "consent") choose({ consent: target.checked, person: target.checked && state.person === "guest" ? "fresh" : state.person });
    else if (name in state) choose({ [name]: value });
    reflect();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  document.getElementById("reset").addEventListener("click", acts.reset);
}

/** Write everything that has words in it, in the page's language. */
export function write({ people, stores }) {
  const rows = [
    ["guest", word("guest"), word("guestLikes")],
    ["fresh", word("fresh"), word("freshLikes")],
    ...people.map((person, number) => [String(number), person.name, person.likes[spoken()]]),
  ];
  document.getElementById("people").replaceChildren(...rows.map(row));
  options(fields.mood, MOODS.map((one) => [one, word(one)]));
  options(fields.mode, MODES.map((one) => [one, word(one)]));
  options(fields.store, stores.map(({ code, city }) => [code, city]));
  dress(form);
  reflect();
}

/** Set the weather's controls to a sky. */
export function weather({ temperature, weather: kind }) {
  fields.temperature.value = temperature;
  const known = form.querySelector(`[name=sky][value=${kind}]`);
  if (known) known.checked = true;
  degrees();
}

/** Show what is chosen. */
export function reflect() {
  fields.person.value = state.person;
  fields.consent.checked = state.consent;
  for (const name of ["mood", "mode", "store"]) fields[name].value = state[name];
  document.getElementById("reset").disabled = !state.consent;
  degrees();
}

function degrees() {
  const text = `${Number(fields.temperature.value).toLocaleString(spoken())} °C`;
  document.getElementById("degrees").value = text;
  fields.temperature.setAttribute("aria-valuetext", text);
}

function row([value, name, likes]) {
  const label = document.createElement("label");
  const input = Object.assign(document.createElement("input"), { type: "radio", name: "person", value });
  const words = document.createElement("span");
  const small = Object.assign(document.createElement("small"), { textContent: likes });
  words.append(name, small);
  label.append(input, words);
  return label;
}

function options(select, rows) {
  const made = [["", word("nothing")], ...rows].map(([value, text]) => new Option(text, value));
  select.replaceChildren(...made);
}
