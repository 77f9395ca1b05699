// What is nicer with a script and works without: parts that renew themselves, forms that send themselves.
"use strict";
(() => {
  const say = document.createElement("p");
  say.className = "hidden";
  say.setAttribute("role", "status");
  document.body.append(say);

  async function renew(part, address) {
    const answer = await fetch(address, { headers: { Accept: "text/html" }, redirect: "error" });
    if (!answer.ok) return false;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById(part.id);
    if (!fresh) return false;
    if (fresh.innerHTML !== part.innerHTML) part.replaceChildren(...fresh.childNodes);
    return true;
  }

  for (const part of document.querySelectorAll("[data-live]")) {
    const seconds = Math.max(2, Number(part.dataset.live));
    const again = async () => {
      const busy = document.hidden || part.contains(document.activeElement) || part.querySelector("details[open]");
      try {
        if (!busy && !(await renew(part, location.href))) return;
      } catch { /* the next turn tries again */ }
      setTimeout(again, seconds * 1000);
    };
    setTimeout(again, seconds * 1000);
  }

  for (const form of document.querySelectorAll("form[data-auto]")) {
    form.addEventListener("change", (event) => {
      if (event.target.matches("select, input[type=checkbox], input[type=radio], input[type=range]")) form.requestSubmit();
    });
  }
})();
