// The demo's invented weather: told what it is, and waited for until the gateway has seen it.

import { ask } from "./gateway.js";
import { SITUATION } from "./queries.js";

const TRIES = 120;
const PAUSE = 250; // ms
let url = "";
let wanted = 0;
let before = Promise.resolve();

export const script = (address) => { url = address; };

/** The sky as it is: `{ temperature, weather }`. */
export const sky = async () => (await fetch(url)).json();

/** Make another sky; true once the gateway knows it, false where a later one came between or it takes too long. */
export async function turn(changes) {
  const mine = ++wanted;
  const body = JSON.stringify({ ...changes, daylight: true });
  const told = before.then(() => fetch(url, { method: "POST", headers: { "Content-Type": "application/json" }, body }));
  before = told.catch(() => {}); // one after the other: of two at once, the earlier could come last and stay
  const made = await (await told).json();
  for (let tries = 0; tries < TRIES && mine === wanted; tries += 1) {
    const { personalization } = await ask(SITUATION, {}, {});
    const seen = Object.fromEntries(personalization.visit.context.map((fact) => [fact.name, fact.value]));
    if (seen.weather === made.weather && Number(seen.temperature) === made.temperature) return mine === wanted;
    await new Promise((resume) => setTimeout(resume, PAUSE));
  }
  return false;
}
