"use strict";
(() => {
  const root = document.documentElement;
  const theme = document.getElementById("theme");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : dark.matches);
  const showTheme = () => theme.setAttribute("aria-pressed", String(isDark()));
  theme.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    showTheme();
  });
  dark.addEventListener("change", showTheme);
  theme.hidden = false;
  showTheme();

  const table = document.getElementById("table");
  if (!table) return;
  // The phone layout turns cells into blocks, and browsers then forget that this is a table: say it.
  const roles = { TABLE: "table", THEAD: "rowgroup", TBODY: "rowgroup", TR: "row", TD: "cell" };
  for (const part of [table, ...table.querySelectorAll("thead, tbody, tr, td, th")]) {
    part.setAttribute("role", roles[part.tagName] ?? (part.scope === "row" ? "rowheader" : "columnheader"));
  }

  const search = document.getElementById("search");
  const status = document.getElementById("status");
  const found = document.getElementById("found");
  const rows = [...table.tBodies[0].rows].map((row) => ({
    row,
    status: row.dataset.status,
    text: [...row.cells].map((cell) => cell.textContent).join(" ").toLowerCase(),
  }));
  const count = (n) => n.toLocaleString("en");
  const apply = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const one of rows) {
      const match =
        (!status.value || one.status === status.value) && words.every((word) => one.text.includes(word));
      one.row.hidden = !match;
      shown += match;
    }
    const narrowed = words.length || status.value;
    found.textContent = narrowed ? `${count(shown)} of ${count(rows.length)} rows shown` : `${count(rows.length)} rows`;
  };
  let waiting;
  search.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(apply, 120); // a screen reader should hear the result once, not at each key
  });
  status.addEventListener("change", apply);
  const form = search.form;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
})();
