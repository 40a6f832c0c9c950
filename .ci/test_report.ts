/**
 * What a run of the tests comes to: `deno run --allow-read .ci/test_report.ts LOG FOLDER` reads what
 * `deno test --parallel FOLDER` printed, and prints the slowest files, all that failed with the first line of its
 * error, and how many tests passed and failed. It ends with 1 if something failed.
 *
 * Deno's own summary is not enough: a file that calls `Deno.exit()` while it loads counts as one failure without an
 * error, or as none; and of a run that ends early it says nothing at all.
 */
import { relative } from "node:path";

export interface TestReport {
  passed: number;
  failed: number;
  ignored: number;
  /** One line each: what failed, and the first line of its error. */
  failures: string[];
  /** Seconds of all tests of a file, slowest file first. */
  seconds: [file: string, seconds: number][];
}

/** Test files that are to be fast are those whose name does not say otherwise. */
export const isSlow = (file: string) => /_slow_test\.tsx?$/.test(file);

/**
 * Reads the output of `deno test --parallel`.
 *
 * @param log What it printed, with or without colours.
 * @param files The files of tests that were to be run, so that one that never reported is known.
 */
export function readTestLog(log: string, files: string[]): TestReport {
  // deno-lint-ignore no-control-regex
  const lines = log.replaceAll(/\x1b\[[0-9;]*m/g, "").split(/\r?\n/);
  const results = resultsOf(lines);
  const summary = lines.findLast((line) => /^(ok|FAILED) \| \d+ passed/.test(line)) ?? "";
  const count = (word: string) => Number(summary.match(new RegExp(`(\\d+) ${word}`))?.[1] ?? 0);
  const failures = new Map([
    ...errorsOf(lines, results),
    ...exitsOf(lines),
    ...silentFiles(lines, files, results),
    ...(summary === "" ? earlyEnd(lines, results) : []),
  ]);
  for (const { file, name, outcome } of results) {
    const key = `${name} => ${file}`;
    const isStepOrParent = [...failures.keys()].some((known) =>
      known === key || known.startsWith(`${name} ... `)
    );
    if (outcome === "FAILED" && !isStepOrParent) failures.set(key, "failed; its error was not printed");
  }
  return {
    passed: summary === "" ? results.filter(({ outcome }) => outcome === "ok").length : count("passed"),
    failed: Math.max(count("failed"), failures.size),
    ignored: count("ignored"),
    failures: [...failures].map(([what, error]) => `${what}: ${error}`.slice(0, LONGEST_LINE)),
    seconds: secondsOf(results),
  };
}

const LONGEST_LINE = 300;

interface Result {
  file: string;
  name: string;
  outcome: string;
  seconds: number;
}

/** Tests, and steps whose name has that of the test before ` ... `. */
function resultsOf(lines: string[]): Result[] {
  return lines.flatMap((line) => {
    const match = line.match(/^\.\/(\S+) => (.*) \.\.\. (?:.*? )?(ok|FAILED|ignored|cancelled)\b(.*)$/);
    if (!match) return [];
    const [, file = "", name = "", outcome = "", rest = ""] = match;
    return [{ file, name, outcome, seconds: durationSeconds(rest.match(/\(([\dhmsµ]+)\)/)?.[1] ?? "") }];
  });
}

/** Deno's `1m3s`, `17s`, `341ms`, `534µs`. */
function durationSeconds(text: string): number {
  const UNITS: Record<string, number> = { h: 3600, m: 60, s: 1, ms: 1e-3, µs: 1e-6 };
  return [...text.matchAll(/(\d+)(ms|µs|h|m|s)/g)]
    .reduce((sum, [, value, unit = ""]) => sum + Number(value) * (UNITS[unit] ?? 0), 0);
}

function secondsOf(results: Result[]): [string, number][] {
  const seconds = new Map<string, number>();
  const isStep = ({ file, name }: Result) =>
    results.some((other) => other.file === file && name.startsWith(`${other.name} ... `));
  for (const result of results.filter((result) => !isStep(result))) {
    seconds.set(result.file, (seconds.get(result.file) ?? 0) + result.seconds);
  }
  return [...seconds].sort(([, a], [, b]) => b - a);
}

/**
 * Of the part headed ERRORS: the test, or the file of an uncaught error, with the first line of the error. An error may
 * quote what another run of tests printed, so only tests that failed in this one count, and the last FAILURES ends it.
 */
function* errorsOf(lines: string[], results: Result[]): Generator<[string, string]> {
  const begin = lines.findIndex((line) => line.trim() === "ERRORS");
  if (begin < 0) return;
  const end = lines.findLastIndex((line) => line.trim() === "FAILURES");
  // Deno names the place where a test was registered, which may be a fixture that many files share.
  const failed = new Map(
    results.filter(({ outcome }) => outcome === "FAILED").map(({ name, file }) => [name, file]),
  );
  let what: string | undefined;
  for (const line of lines.slice(begin, end < begin ? undefined : end)) {
    const [, name = "", file] = line.match(/^(?:(.*) => )?\.\/(.*?)(?:(?::\d+)+| \(uncaught error\))$/) ?? [];
    if (failed.has(name)) what = `${name} => ${failed.get(name)}`;
    else if (file !== undefined && name === "") what = `uncaught error in ${file}`;
    else if (what !== undefined && line.startsWith("error: ")) {
      yield [what, line.slice("error: ".length)];
      what = undefined;
    }
  }
}

/** Files that called `Deno.exit()` outside of a test: the tests that they had left were not run. */
function* exitsOf(lines: string[]): Generator<[string, string]> {
  for (const line of lines) {
    const match = line.match(/^(?:error|note) \.\/(\S+) called `(Deno\.exit\(\d*\))` from outside any test/);
    if (match) yield [`${match[1]} did not run to its end`, `it called ${match[2]} outside of any test`];
  }
}

/** Files of which nothing was heard. */
function* silentFiles(lines: string[], files: string[], results: Result[]): Generator<[string, string]> {
  const heard = new Set(results.map(({ file }) => file));
  // One whose types are wrong ends the run before any other file is heard of.
  const typeError = lines.find((line) => /^TS\d+ \[ERROR\]/.test(line));
  if (typeError) return yield ["type check", typeError];
  for (const file of files) {
    const isNamed = () =>
      lines.some((line) => line.includes(`./${file} `) && /^(Uncaught|error|note) /.test(line));
    if (!heard.has(file) && !isNamed()) yield [file, "none of its tests reported an end"];
  }
}

/** A run without a summary: what it was at, and the last that it said. */
function* earlyEnd(lines: string[], results: Result[]): Generator<[string, string]> {
  const ended = new Set(results.map(({ name }) => name));
  const running = lines.flatMap((line) => line.match(/^'(.*)' has been running for over/)?.[1] ?? []);
  for (const name of new Set(running)) if (!ended.has(name)) yield [name, "had not ended when the run did"];
  const last = lines.findLast((line) => /^(error|#|fatal|panic|thread)/i.test(line) && line.length > 2);
  yield ["the run ended early", last ?? "without a summary, and without an error"];
}

/** The lines that `.ci/run` ends with. */
export function reportLines(
  { passed, failed, ignored, failures, seconds }: TestReport,
  most = 10,
): string[] {
  const slow = seconds.filter(([file, took]) => !isSlow(file) && took > 2).slice(0, most);
  return [
    ...(slow.length > 0 ? [`== slowest of the files that are not named slow, in seconds`] : []),
    ...slow.map(([file, took]) => `${took.toFixed(1).padStart(7)} ${file}`),
    ...(failures.length > 0 ? ["== what failed"] : []),
    ...failures,
    `tests: ${passed} passed, ${failed} failed, ${ignored} ignored`,
  ];
}

/** All files of tests in a folder, as Deno names them. */
async function testFiles(folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (const entry of Deno.readDir(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) files.push(...await testFiles(path));
    else if (/(^|_)test\.tsx?$/.test(entry.name)) files.push(relative(".", path));
  }
  return files.sort();
}

if (import.meta.main) {
  const [log = "", folder = "tests"] = Deno.args;
  const report = readTestLog(await Deno.readTextFile(log), await testFiles(folder));
  for (const line of reportLines(report)) console.log(line);
  if (report.failed > 0) Deno.exit(1);
}
