"use strict";
// A heading sorts its table: numbers by data-value, what has none last, everything else as text; rows that tie keep their order.
const key = (row, column) => {
  const field = row.cells[column];
  const value = field.dataset.value;
  if (value === undefined) return field.textContent;
  return value === "" ? null : value === "inf" ? Infinity : Number(value);
};
const compare = (a, b, sign) => {
  if (a === null || b === null) return (a === null) - (b === null);
  if (typeof a === "number" && typeof b === "number") return sign * (a < b ? -1 : a > b ? 1 : 0);
  return sign * String(a).localeCompare(String(b), "en", { numeric: true });
};
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    head.querySelector("button").addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") !== "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const rows = [...table.tBodies[0].rows];
      rows.sort((a, b) => compare(key(a, column), key(b, column), up ? 1 : -1));
      table.tBodies[0].append(...rows);
    });
  });
}
