import { escapeHtml } from "shopflow/runtime/mod.ts";
import { extname, resolve } from "node:path";
// @ts-types="@types/markdown-it"
import MarkdownIt from "markdown-it";
import type { MimeBundle, Notebook } from "../../format/nbformat.ts";
import { createFormulas, type Formulas } from "./formulas.ts";
import { sanitizeProse, withScrollingTables } from "./sanitize.ts";

/** A heading of the page, for its table of contents. */
export interface Heading {
  level: number;
  text: string;
  id: string;
  /** The id that Jupyter gives it, which links of the notebook name. */
  jupyterId: string;
}

/** Turns markdown of one page into HTML and notes its headings. */
export interface ProseRenderer {
  /** @param attachments pictures that were pasted into the cell, by name */
  render(markdown: string, attachments?: Record<string, MimeBundle>): string;
  /** A formula by itself, as outputs of the type text/latex have it. */
  renderLatex(latex: string): string;
  /** The headings so far, in order; their ids are unique. */
  readonly headings: Heading[];
}

/** Ids that the page itself uses, which a heading must not take. */
const PAGE_IDS = ["report", "failure", "failed-cell", "provenance"];

/**
 * HTML inside of the markdown is sanitised. Pictures are shown when they are data, were pasted into the cell or are
 * among `pictures`; of others the page has a link.
 *
 * @param pictures data of the pictures that are files beside the notebook, see {@linkcode readPictures}
 */
export function createProseRenderer(pictures: ReadonlyMap<string, string> = new Map()): ProseRenderer {
  // What a notebook means is what Jupyter shows: no curly quotes, no "(c)" that becomes a sign, no links from file names.
  const parser = new MarkdownIt({ html: true, linkify: true });
  parser.linkify.set({ fuzzyLink: false });
  const headings: Heading[] = [];
  const ids = new Set(PAGE_IDS);
  const formulas = createFormulas();

  parser.core.ruler.push("headings", ({ tokens }) => {
    tokens.forEach((token, i) => {
      if (token.type !== "heading_open") return;
      const text = formulas.restore(plainText(tokens[i + 1]?.children ?? []), "tex");
      const id = uniqueSlug(text, ids);
      token.attrSet("id", id);
      headings.push({ level: Number(token.tag.slice(1)), text, id, jupyterId: text.replaceAll(" ", "-") });
    });
  });
  parser.core.ruler.push("code_without_formulas", ({ tokens }) => restoreCode(tokens, formulas));
  parser.core.ruler.push("tasks", ({ tokens }) => markTasks(tokens));
  parser.renderer.rules.text = (tokens, i) => escapeHtml(keepUnits(tokens[i]?.content ?? ""));

  function render(markdown: string, attachments: Record<string, MimeBundle> = {}): string {
    const html = sanitizeProse(parser.render(formulas.take(markdown)), {
      reservedIds: PAGE_IDS,
      picture: (source) => pictures.get(decoded(source)) ?? attached(source, attachments),
    });
    return formulas.put(withScrollingTables(html));
  }
  return {
    headings,
    render,
    renderLatex: (latex) =>
      render(/^\s*(\$|\\begin|\\\(|\\\[)/.test(latex) ? withDollars(latex) : `$$${latex}$$`),
  };
}

/** `\(` and `\[` as Jupyter's Markdown does not know them. */
const withDollars = (latex: string) =>
  latex.replaceAll(/\\\(([^]*?)\\\)/g, "$$$1$$").replaceAll(/\\\[([^]*?)\\\]/g, "$$$$$1$$$$");

interface MarkdownToken {
  type: string;
  content: string;
  children: MarkdownToken[] | null;
  attrGet(name: string): string | null;
}

function restoreCode(tokens: MarkdownToken[], formulas: Formulas): void {
  for (const token of tokens) {
    if (/^(code|fence)/.test(token.type)) token.content = formulas.restore(token.content);
    restoreCode(token.children ?? [], formulas);
  }
}

/** `- [x]` at the beginning of an item of a list. */
function markTasks(tokens: MarkdownToken[]): void {
  tokens.forEach((token, i) => {
    const first = token.children?.[0];
    if (tokens[i - 2]?.type !== "list_item_open" || first?.type !== "text") return;
    first.content = first.content.replace(/^\[([ xX])\] /, (_, mark) => mark === " " ? "☐ " : "☑ ");
  });
}

const PICTURE = /^image\/(png|jpeg|gif|webp|svg\+xml)$/;

/** The data of a pasted picture that the text names `attachment:<name>`. */
function attached(source: string, attachments: Record<string, MimeBundle>): string | undefined {
  if (!source.startsWith("attachment:")) return undefined;
  const name = source.slice("attachment:".length);
  const bundle = attachments[name] ?? attachments[decoded(name)] ?? {};
  const type = Object.keys(bundle).find((type) => PICTURE.test(type));
  const data = type === undefined ? undefined : bundle[type];
  if (typeof data !== "string") return undefined;
  const isText = type === "image/svg+xml" && data.trimStart().startsWith("<");
  const base64 = isText ? new TextEncoder().encode(data).toBase64() : data.replaceAll(/\s/g, "");
  return `data:${type};base64,${base64}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text;
    throw error;
  }
}

/** Types of the picture files that a page can hold. */
const TYPES: Record<string, string> = {
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".jpeg": "image/jpeg",
  ".gif": "image/gif",
  ".webp": "image/webp",
  ".svg": "image/svg+xml",
};
/** Bytes of a picture that becomes part of a page; of a larger one the page has its name. */
const LARGEST_PICTURE = 2_000_000;
/** Addresses of pictures in HTML. */
const SOURCES = /<img\b[^>]*?\ssrc\s*=\s*(?:"([^"]+)"|'([^']+)'|([^\s"'>]+))/gi;

/** The addresses of the pictures of a Markdown text, however they are written there. */
function pictureSources(tokens: MarkdownToken[]): string[] {
  return tokens.flatMap((token) => [
    ...(token.type === "image" ? [token.attrGet("src") ?? ""] : []),
    ...(token.type.startsWith("html_")
      ? [...token.content.matchAll(SOURCES)].map(([, ...found]) => found.find((source) => source) ?? "")
      : []),
    ...pictureSources(token.children ?? []),
  ]);
}

/**
 * Reads the pictures beside a notebook that its Markdown names by a relative path, as Jupyter shows them.
 *
 * @param folder the notebook's; without one there are none
 * @returns the pictures as data, by the address in the text, decoded: `größe 1.png`
 */
export async function readPictures(
  { cells }: Pick<Notebook, "cells">,
  folder: string | undefined,
): Promise<Map<string, string>> {
  const pictures = new Map<string, string>();
  if (folder === undefined) return pictures;
  const parser = new MarkdownIt({ html: true });
  for (const cell of cells) {
    if (cell.cell_type !== "markdown") continue;
    for (const source of pictureSources(parser.parse(cell.source, {})).map(decoded)) {
      const type = TYPES[extname(source).toLowerCase()];
      if (type === undefined || /^([a-z][a-z\d+.-]*:|\/)/i.test(source) || pictures.has(source)) continue;
      const bytes = await readSmallFile(resolve(folder, source));
      if (bytes !== undefined) pictures.set(source, `data:${type};base64,${bytes.toBase64()}`);
    }
  }
  return pictures;
}

async function readSmallFile(path: string): Promise<Uint8Array | undefined> {
  try {
    const { isFile, size } = await Deno.stat(path);
    return isFile && size <= LARGEST_PICTURE ? await Deno.readFile(path) : undefined;
  } catch (error) {
    // The page says what is missing by the picture's name.
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return undefined;
    if (error instanceof Error && "code" in error && error.code === "ENAMETOOLONG") return undefined;
    throw error;
  }
}

/** The first heading of level one and the paragraph below it, and what else the text says. */
interface Opening {
  title?: string;
  /** Plain text. */
  summary?: string;
  /** Whether the paragraph of the summary is in the rest, too: with links or pictures it says more there. */
  isInText?: true;
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
  const summary = plainText(paragraph?.children ?? []).trim();
  const isInText = !isPlain(paragraph?.children ?? []);
  const end = (paragraph && !isInText ? tokens[3] : tokens[0])?.map?.[1] ?? 0;
  return {
    title,
    ...(summary !== "" && { summary }),
    ...(isInText && { isInText }),
    rest: markdown.split("\n").slice(end).join("\n"),
  };
}

/** A paragraph with links, pictures, HTML or formulas says less as plain text: it stays in the page. */
const isPlain = (tokens: MarkdownToken[]) =>
  !tokens.some(({ type, content }) =>
    ["image", "link_open"].includes(type) ||
    /<(img|br|a|b|i|u|em|strong|font|span|div|center|kbd|mark|su[bp])\b|\$[^$\s][^$]*\\[a-z]/i.test(content)
  );

/** A sign stays on the line of its number. */
const keepUnits = (text: string) => text.replaceAll(/(\d) (?=[%×€£$])/g, "$1\u00a0");

function plainText(tokens: { type: string; content: string }[]): string {
  return tokens.filter(({ type }) => type !== "html_inline")
    .map(({ type, content }) => type.endsWith("break") ? " " : keepUnits(content)).join("");
}

function uniqueSlug(text: string, used: Set<string>): string {
  const slug = text.toLowerCase().replaceAll(/[^\p{L}\p{N}]+/gu, "-").replaceAll(/^-|-$/g, "") || "section";
  let id = slug;
  for (let i = 2; used.has(id); i++) id = `${slug}-${i}`;
  used.add(id);
  return id;
}
