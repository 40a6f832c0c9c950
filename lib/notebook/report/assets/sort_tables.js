// Runs in a report's page: headings of tables become buttons that sort their rows.
// @ts-check
/// <reference lib="dom" />
{
  const MISSING = ["", "–", "-", "—", "null", "NaN"];

  /**
   * A cell's number: the exact one that the table gives, or that of its text, with separators, a currency or a unit.
   * @param {string} text
   * @param {string | undefined} exact
   */
  const numberIn = (text, exact) => {
    if (exact !== undefined) return Number(exact);
    const digits = text.replace(/^([-−+]?)\s*[€$£¥]\s*/, "$1").replace(/\s*(%|[€$£¥×]|ms|s|h|days?)$/, "");
    if (!/^[-−+]?(\d{1,3}(,\d{3})+|\d+)?(\.\d+)?(e[-+]?\d+)?$/i.test(digits)) return NaN;
    return Number(digits.replace("−", "-").replaceAll(",", ""));
  };

  const words = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

  /**
   * The rows in the order of a column; rows without a value stay last, whichever way.
   * @param {HTMLTableRowElement[]} rows
   * @param {number} column
   * @param {boolean} descending
   */
  const sorted = (rows, column, descending) => {
    const keyed = rows.map((row) => {
      const cell = row.cells[column];
      const text = (cell?.textContent ?? "").trim();
      return { row, text, missing: MISSING.includes(text), number: numberIn(text, cell?.dataset.value) };
    });
    const present = keyed.filter(({ missing }) => !missing);
    const numeric = present.every(({ number }) => !Number.isNaN(number));
    const sign = descending ? -1 : 1;
    present.sort((a, b) => sign * (numeric ? a.number - b.number : words.compare(a.text, b.text)));
    return [...present, ...keyed.filter(({ missing }) => missing)].map(({ row }) => row);
  };

  /** @param {HTMLTableElement} table */
  const makeSortable = (table) => {
    const head = table.tHead?.rows.length === 1 ? table.tHead.rows[0] : undefined;
    const body = table.tBodies.length === 1 ? table.tBodies[0] : undefined;
    if (!head || !body || body.rows.length < 2) return;
    const original = [...body.rows];
    // Cells that span several columns or rows have no order.
    if ([head, ...original].some((row) => row.querySelector("[colspan], [rowspan]"))) return;
    const headings = [...head.cells];
    headings.forEach((heading, column) => {
      if (heading.textContent?.trim() === "") return;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.title = "Sort by this column";
      button.append(...heading.childNodes);
      heading.append(button);
      button.addEventListener("click", () => {
        const next = { ascending: "descending", descending: "none" }[heading.ariaSort ?? ""] ?? "ascending";
        for (const other of headings) other.removeAttribute("aria-sort");
        if (next !== "none") heading.setAttribute("aria-sort", next);
        body.append(...(next === "none" ? original : sorted(original, column, next === "descending")));
      });
    });
  };

  for (const table of document.querySelectorAll("main table")) {
    if (table instanceof HTMLTableElement) makeSortable(table);
  }
}
