import { NotebookError } from "shopflow/errors/mod.ts";
import { createHash } from "node:crypto";
import DRAW_CHARTS from "./assets/draw_charts.js" with { type: "text" };
import SORT_TABLES from "./assets/sort_tables.js" with { type: "text" };

/**
 * What a report's page may do. Its texts come from notebooks and the shop's data, so the page is made harmless three
 * times: outputs are escaped or sanitised when it is rendered; the policy in the page names its scripts by hash; and
 * the server's header puts it into a sandbox, an origin of its own without cookies, storage or other pages.
 */

/** The policy inside of the page, which holds where it is opened as a file, too. */
export function pagePolicy(scripts: string[]): string {
  return [
    "default-src 'none'",
    `script-src ${scripts.length === 0 ? "'none'" : scripts.map((hash) => `'${checked(hash)}'`).join(" ")}`,
    "style-src 'unsafe-inline'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
}

/** The policy as a server's header, which knows more directives than a page may give itself. */
export function servedPagePolicy(scripts: string[]): string {
  const sandbox = ["sandbox", ...(scripts.length === 0 ? [] : ["allow-scripts"]), "allow-downloads"];
  return `${pagePolicy(scripts)}; frame-ancestors 'none'; ${sandbox.join(" ")}`;
}

/** Hashes are stored beside the page; nothing else may get into the policy. */
function checked(hash: string): string {
  if (/^sha256-[A-Za-z0-9+/]{43}=$/.test(hash)) return hash;
  throw new TypeError(`not the hash of a script: ${JSON.stringify(hash)}`);
}

/**
 * The scripts of report pages: ours alone, the same bytes in every page, so that a policy can name them by hash and
 * forbid all others.
 */

/** A script that a page may hold. */
export interface PageScript {
  source: string;
  /** As content security policies name it: `sha256-…`. */
  hash: string;
}

/** Makes tables sortable; some kilobytes. */
export async function sortScript(): Promise<PageScript> {
  return await loaded("sort", () => Promise.resolve(SORT_TABLES));
}

/**
 * Makes charts interactive. It brings Vega's runtime (half a megabyte, a third of it when compressed) with the
 * interpreter of its expressions, since Vega's own way is to make code of them, which our policy forbids.
 */
export async function chartScript(): Promise<PageScript> {
  return await loaded("charts", async () => {
    const [vega, interpreter] = await Promise.all([
      packageFile("vega", "vega.min.js"),
      packageFile("vega-interpreter", "vega-interpreter.js"),
    ]);
    // Headings of a notebook have ids, and ids become global names: hide those that Vega's first line looks at.
    return `(() => { const module = undefined, exports = undefined, define = undefined;
${vega.replace(/\n\/\/# sourceMappingURL=.*\s*$/, "")}
const vega = globalThis.vega; delete globalThis.vega;
const expressionInterpreter = (() => { ${asFunctionBody(interpreter)} })();
${DRAW_CHARTS}
drawCharts(vega, expressionInterpreter); })();`;
  });
}

/** A script of pages, as a file that browsers keep. */
export interface SharedScript {
  source: string;
  /** Changes with the content. */
  path: string;
}

/** The script of charts, which all reports share: most of a page with a chart would be this. */
export async function sharedChartScript(): Promise<SharedScript> {
  const { source, hash } = await chartScript();
  const name = hash.replace("sha256-", "").replaceAll("+", "-").replaceAll("/", "_").replace("=", "");
  return { source, path: `/assets/charts-${name}.js` };
}

/**
 * A page that names the script of charts instead of holding it. The policy of the page allows it by the same hash. A
 * page that an earlier version made keeps its own.
 */
export async function withSharedScript(html: string): Promise<string> {
  if (!html.includes("expressionInterpreter")) return html;
  const { source, hash } = await chartScript();
  const { path } = await sharedChartScript();
  // Its origin is its own, so it asks as another site would.
  const link = `<script src="${path}" integrity="${hash}" crossorigin="anonymous" defer></script>`;
  return html.replace(`<script>${source}</script>`, () => link);
}

const cache = new Map<string, Promise<PageScript>>();

function loaded(name: string, source: () => Promise<string>): Promise<PageScript> {
  const known = cache.get(name) ?? source().then(asScript);
  cache.set(name, known);
  return known;
}

function asScript(text: string): PageScript {
  // HTML knows one kind of line break, and the hash is that of what the browser has read.
  const source = text.replaceAll("\r\n", "\n");
  if (/<\/script|<!--/i.test(source)) {
    throw new NotebookError("A script of report pages would end its own element", {
      expected: "no </script and no <!--",
    });
  }
  return { source, hash: `sha256-${createHash("sha256").update(source).digest("base64")}` };
}

/** A file beside a package's main one, which the package's exports do not name. */
async function packageFile(name: string, file: string): Promise<string> {
  return await Deno.readTextFile(new URL(file, import.meta.resolve(name)));
}

/** The interpreter's module, which imports from vega-util alone, as statements that return what it exports. */
function asFunctionBody(module: string): string {
  const body = module.replace(/^import \{([^}]*)\} from 'vega-util';/, "const {$1} = vega;")
    .replace(/\nexport \{ expression as expressionInterpreter \};/, "\nreturn expression;")
    .replace(/\n\/\/# sourceMappingURL=.*\s*$/, "");
  if (!/^(import|export)\b/m.test(body) && body.includes("return expression;")) return body;
  throw new NotebookError("vega-interpreter has another form than the one that pages are made from", {
    expected: "one import from vega-util and one export",
    remedy: "Adapt lib/notebook/report/scripts.ts to the new version.",
  });
}
