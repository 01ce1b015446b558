"use strict";
(() => {
  for (const button of document.querySelectorAll(".copy")) {
    const code = button.previousElementSibling.querySelector("code");
    button.hidden = false;
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(code.textContent);
      } catch {
        getSelection().selectAllChildren(code); // no clipboard without permission: it is selected at least
        if (!document.execCommand("copy")) return;
      }
      button.textContent = "Copied";
      setTimeout(() => (button.textContent = "Copy"), 1500);
    });
  }

  const table = document.getElementById("table");
  if (!table) return;
  // The phone layout turns cells into blocks, and browsers then forget that this is a table: say it.
  const roles = { TABLE: "table", THEAD: "rowgroup", TBODY: "rowgroup", TR: "row", TD: "cell" };
  for (const part of [table, ...table.querySelectorAll("thead, tbody, tr, td, th")]) {
    part.setAttribute("role", roles[part.tagName] ?? (part.scope === "row" ? "rowheader" : "columnheader"));
  }

  const search = document.getElementById("search");
  const cause = document.getElementById("cause");
  const found = document.getElementById("found");
  const more = document.getElementById("more");
  const page = matchMedia("(max-width: 760px)").matches ? 50 : 200;
  let most = page;
  const rows = [...table.tBodies[0].rows].map((row) => ({ row, cause: row.dataset.cause }));
  const count = (n) => n.toLocaleString("en");
  const apply = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let matches = 0;
    for (const one of rows) {
      if (words.length) one.text ??= [...one.row.cells].map((cell) => cell.textContent).join(" ").toLowerCase();
      const match = (!cause.value || one.cause === cause.value) && words.every((word) => one.text.includes(word));
      matches += match;
      one.row.hidden = !match || matches > most;
    }
    const all = words.length || cause.value ? `${count(matches)} of ${count(rows.length)} pairs` : `${count(matches)} pairs`;
    found.textContent = matches > most ? `${all}, ${count(most)} shown` : all;
    more.hidden = matches <= most;
    more.textContent = `Show ${count(Math.min(page, matches - most))} more`;
  };
  const start = () => {
    most = page;
    apply();
  };
  let waiting;
  search.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(start, 120); // a screen reader should hear the result once, not at each key
  });
  cause.addEventListener("change", start);
  more.addEventListener("click", () => {
    most += page;
    apply();
  });
  for (const button of document.querySelectorAll(".only")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      cause.value = button.dataset.cause;
      search.value = "";
      start();
      document.getElementById("rows").scrollIntoView();
      cause.focus({ preventScroll: true });
    });
  }
  search.form.addEventListener("submit", (event) => event.preventDefault());
  search.form.hidden = false;
  apply();
})();
