// What is chosen on the page, and who listens to it.

export const state = {
  collection: "accessories",
  view: matchMedia("(min-width: 70rem)").matches ? "compare" : "ours",
  person: "guest", // "guest", "fresh", or the number of a simulated shopper
  consent: false,
  mood: "", mode: "", store: "",
  ids: {}, // person -> the signed id that stands for them
  aside: new Map(), // id -> name of what was refused, the last 12
};

const listeners = [];

/** Call `listener` with the names of what changed. */
export const watch = (listener) => listeners.push(listener);

/** Change something, and tell whoever listens. */
export function choose(changes) {
  const changed = Object.keys(changes).filter((name) => state[name] !== changes[name]);
  Object.assign(state, changes);
  if (changed.length) for (const listener of listeners) listener(changed);
}
