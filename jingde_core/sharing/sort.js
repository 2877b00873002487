
"use strict";
/* A click on a heading sorts its table; a second one turns the order; what is unknown stays last. */
for (const table of document.querySelectorAll("table.jd-sortable")) {
  const body = table.tBodies[0];
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    head.tabIndex = 0;
    const go = () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const key = (row) => {
        const cell = row.cells[column];
        if (!cell || cell.classList.contains("jd-none")) return null;
        if (!cell.classList.contains("jd-number")) return cell.textContent;
        return parseFloat((cell.lastChild || cell).textContent.replace(/[,%]/g, ""));
      };
      const compare = (a, b) => {
        const [x, y] = [key(a), key(b)];
        if (x === null || y === null) return (x === null) - (y === null);
        const order = typeof x === "number" ? x - y : x.localeCompare(y, "zh");
        return down ? -order : order;
      };
      body.append(...[...body.rows].sort(compare));
    };
    head.addEventListener("click", go);
    head.addEventListener("keydown", (event) => event.key === "Enter" && go());
  });
}
