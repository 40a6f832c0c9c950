/**
 * What a notebook's outputs may bring into a page: text, tables, images and drawings, but nothing that runs, loads
 * or leaves its place.
 */
// @ts-types="@types/sanitize-html"
import sanitize from "sanitize-html";

/** Classes that our stylesheet knows; others of a notebook could disguise its output as a part of the page. */
const CLASSES = [
  "data",
  "long",
  "number",
  "metrics",
  "metric",
  "metric-label",
  "metric-value",
  "metric-note",
  "table-note",
  "table-caption",
];

const HTML: sanitize.IOptions = {
  allowedTags: [
    ...[
      "p",
      "div",
      "span",
      "b",
      "strong",
      "i",
      "em",
      "u",
      "s",
      "sub",
      "sup",
      "small",
      "code",
      "pre",
      "br",
      "hr",
    ],
    ...["h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "ul", "ol", "li", "dl", "dt", "dd", "a", "img"],
    ...["table", "caption", "colgroup", "col", "thead", "tbody", "tfoot", "tr", "th", "td"],
  ],
  allowedAttributes: {
    a: ["href"],
    img: ["src", "alt", "width", "height"],
    th: ["colspan", "rowspan", "scope"],
    td: ["colspan", "rowspan", "data-value"],
  },
  allowedClasses: { "*": CLASSES },
  allowedSchemes: ["https", "http", "mailto"],
  allowedSchemesByTag: { img: ["data"] },
  allowProtocolRelative: false,
  // data:text/html in an image does nothing, but only pictures belong there.
  exclusiveFilter: ({ tag, attribs }) =>
    tag === "img" && !/^data:image\/(png|jpeg|gif|webp);/.test(attribs.src ?? ""),
};

const SVG_ATTRIBUTES = [
  ...["xmlns", "version", "class", "id", "width", "height", "viewBox", "role", "aria-label", "aria-hidden"],
  ...[
    "aria-roledescription",
    "transform",
    "d",
    "x",
    "y",
    "x1",
    "x2",
    "y1",
    "y2",
    "dx",
    "dy",
    "cx",
    "cy",
    "r",
  ],
  ...["rx", "ry", "fx", "fy", "points", "fill", "fill-opacity", "fill-rule", "stroke", "stroke-opacity"],
  ...["stroke-width", "stroke-dasharray", "stroke-dashoffset", "stroke-linecap", "stroke-linejoin"],
  ...[
    "stroke-miterlimit",
    "opacity",
    "display",
    "visibility",
    "clip-path",
    "clip-rule",
    "offset",
    "stop-color",
  ],
  ...[
    "stop-opacity",
    "gradientUnits",
    "gradientTransform",
    "spreadMethod",
    "text-anchor",
    "dominant-baseline",
  ],
  ...["font-family", "font-size", "font-weight", "font-style", "letter-spacing", "preserveAspectRatio"],
];

/** Keeps text, tables and pictures that are inside the HTML; drops scripts, styles, forms, frames and handlers. */
export function sanitizeHtml(html: string): string {
  return sanitize(html, HTML);
}

/**
 * Names of the elements that the HTML has and {@linkcode sanitizeHtml} would drop; `style`, too, where elements are
 * styled one by one.
 */
export function droppedElements(html: string): Set<string> {
  const found = new Set<string>();
  const onOpenTag = (name: string, attributes: Record<string, string>) => {
    found.add(name);
    if (hasOwnLook(attributes)) found.add("style");
  };
  sanitize(html, { ...HTML, onOpenTag });
  return found.difference(new Set([...HTML.allowedTags as string[], ...TRANSPARENT]));
}

/** Whether an element would look otherwise without its styles; ours are for Jupyter, and pages have their own. */
function hasOwnLook({ style = "", class: classes = "" }: Record<string, string>): boolean {
  if (classes.split(/\s+/).some((name) => CLASSES.includes(name))) return false;
  return style.split(";").some((rule) => /^\s*(?!text-align\b)[a-z-]+\s*:/i.test(rule));
}

/** Elements without a look of their own: their content stays. */
const TRANSPARENT = [
  "html",
  "head",
  "body",
  "title",
  "main",
  "section",
  "article",
  "header",
  "footer",
  "figure",
];

/** Tables that are wider than the page scroll by themselves. `html` is sanitised, so its tags are balanced. */
export function withScrollingTables(html: string): string {
  return html.replaceAll(/<table/g, '<div class="table-scroll"><table').replaceAll(
    "</table>",
    "</table></div>",
  );
}

/**
 * Keeps shapes and text of an SVG. Its ids get `prefix`, since several drawings share the page; references to
 * anything outside of the drawing are dropped.
 */
export function sanitizeSvg(svg: string, prefix: string): string {
  return sanitize(svg, {
    allowedTags: [
      ...["svg", "g", "path", "line", "rect", "circle", "ellipse", "polygon", "polyline", "text", "tspan"],
      ...["defs", "clipPath", "linearGradient", "radialGradient", "stop", "title", "desc"],
    ],
    allowedAttributes: { "*": SVG_ATTRIBUTES },
    // Text of what is dropped would otherwise stay as text of the page.
    nonTextTags: ["script", "style", "foreignObject"],
    parser: { xmlMode: true, lowerCaseTags: false, lowerCaseAttributeNames: false },
    transformTags: {
      "*": (tagName, attribs) => ({
        tagName,
        attribs: Object.fromEntries(
          Object.entries(attribs)
            .filter(([, value]) => !/url\(\s*['"]?(?!#)/i.test(value))
            .map(([name, value]) => [
              name,
              name === "id" ? prefix + value : value.replace(/url\(\s*(['"]?)#/gi, `url($1#${prefix}`),
            ]),
        ),
      }),
    },
  });
}
