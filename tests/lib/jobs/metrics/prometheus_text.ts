import assert from "node:assert/strict";

/** A sample of Prometheus' text format. */
export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

/**
 * Reads Prometheus' text format (version 0.0.4) strictly: what promtool's parser refuses is refused here, and so is a
 * sample without HELP and TYPE, a family in two places, a sample that comes twice and a counter not called `_total`.
 */
export function parsePrometheusText(text: string): Sample[] {
  assert.ok(text.endsWith("\n"), "the last line ends with a line break");
  const samples: Sample[] = [];
  const families = new Map<string, { help?: string; type?: string; closed: boolean }>();
  const seen = new Set<string>();
  let current = "";
  for (const line of text.slice(0, -1).split("\n")) {
    if (line === "") continue;
    const comment = line.match(/^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/);
    const sample = line.match(/^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/);
    const name = comment?.[2] ?? sample?.[1];
    assert.ok(name !== undefined, `a line that is none: ${line}`);
    if (name !== current) {
      if (current !== "") families.get(current)!.closed = true;
      current = name;
    }
    const family = families.get(name) ?? { closed: false };
    families.set(name, family);
    assert.ok(!family.closed, `${name} is in two places`);
    if (comment !== null) {
      const kind = comment[1] === "HELP" ? "help" : "type";
      assert.equal(family[kind], undefined, `${name} has two lines of ${comment[1]}`);
      family[kind] = comment[3]!;
      if (kind === "type") assert.match(comment[3]!, /^(counter|gauge)$/);
      continue;
    }
    assert.ok(family.help !== undefined && family.type !== undefined, `${name} lacks HELP or TYPE`);
    assert.equal(name.endsWith("_total"), family.type === "counter", `${name} is a ${family.type}`);
    const value = Number(sample![3]);
    assert.ok(Number.isFinite(value), line);
    assert.ok(!seen.has(`${name}{${sample![2] ?? ""}}`), `twice: ${line}`);
    seen.add(`${name}{${sample![2] ?? ""}}`);
    samples.push({ name, labels: parseLabels(sample![2] ?? ""), value });
  }
  return samples;
}

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  let rest = text;
  while (rest !== "") {
    const found = rest.match(/^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/);
    assert.ok(found !== null, `labels that cannot be read: ${rest}`);
    labels[found[1]!] = found[2]!.replace(/\\(.)/g, (_, char) => char === "n" ? "\n" : char);
    rest = rest.slice(found[0].length);
  }
  return labels;
}
