import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { checkArguments, readTasks } from "../../documentation/generate/programs.ts";
import { documents, ROOT, shellCommands, shownCommands } from "./shell_commands.ts";

Deno.test("shell commands are read with quotes, comments, pipes and continued lines", () => {
  const script = [
    "export A=1 B='two words' # deno task no",
    'deno task lake query "SELECT 1" > out.csv',
    "deno task a \\",
    "  --b | head & (deno task c)",
  ].join("\n");
  assert.deepEqual(shellCommands(script), [
    { words: ["export", "A=1", "B=two words"], offset: 0 },
    { words: ["deno", "task", "lake", "query", "SELECT 1"], offset: 1 },
    { words: ["deno", "task", "a", "--b"], offset: 2 },
    { words: ["head"], offset: 3 },
    { words: ["deno", "task", "c"], offset: 3 },
  ]);
  const [shown] = shownCommands("a.md", "text\n\n```sh\nnpx -y deno@2.9.6 task demo   # all\n```\n");
  assert.deepEqual(shown, { place: "a.md:4", task: "demo", args: [], isInBlock: true });
});

Deno.test("every command in the documents is one that its program takes", async () => {
  const tasks = new Map((await readTasks()).map((task) => [task.name, task]));
  const commands = (await documents()).flatMap(({ path, text }) => shownCommands(path, text));
  assert.ok(commands.length > 100, `${commands.length} commands`);
  const wrong: string[] = [];
  const byProgram = new Map<string, { shown: string; args: string[] }[]>();
  for (const { place, task: name, args } of commands) {
    const task = tasks.get(name);
    const shown = `${place}: deno task ${[name, ...args].join(" ")}`;
    if (task === undefined) wrong.push(`${shown}: no such task`);
    if (task?.program === undefined || task.program.startsWith("tests/")) continue;
    // A program alone, or with one command alone, is named and not shown with all that it needs.
    if (args.length === 0 || args.includes("…")) continue;
    const list = byProgram.get(task.program) ?? [];
    byProgram.set(task.program, list);
    list.push({ shown, args: [...task.given, ...args] });
  }
  for (const [program, lists] of byProgram) {
    const problems = await checkArguments(program, lists.map(({ args }) => args));
    for (const [index, problem] of problems.entries()) {
      const named = /missing required argument|required option/.test(problem ?? "") &&
        lists[index]?.args.length === 1;
      if (problem !== null && !named) wrong.push(`${lists[index]?.shown}: ${problem}`);
    }
  }
  assert.deepEqual(wrong, []);
});

Deno.test("every link in the documents leads to a file and a heading", async () => {
  const wrong: string[] = [];
  const pages = new Map((await documents()).map(({ path, text }) => [path, text]));
  for (const [path, text] of pages) {
    const prose = text.replace(/^( *)```[\s\S]*?^\1```$/gm, "").replace(/`[^`\n]*`/g, "");
    const links = [...prose.matchAll(/\]\(([^)\s]+)\)|src="([^"]+)"/g)].map(([, link, source]) =>
      link ?? source ?? ""
    );
    for (const link of links) {
      if (/^[a-z]+:/.test(link)) continue;
      const [file = "", anchor] = link.split("#");
      const target = file === "" ? path : join(dirname(path), file);
      if (await Deno.stat(join(ROOT, target)).catch(() => undefined) === undefined) {
        wrong.push(`${path}: ${link}`);
      } else if (anchor !== undefined && !headings(pages.get(target) ?? "").includes(anchor)) {
        wrong.push(`${path}: ${link} (no such heading)`);
      }
    }
  }
  assert.deepEqual(wrong, []);
});

Deno.test("files that the documents name exist", async () => {
  const wrong: string[] = [];
  for (const { path, text } of await documents()) {
    const spans = [
      ...text.matchAll(/`((?:lib|tests|pipelines|server|schedules|notebooks|documentation)\/[^`\s]*)`/g),
    ];
    const files = [...text.matchAll(/deno test -A ([^\s`]+)/g)];
    for (const [, named = ""] of [...spans, ...files]) {
      // Capital letters, brackets and stars stand for something; the tutorial makes files of its own.
      if (/[A-Z<*…{]/.test(named.replace("README", "")) || path.endsWith("tutorial.md")) continue;
      const places = [join(ROOT, named), join(ROOT, dirname(path), named)];
      const found = await Promise.all(places.map((place) => Deno.stat(place).catch(() => undefined)));
      if (found.every((place) => place === undefined)) wrong.push(`${path}: ${named}`);
    }
  }
  assert.deepEqual(wrong, []);
});

Deno.test("code and messages name documents that exist", async () => {
  const { stdout } = await new Deno.Command("git", {
    args: [
      "grep",
      "-noIE",
      "documentation/[a-z_0-9/]+\\.(md|yaml|png)",
      "--",
      ":!*.md",
      ":!tests/documentation",
    ],
    cwd: ROOT,
  }).output();
  const wrong: string[] = [];
  for (const line of new TextDecoder().decode(stdout).trim().split("\n")) {
    const path = line.slice(line.indexOf("documentation/", line.indexOf(":", line.indexOf(":") + 1)));
    if (await Deno.stat(join(ROOT, path)).catch(() => undefined) === undefined) wrong.push(line);
  }
  assert.deepEqual(wrong, []);
});

/** Anchors of a page's headings, as GitHub makes them. */
function headings(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
    title.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-")
  );
}
