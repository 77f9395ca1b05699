// All words of the page in both languages; the shop's and the gateway's own come in the page's language from there.

const WORDS = {
  en: {
    skip: "Skip to the products", collections: "Collections", language: "Language", controls: "Situation and visitor",
    outside: "Outside", clear: "Sun", cloudy: "Clouds", rain: "Rain", snow: "Snow", temperature: "Temperature",
    visitor: "Who is here", guest: "A guest", guestLikes: "nobody knows them", fresh: "Somebody new",
    freshLikes: "learns as you look", consent: "May be remembered", reset: "Start afresh", today: "Today", mood: "Mood",
    mode: "Here to", store: "Store", nothing: "not said", view: "Order", compare: "Side by side", ours: "For this visit",
    shops: "The shop’s order", facts: "What is assumed of this visit", inspector: "Headers of the last request",
    sent: "Sent", received: "Received", operation: "Operation", close: "Close", not: "Not this", undo: "Undo",
    aside: "Put aside", notThis: "Not this: {name}", open: "Open {name}", place: "Place {place}",
    up: "{n} places up", down: "{n} places down", now: "now in place {n}", later: "not on this page any more",
    products: "{n} products", looked: "The gateway saw this look. Close it, and the list knows.",
    lookedGuest: "A guest’s look is nobody’s: the list stays as it is.",
    reordered: "New order: {first} comes first. {n} of {all} stand elsewhere than in the shop.",
    unchanged: "This is the shop’s own order.", gone: "{name} is put aside.", back: "{name} is back.",
    afresh: "Started afresh.", consentFirst: "Nothing may be remembered of this visit: choose somebody who agreed to it.", failed: "The gateway could not be reached: {why}", size: "from {price}", assigned: "experiment {experiment}: {variant}",
    personal: "For you", code: "code {code}",
    excited: "excited", happy: "happy", calm: "calm", stressed: "stressed", sad: "sad", tired: "tired",
    mission: "get one thing done", browse: "look around", inspire: "be inspired", gift: "find a gift", bargain: "save money",
  },
  de: {
    skip: "Zu den Produkten", collections: "Sortiment", language: "Sprache", controls: "Situation und Besuch",
    outside: "Draußen", clear: "Sonne", cloudy: "Wolken", rain: "Regen", snow: "Schnee", temperature: "Temperatur",
    visitor: "Wer da ist", guest: "Ein Gast", guestLikes: "niemand kennt ihn", fresh: "Jemand Neues",
    freshLikes: "lernt beim Ansehen", consent: "Darf erinnert werden", reset: "Neu anfangen", today: "Heute",
    mood: "Stimmung", mode: "Hier, um", store: "Filiale", nothing: "nicht gesagt", view: "Reihenfolge",
    compare: "Nebeneinander", ours: "Für diesen Besuch", shops: "Reihenfolge des Shops",
    facts: "Was von diesem Besuch angenommen wird", inspector: "Kopfzeilen der letzten Anfrage", sent: "Gesendet",
    received: "Empfangen", operation: "Operation", close: "Schließen", not: "Nicht das", undo: "Rückgängig",
    aside: "Beiseitegelegt", notThis: "Nicht das: {name}", open: "{name} öffnen", place: "Platz {place}",
    up: "{n} Plätze weiter vorn", down: "{n} Plätze weiter hinten", now: "jetzt auf Platz {n}", later: "nicht mehr auf dieser Seite",
    products: "{n} Produkte", looked: "Das Gateway hat diesen Blick gesehen. Nach dem Schließen weiß die Liste davon.",
    lookedGuest: "Der Blick eines Gastes gehört niemandem: Die Liste bleibt, wie sie ist.",
    reordered: "Neue Reihenfolge: {first} steht vorn. {n} von {all} stehen woanders als im Shop.",
    unchanged: "Das ist die Reihenfolge des Shops.", gone: "{name} ist beiseitegelegt.", back: "{name} ist zurück.",
    afresh: "Neu angefangen.", consentFirst: "Von diesem Besuch darf nichts behalten werden: Wählen Sie jemanden, der zugestimmt hat.", failed: "Das Gateway war nicht zu erreichen: {why}", size: "ab {price}", assigned: "Experiment {experiment}: {variant}",
    personal: "Für Sie", code: "Code {code}",
    excited: "aufgeregt", happy: "fröhlich", calm: "ruhig", stressed: "gestresst", sad: "traurig", tired: "müde",
    mission: "eines zu erledigen", browse: "sich umzusehen", inspire: "sich anregen zu lassen", gift: "etwas zu schenken",
    bargain: "zu sparen",
  },
};

let language = navigator.language.startsWith("de") ? "de" : "en";

export const spoken = () => language;

/** The words of a key in the page's language, its {places} filled in. */
export function word(key, places = {}) {
  return WORDS[language][key].replace(/\{(\w+)\}/g, (_, name) => places[name]);
}

/** Speak a language from now on, in every element that asks for words. */
export function speak(chosen) {
  language = chosen;
  document.documentElement.lang = chosen;
  dress(document);
  for (const button of document.querySelectorAll("[data-language]")) {
    button.setAttribute("aria-pressed", String(button.dataset.language === chosen));
  }
}

/** Fill in what `data-word` and `data-label` ask for below an element. */
export function dress(root) {
  for (const one of root.querySelectorAll("[data-word]")) one.textContent = word(one.dataset.word);
  for (const one of root.querySelectorAll("[data-label]")) one.setAttribute("aria-label", word(one.dataset.label));
}

export const number = (value) => value.toLocaleString(language);

/** Minor units as a price. */
export function price(minor, currency) {
  const format = new Intl.NumberFormat(language, { style: "currency", currency });
  return format.format(minor / 10 ** format.resolvedOptions().maximumFractionDigits);
}
