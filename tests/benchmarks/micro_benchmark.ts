import { InputError } from "shopflow/errors/mod.ts";

interface BenchReport {
  benches: {
    group: string | null;
    name: string;
    baseline: boolean;
    /** Nanoseconds. */
    results: { ok?: { avg: number; min: number }; failed?: unknown }[];
  }[];
}

/**
 * Runs a file of `Deno.bench` declarations and puts its results into a table.
 *
 * @throws {InputError} when one of them fails.
 */
export async function microBenchmark(file: string, name: string): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bench", "-A", "--json", file],
  }).output();
  const text = new TextDecoder().decode(stdout);
  const start = text.indexOf("{");
  if (!success || start < 0) {
    throw new InputError(`The benchmark ${name} failed`, { found: new TextDecoder().decode(stderr) });
  }
  const { benches } = JSON.parse(text.slice(start)) as BenchReport;
  const groups = Map.groupBy(benches, ({ group }) => group ?? name);
  const tables = [...groups].map(([group, rows]) => {
    const base = (rows.find(({ baseline }) => baseline) ?? rows[0]!).results[0]?.ok?.avg;
    const lines = rows.map(({ name, results }) => {
      const ok = results[0]?.ok;
      if (ok === undefined || base === undefined) return `| ${name} | failed | |`;
      return `| ${name} | ${duration(ok.avg)} | ${(ok.avg / base).toFixed(2)} |`;
    });
    return `**${group}**\n\n| | time | beside the first |\n| --- | ---: | ---: |\n${lines.join("\n")}`;
  });
  return `## ${name.replaceAll("_", " ")}\n\n${tables.join("\n\n")}`;
}

function duration(nanoseconds: number): string {
  const units: [number, string][] = [[1e9, "s"], [1e6, "ms"], [1e3, "µs"]];
  const [size, unit] = units.find(([size]) => nanoseconds >= size) ?? [1, "ns"];
  return `${(nanoseconds / size).toPrecision(3)} ${unit}`;
}
