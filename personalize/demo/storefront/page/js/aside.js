// "Not this", and taking it back.

import { ask } from "./gateway.js";
import { AGAIN, NOT_THIS } from "./queries.js";
import { state } from "./state.js";
import { word } from "./words.js";

const of = (id) => document.getElementById(id);
const KEPT = 12;
let again = () => {};

/** `changed` draws the listing anew. */
export const prepare = (changed) => { again = changed; };

/** Put an item aside: remembered where the visitor may be, refused in words where not. */
export async function refuse({ id, name }) {
  const { personalization } = await ask(NOT_THIS, { id });
  if (!personalization.notInterested) return say(word("consentFirst"));
  state.aside.set(id, name);
  if (state.aside.size > KEPT) state.aside.delete(state.aside.keys().next().value);
  write();
  await again();
  keep(of("aside-list").lastElementChild?.querySelector("button"));
  return say(word("gone", { name }));
}

async function back(id, name) {
  const { personalization } = await ask(AGAIN, { id });
  const { done, message } = personalization.interestedAgain;
  if (!done) return say(message);
  state.aside.delete(id);
  write();
  await again();
  keep(document.querySelector(`#ours-grid [data-id="${CSS.escape(id)}"] .open`) ?? of("listing"));
  return say(word("back", { name }));
}

/** Show what is put aside, each with its way back. */
export function write() {
  of("aside").hidden = state.aside.size === 0;
  of("aside-list").replaceChildren(...[...state.aside].map(([id, name]) => {
    const row = Object.assign(document.createElement("li"), { textContent: name });
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: word("undo") });
    button.setAttribute("aria-label", `${word("undo")}: ${name}`);
    button.addEventListener("click", () => back(id, name));
    row.append(button);
    return row;
  }));
}

// The button that had the focus may be gone: what it did can be undone from there.
function keep(element) {
  if (document.activeElement === document.body) element?.focus({ preventScroll: true });
}

const say = (text) => { of("said").textContent = text; };
