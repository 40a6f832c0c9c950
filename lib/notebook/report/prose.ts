import { escapeHtml } from "shopflow/runtime/mod.ts";
// @ts-types="@types/markdown-it"
import MarkdownIt from "markdown-it";

/** A heading of the page, for its table of contents. */
export interface Heading {
  level: number;
  text: string;
  id: string;
}

/** Turns markdown of one page into HTML and notes its headings. */
export interface ProseRenderer {
  render(markdown: string): string;
  /** The headings so far, in order; their ids are unique. */
  readonly headings: Heading[];
}

/** Ids that the page itself uses, which a heading must not take. */
const PAGE_IDS = ["report", "failure", "failed-cell", "provenance"];

/** HTML inside of the markdown is shown as text; pictures are shown when they are data, else linked. */
export function createProseRenderer(): ProseRenderer {
  const parser = new MarkdownIt({ html: false, linkify: true, typographer: true });
  const headings: Heading[] = [];
  const ids = new Set(PAGE_IDS);

  parser.core.ruler.push("headings", ({ tokens }) => {
    tokens.forEach((token, i) => {
      if (token.type !== "heading_open") return;
      const text = plainText(tokens[i + 1]?.children ?? []);
      const id = uniqueSlug(text, ids);
      token.attrSet("id", id);
      headings.push({ level: Number(token.tag.slice(1)), text, id });
    });
  });
  const { image } = parser.renderer.rules;
  parser.renderer.rules.image = (tokens, i, options, env, self) => {
    const source = tokens[i]?.attrGet("src") ?? "";
    if (image && source.startsWith("data:image/")) return image(tokens, i, options, env, self);
    const label = escapeHtml(tokens[i]?.content || source);
    return `<a href="${escapeHtml(source)}" rel="noopener noreferrer">${label}</a>`;
  };
  parser.renderer.rules.text = (tokens, i) => escapeHtml(keepUnits(tokens[i]?.content ?? ""));
  parser.renderer.rules.table_open = () => '<div class="table-scroll"><table>\n';
  parser.renderer.rules.table_close = () => "</table></div>\n";
  return { headings, render: (markdown) => parser.render(markdown) };
}

/** The first heading of level one and the paragraph below it, and what else the text says. */
interface Opening {
  title?: string;
  /** Plain text. */
  summary?: string;
  rest: string;
}

/**
 * Takes title and summary from the start of a markdown text.
 *
 * @param declared What the report declares itself: with a summary of its own, the first paragraph stays in the text.
 */
export function splitOpening(markdown: string, declared: { summary?: string | undefined } = {}): Opening {
  const parser = new MarkdownIt({ html: false });
  const tokens = parser.parse(markdown, {});
  if (tokens[0]?.type !== "heading_open" || tokens[0].tag !== "h1") return { rest: markdown };
  const title = plainText(tokens[1]?.children ?? []);
  const paragraph = declared.summary === undefined && tokens[3]?.type === "paragraph_open"
    ? tokens[4]
    : undefined;
  const end = (paragraph ? tokens[3] : tokens[0])?.map?.[1] ?? 0;
  return {
    title,
    ...(paragraph && { summary: plainText(paragraph.children ?? []) }),
    rest: markdown.split("\n").slice(end).join("\n"),
  };
}

/** A sign stays on the line of its number. */
const keepUnits = (text: string) => text.replaceAll(/(\d) (?=[%×€£$])/g, "$1\u00a0");

function plainText(tokens: { type: string; content: string }[]): string {
  return tokens.map(({ type, content }) => type.endsWith("break") ? " " : keepUnits(content)).join("");
}

function uniqueSlug(text: string, used: Set<string>): string {
  const slug = text.toLowerCase().replaceAll(/[^\p{L}\p{N}]+/gu, "-").replaceAll(/^-|-$/g, "") || "section";
  let id = slug;
  for (let i = 2; used.has(id); i++) id = `${slug}-${i}`;
  used.add(id);
  return id;
}
