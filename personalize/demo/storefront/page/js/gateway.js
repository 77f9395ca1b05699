// The one way to the shop: GraphQL over the gateway, and what the headers said.

import { spoken } from "./words.js";
import { state } from "./state.js";

export const last = { sent: {}, received: {}, status: 0, query: "", variables: {}, took: 0 };
const told = [];
let url = "";

export const connect = (address) => { url = address; };

/** Call `listener` whenever a request of the visitor was answered. */
export const onAnswer = (listener) => told.push(listener);

/** The headers of who is here and in which situation: all that a storefront has to add to its requests. */
export function visit() {
  const headers = { "X-Personalize-Consent": state.consent ? "personalization, experiments" : "none" };
  const id = state.ids[state.person];
  if (state.consent && id) headers["X-Personalize-Visitor"] = id;
  const context = ["mood", "mode", "store"].filter((name) => state[name]).map((name) => `${name}=${state[name]}`);
  if (context.length) headers["X-Personalize-Context"] = context.join(", ");
  return headers;
}

/** Send an operation; `headers` replaces those of the visit. Its data, or an Error with the first message. */
export async function ask(query, variables = {}, headers = null) {
  const sent = { "Content-Type": "application/json", "Accept-Language": spoken(), ...(headers ?? visit()) };
  const person = state.person;
  const started = performance.now();
  const response = await fetch(url, { method: "POST", headers: sent, body: JSON.stringify({ query, variables }) });
  const { data, errors } = await response.json();
  if (headers === null) {
    const id = response.headers.get("X-Personalize-Visitor");
    if (id && state.consent && person !== "guest") state.ids[person] = id;
    const received = Object.fromEntries(response.headers);
    Object.assign(last, { sent, received, status: response.status, query, variables, took: performance.now() - started });
    for (const listener of told) listener(last);
  }
  if (!data) throw new Error(errors?.[0]?.message ?? `status ${response.status}`);
  return data;
}
