// Runs in a report's page with Vega: draws the page's charts again where they stand, with tooltips and selections.
// @ts-check
/// <reference lib="dom" />

/**
 * @typedef {import("vega").Spec} Drawing
 * @typedef {{ data: Record<string, object[]>, drawings: Record<string, Drawing> }} Chart
 */

/**
 * @param {typeof import("vega")} vega
 * @param {object} expressionInterpreter of vega-interpreter: the page's policy forbids to make code of expressions
 */
// deno-lint-ignore no-unused-vars -- called by the page, see scripts.ts
function drawCharts(vega, expressionInterpreter) {
  const refuse = () => Promise.reject(new Error("a report loads nothing"));
  const LOADER = { load: refuse, sanitize: refuse, http: refuse, file: refuse };

  /** The data is in the page once, for the drawings of every width. @param {Chart} chart @param {string} kind */
  const specification = (chart, kind) => {
    const spec = /** @type {Drawing} */ (structuredClone(chart.drawings[kind]));
    for (const table of spec.data ?? []) {
      if (!Object.hasOwn(chart.data, table.name)) continue;
      Object.assign(table, { values: structuredClone(chart.data[table.name]) });
    }
    return spec;
  };

  /** @param {HTMLElement} figure */
  const draw = async (figure) => {
    const text = figure.parentElement?.querySelector(":scope > script[type='application/json']")?.textContent;
    const still = figure.querySelector("svg");
    if (!text || !still) return;
    // Cells that lead to a page are links in the still picture, which keyboards reach; Vega would make them clicks.
    const links = still.querySelectorAll("a[href]");
    if (links.length > 0) return showLabels(figure, links);
    const spec = specification(JSON.parse(text), figure.dataset.drawing ?? "");
    const place = document.createElement("div");
    place.className = "drawing";
    // Vega measures what is in the page; the still picture stays in sight until the new one is complete.
    place.hidden = true;
    figure.append(place);
    const view = new vega.View(vega.parse(spec, undefined, { ast: true }), {
      renderer: "svg",
      container: place,
      hover: true,
      expr: expressionInterpreter,
      loader: LOADER,
      logLevel: vega.Error,
      tooltip: showTooltip,
    });
    const { autosize } = spec;
    const fits = typeof autosize === "object" && "type" in autosize && autosize.type === "fit-x";
    const full = view.width();
    if (fits && figure.clientWidth < full) view.width(figure.clientWidth);
    await view.runAsync();
    place.hidden = false;
    still.remove();
    figure.dataset.interactive = "true";
    if (!fits) return;
    new ResizeObserver(() => {
      const width = Math.min(figure.clientWidth, full);
      if (width > 0 && width !== view.width()) view.width(width).runAsync();
    }).observe(figure);
  };

  const tooltip = document.createElement("div");
  tooltip.className = "chart-tooltip";
  tooltip.hidden = true;
  document.body.append(tooltip);

  /**
   * Vega's tooltip handler. Everything is set as text: values come from the shop's data.
   * @param {unknown} _handler @param {{ clientX?: number, clientY?: number }} event @param {unknown} _item @param {unknown} value
   */
  function showTooltip(_handler, event, _item, value) {
    tooltip.hidden = value === undefined || value === null || value === "";
    if (tooltip.hidden) return;
    const rows = typeof value === "object" && !Array.isArray(value)
      ? Object.entries(value ?? {})
      : [/** @type {[string, unknown]} */ (["", value])];
    tooltip.replaceChildren(...rows.map(([name, shown]) => {
      const row = document.createElement("div");
      const label = document.createElement("span");
      label.textContent = name;
      const text = document.createElement("strong");
      text.textContent = typeof shown === "object" ? JSON.stringify(shown) : String(shown);
      row.append(...(name === "" ? [text] : [label, text]));
      return row;
    }));
    const { clientX = 0, clientY = 0 } = event;
    const { width, height } = tooltip.getBoundingClientRect();
    tooltip.style.left = `${Math.max(4, Math.min(clientX + 14, innerWidth - width - 4))}px`;
    tooltip.style.top = `${clientY + 14 + height > innerHeight ? clientY - height - 10 : clientY + 14}px`;
  }

  /** @param {HTMLElement} figure @param {NodeListOf<Element>} links */
  function showLabels(figure, links) {
    for (const link of links) {
      const label = link.querySelector("[aria-label]")?.getAttribute("aria-label");
      const show = (/** @type {Event} */ event) => {
        if (event instanceof PointerEvent) return showTooltip(undefined, event, undefined, label);
        const { left, bottom } = link.getBoundingClientRect();
        showTooltip(undefined, { clientX: left, clientY: bottom }, undefined, label);
      };
      for (const type of ["pointermove", "focus"]) link.addEventListener(type, show);
      for (const type of ["pointerleave", "blur"]) link.addEventListener(type, () => tooltip.hidden = true);
    }
    figure.dataset.interactive = "true";
  }

  // One after the other, when it comes near the screen: that of phones and that for wide screens are never both seen.
  const nearScreen = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting || !(target instanceof HTMLElement)) continue;
      nearScreen.unobserve(target);
      draw(target).catch((error) => {
        // The still picture is there; who looks for the reason finds it.
        target.querySelector(".drawing")?.remove();
        console.warn("chart stays a still picture:", error);
      });
    }
  }, { rootMargin: "400px" });
  for (const figure of document.querySelectorAll("figure.chart[data-drawing]")) nearScreen.observe(figure);
}
