import assert from "node:assert/strict";
import { parse } from "@babel/parser";
import { parse as parseCss } from "css-tree";

const root = new URL("../../../", import.meta.url);
const FOLDERS = ["lib/notebook/report/assets/", "server/pages/assets/"];

async function assets(extension: string): Promise<{ name: string; text: string }[]> {
  const found = [];
  for (const folder of FOLDERS) {
    for await (const { name } of Deno.readDir(new URL(folder, root))) {
      if (!name.endsWith(extension)) continue;
      found.push({ name: folder + name, text: await Deno.readTextFile(new URL(folder + name, root)) });
    }
  }
  return found;
}

Deno.test("style sheets have no syntax errors", async () => {
  const problems: string[] = [];
  const sheets = await assets(".css");
  for (const { name, text } of sheets) {
    parseCss(text, { onParseError: ({ message }: Error) => problems.push(`${name}: ${message}`) });
  }
  assert.ok(sheets.length > 5, String(sheets.length));
  assert.deepEqual(problems, []);
});

Deno.test("style sheets use only variables that they, or the site's, declare", async () => {
  const sheets = await assets(".css");
  const declared = new Map(sheets.map(({ name, text }) => [name, new Set(text.match(/--[\w-]+(?=:)/g))]));
  const site = declared.get("server/pages/assets/site.css") ?? new Set();
  const unknown = sheets.flatMap(({ name, text }) =>
    [...text.matchAll(/var\((--[\w-]+)/g)].map(([, variable = ""]) => variable)
      .filter((variable) =>
        !declared.get(name)?.has(variable) && !(name.startsWith("server/") && site.has(variable))
      )
      .map((variable) => `${name}: ${variable}`)
  );
  assert.deepEqual(unknown, []);
});

Deno.test("browser scripts parse, and hold nothing that would end their element", async () => {
  const scripts = await assets(".js");
  assert.equal(scripts.length, 3);
  for (const { name, text } of scripts) {
    assert.doesNotThrow(() => parse(text, { sourceType: "script" }), name);
    assert.doesNotMatch(text, /<\/script|<!--/i, name);
  }
});
