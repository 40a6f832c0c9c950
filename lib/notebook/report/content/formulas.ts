import { escapeHtml } from "shopflow/runtime/mod.ts";
import temml from "temml";

/**
 * Formulas of Markdown, as Jupyter finds them: `$…$`, `$$…$$`, `\\(…\\)`, `\\[…\\]` and `\begin{…}…\end{…}`. They become
 * MathML, which browsers draw without scripts.
 */

/** What stands for a formula while the rest of the text is rendered: characters of Unicode's private use area. */
const START = "\uE000", END = "\uE001";
const PLACEHOLDER = new RegExp(`${START}(\\d+)${END}`, "g");

interface Formula {
  /** With its delimiters. */
  source: string;
  tex: string;
  isDisplayed: boolean;
}

/** The formulas of one page; macros that one of them defines are known to those after it. */
export interface Formulas {
  /** Puts placeholders in the place of the formulas of a Markdown text. */
  take(markdown: string): string;
  /** Puts the formulas into HTML; where that has none to draw, in attributes, their source. */
  put(html: string): string;
  /** The text with the formulas as they were written; `tex` leaves out their delimiters. */
  restore(text: string, part?: "source" | "tex"): string;
}

/** Code, in which nothing is a formula; then formulas by their delimiters. */
const PARTS = new RegExp(
  [
    String.raw`^ {0,3}(?<fence>\x60{3,}|~{3,})[^]*?(?:^ {0,3}\k<fence>[\x60~]*[ \t]*$|$(?![^]))`,
    String.raw`(?<ticks>\x60+)(?!\x60)[^]*?[^\x60]\k<ticks>(?!\x60)`,
    String.raw`\\begin\{(?<environment>[a-zA-Z]+\*?)\}[^]*?\\end\{\k<environment>\}`,
    String.raw`\$\$(?<displayed>(?:\\[^]|[^\\$])+?)\$\$`,
    String.raw`\\\\\[(?<bracketed>[^]+?)\\\\\]`,
    String.raw`\\\\\((?<parenthesised>[^]+?)\\\\\)`,
    String.raw`\\[^]`,
    // Not over the end of a paragraph.
    String.raw`\$(?<inline>(?:\\[^\n]|[^\\$\n]|\n(?!\s*\n))+?)\$(?!\d)`,
  ].join("|"),
  "gm",
);

/**
 * The styles of Temml's elements, without the font that it would load: browsers take the mathematical font of the
 * system.
 */
export async function mathStyles(): Promise<string> {
  const styles = await Deno.readTextFile(new URL("Temml-Local.css", import.meta.resolve("temml")));
  return styles.replaceAll(/\/\*[^]*?\*\//g, "").replaceAll(/@font-face\s*\{[^}]*\}/g, "")
    .replaceAll(/\s+/g, " ").trim();
}

/** Formulas of one page. */
export function createFormulas(): Formulas {
  const formulas: Formula[] = [];
  const macros: Record<string, string> = {};
  const replaced = (text: string, replace: (formula: Formula) => string) =>
    text.replaceAll(PLACEHOLDER, (_, index) => {
      const formula = formulas[Number(index)];
      return formula ? replace(formula) : "";
    });

  return {
    take(markdown) {
      const text = markdown.replaceAll(/[\uE000\uE001]/g, "");
      return text.replaceAll(PARTS, (source, ...rest) => {
        const formula = formulaOf(source, rest.at(-1));
        if (formula === undefined) return source;
        formulas.push(formula);
        return `${START}${formulas.length - 1}${END}`;
      });
    },
    put(html) {
      const outside = html.replaceAll(/<[^>]*>/g, (tag) => replaced(tag, ({ source }) => escapeHtml(source)));
      return replaced(outside, (formula) => draw(formula, macros));
    },
    restore: (text, part = "source") => replaced(text, (formula) => formula[part]),
  };
}

function formulaOf(source: string, groups: Record<string, string | undefined>): Formula | undefined {
  const { environment, displayed, bracketed, parenthesised, inline } = groups;
  if (environment !== undefined) return { source, tex: source, isDisplayed: true };
  const block = displayed ?? bracketed;
  if (block !== undefined) return { source, tex: block.trim(), isDisplayed: true };
  const tex = parenthesised ?? (inline !== undefined && isFormula(inline) ? inline : undefined);
  return tex === undefined ? undefined : { source, tex: tex.trim(), isDisplayed: false };
}

/**
 * Jupyter takes all between two dollars for a formula, "$5 and $6" among them; a shop writes of money. So a text with
 * a space at one end is none unless it has a sign that only formulas have.
 */
function isFormula(text: string): boolean {
  if (/\\[a-zA-Z]|[\^]|_\{/.test(text)) return true;
  const spaces = [/^\s/, /\s$/].filter((space) => space.test(text)).length;
  if (spaces === 0) return true;
  return spaces === 2 && (/[=_<>+]/.test(text) || /^\s*[a-zA-Z]\s*$/.test(text));
}

/** What cannot be read is shown as it was written, with the reason. */
function draw({ source, tex, isDisplayed }: Formula, macros: Record<string, string>): string {
  const rest = withoutDefinitions(tex, macros);
  if (rest.trim() === "") return "";
  try {
    return temml.renderToString(rest, {
      displayMode: isDisplayed,
      macros,
      throwOnError: true,
      maxExpand: 1000,
    });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return `<code class="formula-error" title="${escapeHtml(error.message)}">${escapeHtml(source)}</code>`;
  }
}

const DEFINITION =
  /\\(?:(?:re)?newcommand|providecommand|DeclareMathOperator)\*?\s*\{?\s*(?<name>\\[a-zA-Z]+)\s*\}?\s*(?:\[\d\])?\s*(?=\{)|\\(?:g|e|x)?def\s*(?<defined>\\[a-zA-Z]+)(?:#\d)*\s*(?=\{)/;

/** Takes the definitions of macros out of a formula and notes them; unlike Temml, MathJax lets them be repeated. */
function withoutDefinitions(tex: string, macros: Record<string, string>): string {
  let text = tex;
  for (;;) {
    const match = DEFINITION.exec(text);
    const name = match?.groups?.name ?? match?.groups?.defined;
    if (match === null || name === undefined) return text;
    const start = match.index + match[0].length, end = closingBrace(text, start);
    if (end === -1) return text;
    const body = text.slice(start + 1, end);
    macros[name] = match[0].includes("DeclareMathOperator") ? `\\operatorname{${body}}` : body;
    text = text.slice(0, match.index) + text.slice(end + 1);
  }
}

/** Where the group that opens at `start` ends; -1 where it does not. */
function closingBrace(text: string, start: number): number {
  let depth = 0;
  for (let i = start; i < text.length; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === "{") depth++;
    else if (text[i] === "}" && --depth === 0) return i;
  }
  return -1;
}
