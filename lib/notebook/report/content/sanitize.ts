/**
 * What a notebook's outputs may bring into a page: text, tables, images and drawings, but nothing that runs, loads
 * or leaves its place.
 */
// @ts-types="@types/sanitize-html"
import sanitize from "sanitize-html";
import { isOwnPath } from "../../charts/render_svg.ts";

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
  exclusiveFilter: ({ tag, attribs }) => tag === "img" && !PICTURE_DATA.test(attribs.src ?? ""),
};

const PICTURE_DATA = /^data:image\/(png|jpeg|gif|webp|svg\+xml)[;,]/;

const COLOUR = [/^#[\da-f]{3,8}$/i, /^(rgb|hsl)a?\([\d\s.,%/]+\)$/i, /^[a-z]+$/i];
const LENGTH = [/^[\d.]+(px|em|rem|ex|ch|pt|%|vw)?$/i, /^auto$/i];
/** Styles that change how a text looks, and none of what places it over another part of the page. */
const STYLES: Record<string, RegExp[]> = {
  "color": COLOUR,
  "background-color": COLOUR,
  "background": COLOUR,
  "text-align": [/^(left|right|center|justify)$/],
  "text-decoration": [/^(underline|line-through|none|overline)$/],
  "font-weight": [/^(\d{3}|bold|normal|lighter|bolder)$/],
  "font-style": [/^(italic|normal|oblique)$/],
  "font-size": [/^[\d.]{1,4}(px|em|rem|pt|%)$/, /^(x{0,2}-?(small|large)|medium|smaller|larger)$/],
  "float": [/^(left|right|none)$/],
  "width": LENGTH,
  "height": LENGTH,
  "max-width": LENGTH,
  "max-height": LENGTH,
  "margin": [/^[\d.\s]+(px|em|rem|%|auto|[\d.\s])*$/i, /^auto$/],
  "padding": [/^[\d.\s]+(px|em|rem|%|[\d.\s])*$/i],
  "border": [/^[\d.]+(px|em)? (solid|dashed|dotted|double) [#\w]+$/],
  "border-left": [/^[\d.]+(px|em)? (solid|dashed|dotted|double) [#\w]+$/],
  "vertical-align": [/^(top|middle|bottom|baseline|sub|super)$/],
};

interface ProseOptions {
  /** Ids of the page that its texts must not take. */
  reservedIds: string[];
  /** The data of a picture that is not in the text itself, if it is known. */
  picture(source: string): string | undefined;
}

/** HTML of Markdown: what {@linkcode sanitizeHtml} keeps, and the looks that authors give their prose. */
export function sanitizeProse(html: string, { reservedIds, picture }: ProseOptions): string {
  const allowed = (id: string | undefined) => id === undefined || reservedIds.includes(id) ? {} : { id };
  return sanitize(html, {
    ...HTML,
    allowedTags: [...HTML.allowedTags as string[], ...PROSE_TAGS],
    allowedAttributes: {
      "*": ["style", "align", "title", "dir", "lang"],
      ...Object.fromEntries(
        ["h1", "h2", "h3", "h4", "h5", "h6", "p", "div", "span"].map((tag) => [tag, ["id"]]),
      ),
      a: ["href", "id", "rel"],
      img: ["src", "alt", "width", "height"],
      ol: ["start", "type"],
      details: ["open"],
      table: ["border", "width"],
      th: ["colspan", "rowspan", "scope", "width", "valign"],
      td: ["colspan", "rowspan", "width", "valign", "data-value"],
    },
    // Of a picture that is not there, another element is left, which has no source.
    exclusiveFilter: ({ tag, attribs: { src } }) =>
      tag === "img" && src !== undefined && !PICTURE_DATA.test(src),
    allowedStyles: { "*": STYLES },
    allowedClasses: {
      "*": CLASSES,
      code: ["language-*"],
      div: [...CLASSES, ...ALERTS],
      p: [...CLASSES, ...ALERTS],
    },
    transformTags: {
      "*": (tagName, { id, ...attribs }) => ({ tagName, attribs: { ...readable(attribs), ...allowed(id) } }),
      a: (tagName, { name, id = name, ...attribs }) => ({
        tagName,
        attribs: {
          ...attribs,
          ...allowed(id),
          ...(attribs.href !== undefined && !attribs.href.startsWith("#") && { rel: "noopener noreferrer" }),
        },
      }),
      img: (_, { src = "", alt = "", ...attribs }) => {
        const data = PICTURE_DATA.test(src) ? src : picture(src);
        if (data !== undefined) return { tagName: "img", attribs: { ...attribs, src: data, alt } };
        // Pages load nothing. What is no address of the web leads nowhere from here.
        if (/^https?:/i.test(src)) {
          return { tagName: "a", attribs: { href: src, rel: "noopener noreferrer" }, text: alt || src };
        }
        return { tagName: "em", attribs: {}, text: alt || `picture ${src}` };
      },
      font: (_, { color, style = "" }) => ({
        tagName: "span",
        attribs: readable({ style: `${color ? `color:${color};` : ""}${style}` }),
      }),
      center: () => ({ tagName: "div", attribs: { style: "text-align:center" } }),
      input: (_, { type, checked }) =>
        type === "checkbox"
          ? { tagName: "span", attribs: {}, text: checked === undefined ? "☐" : "☑" }
          : { tagName: "input", attribs: {} },
    },
  });
}

/** Jupyter's boxes for notes. */
const ALERTS = ["alert", "alert-info", "alert-success", "alert-warning", "alert-danger"];

const PROSE_TAGS = [
  ...["kbd", "mark", "del", "ins", "strike", "big", "tt", "var", "samp", "q", "cite", "abbr", "dfn"],
  ...["details", "summary", "figure", "figcaption", "section", "article"],
];

/** A background of its own needs a text colour of its own: the page's may be light or dark. */
function readable(attribs: Record<string, string>): Record<string, string> {
  const { style = "" } = attribs;
  if (!/background(-color)?\s*:/i.test(style) || /(^|;)\s*color\s*:/i.test(style)) return attribs;
  return { ...attribs, style: `${style.replace(/;?\s*$/, "")};color:#14191f` };
}

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

const SVG_TAGS = [
  ...["svg", "g", "a", "path", "line", "rect", "circle", "ellipse", "polygon", "polyline", "text", "tspan"],
  ...["defs", "clipPath", "linearGradient", "radialGradient", "stop", "title", "desc"],
];

const SVG_PARSER = { xmlMode: true, lowerCaseTags: false, lowerCaseAttributeNames: false };

const SVG: sanitize.IOptions = {
  allowedTags: SVG_TAGS,
  allowedAttributes: { "*": SVG_ATTRIBUTES, a: ["href"] },
  // Text of what is dropped would otherwise stay as text of the page.
  nonTextTags: ["script", "style", "foreignObject"],
  parser: SVG_PARSER,
};

/**
 * Keeps shapes and text of an SVG. Its ids get `prefix`, since several drawings share the page; references to
 * anything outside of the drawing are dropped, but for links to pages of the same server.
 */
export function sanitizeSvg(svg: string, prefix: string): string {
  return sanitize(svg, {
    ...SVG,
    transformTags: {
      "*": (tagName, attribs) => ({
        tagName,
        attribs: Object.fromEntries(
          Object.entries(tagName === "a" ? ownLink(attribs) : attribs)
            .filter(([, value]) => !/url\((?!\s*['"]?#)/i.test(value))
            .map(([name, value]) => [
              name,
              name === "id" ? prefix + value : value.replace(/url\(\s*(['"]?)#/gi, `url($1#${prefix}`),
            ]),
        ),
      }),
    },
  });
}

/** The link of an element, where it is to a page of the same server; Vega writes it as XLink has it. */
function ownLink({ href, "xlink:href": old, ...attribs }: Record<string, string>): Record<string, string> {
  const link = href ?? old;
  return link !== undefined && isOwnPath(link) ? { ...attribs, href: link } : attribs;
}

/** Elements of an SVG without a look, or whose content stays without them; those of other vocabularies describe it. */
const UNSEEN_IN_SVG = ["script", "metadata", "set", "animate", "animateTransform", "animateMotion"];
/** Attributes that change how a shape looks and that {@linkcode sanitizeSvg} drops. */
const SVG_LOOKS = /^(style|filter|mask|marker|marker-(start|mid|end)|paint-order|textLength)$/;

/**
 * Whether an SVG would look otherwise after {@linkcode sanitizeSvg}: matplotlib styles each shape and draws its letters
 * with `use`, others have a style sheet. {@linkcode completeSvg} keeps it whole.
 */
export function losesItsLook(svg: string): boolean {
  let loses = false;
  sanitize(svg, {
    ...SVG,
    onOpenTag(name, attributes) {
      if (!SVG_TAGS.includes(name) && !UNSEEN_IN_SVG.includes(name) && !name.includes(":")) loses = true;
      if (Object.keys(attributes).some((attribute) => SVG_LOOKS.test(attribute))) loses = true;
    },
  });
  return loses;
}

/**
 * The whole SVG as XML, for the source of an `img`: browsers run no scripts in such a picture, load nothing for it and
 * open no links of it. Written by hand for HTML it may lack the namespaces that a file needs.
 */
export function completeSvg(svg: string): string {
  return sanitize(svg, {
    allowedTags: false,
    allowedAttributes: false,
    allowVulnerableTags: true,
    allowedSchemes: ["data"],
    parseStyleAttributes: false,
    exclusiveFilter: ({ tag }) => tag === "script",
    parser: SVG_PARSER,
    transformTags: {
      // In an image nothing runs; should a reader open the image by itself, nothing is there to run.
      "*": (tagName, attribs) => ({
        tagName,
        attribs: Object.fromEntries(
          Object.entries(attribs).filter(([name, value]) =>
            !/^on/i.test(name) && !/^\s*javascript:/i.test(value)
          ),
        ),
      }),
      svg: (tagName, attribs) => ({
        tagName,
        attribs: {
          "xmlns": "http://www.w3.org/2000/svg",
          "xmlns:xlink": "http://www.w3.org/1999/xlink",
          ...attribs,
        },
      }),
    },
  });
}
