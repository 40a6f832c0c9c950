/**
 * Holds names and texts to the glossary: the words of its column "not" appear neither in declared names nor in what
 * people read, comments included. A word in italics there has a second, honest meaning, so it is advice and not checked.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import ts from "typescript";
import { listFiles } from "./source_graph.ts";

const ROOT = join(import.meta.dirname!, "..");
const GLOSSARY = "documentation/reference/glossary.md";
/** Product code; what is read there are names and all literals. */
const PRODUCT = /^(lib|server|pipelines|schedules)\//;

/** A word, or words in a row, that the glossary refuses, with the word to use in its place. */
interface Refused {
  term: string;
  instead: string;
  pattern: RegExp;
}

/** Where a refused word has an honest meaning after all: in which files, in which text around it, and why. */
interface Permitted {
  terms: string[];
  files?: RegExp;
  /** The name, or the text from 40 characters before the word to 40 after it. */
  in?: RegExp;
  why: string;
}

/** Everything but the files whose path begins so. */
const outside = (...paths: string[]) => new RegExp(`^(?!${paths.join("|")})`);
const JOBS = ["lib/jobs/", "schedules/", "server/(api|pages)/jobs", "tests/lib/jobs/", "tests/schedules/"];

const PERMITTED: Permitted[] = [
  {
    terms: ["slot"],
    in: /pool.?slot|slots? (of|in) (a|the|its|each|every|this|their) pool/i,
    why: "the word for that",
  },
  { terms: ["slot"], in: /<\/?slot\b|\bslot=/i, why: "HTML's own element" },
  { terms: ["grace"], files: /^lib\/simulation\/world\/words/, why: "a first name" },
  { terms: ["beat"], in: /heart.?beat/i, why: "the word for that" },
  { terms: ["beat"], files: outside(...JOBS), why: "a model beats its baseline" },
  { terms: ["track", "episode"], files: outside(...JOBS), why: "CSS's tracks; what is kept track of" },
  { terms: ["replaced"], files: outside(...JOBS), why: "files and rows are replaced; a run is superseded" },
  { terms: ["withdrawn"], files: /^(tests\/)?lib\/simulation\//, why: "stock that is withdrawn" },
  { terms: ["lag"], in: /\blag\(/i, why: "a function of SQL" },
  {
    terms: ["unit"],
    files: outside("lib/sources/", "pipelines/steps/extract/", "tests/pipelines/steps/extract/"),
    why: "units of measure, of a product, of systemd",
  },
  { terms: ["unit"], in: /unit.?(price|cost)/i, why: "the price of one piece" },
  {
    terms: ["room"],
    files: outside(
      "lib/notebook/promote/",
      "tests/lib/notebook/promote/",
      "tests/architecture_test",
      "CONTRIBUTING",
    ),
    why: "room on a disk, on a page, in memory",
  },
  { terms: ["shadow"], in: /(box|text)-shadow|--shadow|shadow.?root/i, why: "CSS and HTML" },
  { terms: ["figures"], in: /<\/?figures?\b/i, why: "HTML's own element" },
  { terms: ["grace"], in: /terminationGracePeriodSeconds/, why: "a field of Kubernetes" },
  {
    terms: ["held out"],
    files: /offer|reference\/(commands|http_api)|glossary|CHANGELOG/,
    why: "customers whom a trial offers nothing",
  },
  { terms: ["tolerance"], files: /^tests\//, why: "how far a computed number may be off" },
];

interface Violation {
  file: string;
  line: number;
  kind: "name" | "text" | "comment";
  term: string;
  found: string;
}

Deno.test("names and texts keep to the words of the glossary", async () => {
  const refused = refusedWords(await Deno.readTextFile(join(ROOT, GLOSSARY)));
  assert.ok(refused.length > 20, `only ${refused.length} refused words were found in ${GLOSSARY}`);
  const violations: Violation[] = [];
  for (const file of await filesOfRepository()) {
    if (file === GLOSSARY || file === "tests/glossary_test.ts") continue;
    const source = await Deno.readTextFile(join(ROOT, file));
    violations.push(...violationsOf(file, source, refused));
  }
  const lines = violations.map(({ file, line, kind, term, found }) =>
    `${file}:${line}: ${kind} "${found}" has "${term}": ${refused.find((one) => one.term === term)?.instead}`
  );
  assert.equal(lines.length, 0, `\n${lines.join("\n")}\n${lines.length} in all`);
});

Deno.test("a refused word is found in names, literals, JSX, comments and documents", () => {
  const refused = refusedWords(
    "| word | meaning | not |\n| --- | --- | --- |\n| run | one | slot, _place_, taken for dead |\n| Invalid X | e | Not an X |\n",
  );
  const found = (file: string, source: string) =>
    violationsOf(file, source, refused).map(({ found }) => found);
  assert.deepEqual(found("lib/a.ts", "const dueSlots = 1, place = 2, slotted = 3;"), ["dueSlots"]);
  assert.deepEqual(found("lib/a.ts", "// One slot.\nuse(slot);"), ["// One slot."]);
  assert.deepEqual(found("lib/a.ts", "interface A { slot_key: string } use(other.slot);"), ["slot_key"]);
  assert.deepEqual(found("lib/a.ts", 'fail("was taken for dead", `no ${x} slot`);'), [
    "was taken for dead",
    "no … slot",
  ]);
  assert.deepEqual(found("lib/a.ts", 'fail("Not a number"); fail("Not yet");'), ["Not a number"]);
  assert.deepEqual(found("server/a.tsx", "const A = <p>The slot</p>;"), ["The slot"]);
  assert.deepEqual(found("lib/a.ts", 'import { a } from "./slot.ts";'), []);
  assert.deepEqual(found("tests/a_test.ts", 'Deno.test("a slot", () => assert.equal(a, "slot"));'), [
    "a slot",
  ]);
  assert.deepEqual(found("documentation/reference/glossary.md", "one\nThe slots of a job\n"), [
    "The slots of a job",
  ]);
});

/** The words of the column "not" of all tables. */
function refusedWords(glossary: string): Refused[] {
  const instead = new Map<string, string[]>();
  for (const line of glossary.split("\n").filter((line) => line.startsWith("|"))) {
    const cells = line.split("|").slice(1, -1).map((cell) => cell.trim());
    const word = cells[0] ?? "", not = cells.at(-1) ?? "";
    if (not === "" || not === "not" || /^-+$/.test(not)) continue;
    for (const term of not.split(", ").filter((term) => !/^[*_].*[*_]$/.test(term))) {
      instead.set(term, [...instead.get(term) ?? [], word]);
    }
  }
  return [...instead].map(([term, words]) => ({ term, instead: words.join("; "), pattern: patternOf(term) }));
}

function patternOf(term: string): RegExp {
  if (term === "Not an X") return /^Not an? /g;
  // As a verb the word is fine.
  if (term === "try (as a noun)") {
    return /\b(a|an|the|this|that|each|every|first|second|third|next|last|one|per|former|single|another) (try|tries)\b|\btries (of|per|left)\b|\btry \d/gi;
  }
  const words = term.split(" ").map((word) => word.replaceAll(/[^\p{L}]/gu, ""));
  return new RegExp(`(?<!\\p{L})${words.join("[ _-]")}(e?s)?(?!\\p{L})`, "giu");
}

function violationsOf(file: string, source: string, refused: Refused[]): Violation[] {
  if (!/\.tsx?$/.test(file)) {
    return source.split("\n").flatMap((line, index) => violationsIn(file, index + 1, "text", line, refused));
  }
  const parsed = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true);
  const lineOf = (node: ts.Node) => parsed.getLineAndCharacterOfPosition(node.getStart(parsed)).line + 1;
  const violations: Violation[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return;
    const name = declaredName(node);
    if (name !== undefined) violations.push(...violationsIn(file, lineOf(node), "name", name, refused));
    const text = PRODUCT.test(file) ? literalText(node) : testName(node);
    if (text !== undefined) violations.push(...violationsIn(file, lineOf(node), "text", text, refused));
    ts.forEachChild(node, visit);
  };
  visit(parsed);
  for (const { pos, end } of commentsOf(parsed)) {
    const line = parsed.getLineAndCharacterOfPosition(pos).line + 1;
    violations.push(...violationsIn(file, line, "comment", source.slice(pos, end), refused));
  }
  return violations;
}

function violationsIn(
  file: string,
  line: number,
  kind: Violation["kind"],
  text: string,
  refused: Refused[],
): Violation[] {
  const words = kind === "name" ? wordsOfName(text) : text;
  return refused.flatMap(({ term, pattern }) => {
    const match = [...words.matchAll(pattern)].find(({ index }) =>
      !isPermitted(term, file, kind === "name" ? text : words.slice(Math.max(0, index - 40), index + 60))
    );
    if (match === undefined) return [];
    const around = kind === "name" ? text : words.slice(Math.max(0, match.index - 50), match.index + 60);
    return [{ file, line, kind, term, found: around.trim().replaceAll(/\s+/g, " ") }];
  });
}

const isPermitted = (term: string, file: string, text: string) =>
  PERMITTED.some((one) =>
    one.terms.includes(term) && (one.files?.test(file) ?? true) && (one.in?.test(text) ?? true)
  );

/** `dueSlots`, `due_slots` and `DUE_SLOTS` as `due slots`. */
const wordsOfName = (name: string) =>
  name.replaceAll(/(\p{Ll}|\d)(\p{Lu})/gu, "$1 $2").replaceAll(/(\p{Lu})(\p{Lu}\p{Ll})/gu, "$1 $2")
    .replaceAll("_", " ").toLowerCase();

/** The name that a node declares: of a variable, parameter, function, type, member or property. */
function declaredName(node: ts.Node): string | undefined {
  if (!ts.isIdentifier(node) && !ts.isPrivateIdentifier(node)) return undefined;
  const parent = node.parent as ts.Node & { name?: ts.Node };
  return parent.name === node && !ts.isPropertyAccessExpression(parent) && !ts.isMetaProperty(parent)
    ? node.text
    : undefined;
}

function commentsOf(parsed: ts.SourceFile): ts.CommentRange[] {
  const comments = new Map<number, ts.CommentRange>();
  const visit = (node: ts.Node): void => {
    // Between the tags of JSX there is text, and no comment.
    if (!ts.isJsxText(node)) {
      for (const range of ts.getLeadingCommentRanges(parsed.text, node.pos) ?? []) {
        comments.set(range.pos, range);
      }
    }
    node.getChildren(parsed).forEach(visit);
  };
  visit(parsed);
  return [...comments.values()];
}

/** What a literal says; `${…}` of a template is `…`. */
function literalText(node: ts.Node): string | undefined {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node) || ts.isJsxText(node)) {
    return node.text;
  }
  if (!ts.isTemplateExpression(node)) return undefined;
  return node.head.text + node.templateSpans.map(({ literal }) => `…${literal.text}`).join("");
}

/** The name of a test or of its step. */
function testName(node: ts.Node): string | undefined {
  if (!ts.isCallExpression(node) || !/^(Deno\.test|testWith|t\.step)$/.test(node.expression.getText())) {
    return undefined;
  }
  const name = node.arguments.find((argument) => literalText(argument) !== undefined);
  return name && literalText(name);
}

/** Code, documents, SQL models with their descriptions, and notebooks. What was decided is not written again. */
const filesOfRepository = async () =>
  (await listFiles("*.ts", "*.tsx", "*.md", "*.sql", "*.yml", "*.yaml", "*.js", "*.css", "*.sh", "*.ipynb"))
    .filter((file) => !file.startsWith("documentation/decisions/"));
