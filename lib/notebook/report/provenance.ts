import { escapeHtml, formatDuration } from "shopflow/runtime/mod.ts";
import type { ReadFact } from "../kernel/messages.ts";
import type { RunRecord } from "../run/record.ts";

/**
 * Where a page's figures come from: notebook, parameters, data and models, time.
 *
 * @param notebookHref where the executed notebook can be downloaded; empty for nowhere
 */
export function renderProvenance(record: RunRecord, notebookHref: string): string {
  const read = (
    kind: string,
    describe: (fact: ReadFact) => string,
  ) => [...new Set(record.reads.filter((fact) => fact.kind === kind).map(describe))];
  const named = ({ name, version }: ReadFact) => `${escapeHtml(name)} ${code(version)}`;
  const scores = read("scores", named);
  const file = `${record.notebook}.ipynb`;
  const rows: [string, string][] = [
    ["Notebook", `${code(file)} <small>${notebookVersion(record)}</small>`],
    ["Parameters", renderParameters(record)],
    ["Data", read("snapshot", ({ version }) => `snapshot ${code(version)}`).join(", ") || "none of the lake"],
    ["Models", read("model", named).join("<br>") || "none"],
    ...(scores.length === 0 ? [] : [["Scores", scores.join("<br>")] as [string, string]]),
    [
      "Run",
      `${code(record.runId)} <small>${formatTime(record.startedAt)}, ${
        formatDuration(record.milliseconds)
      }</small>`,
    ],
    ...(notebookHref === "" ? [] : [["Download", downloadLink(record, notebookHref)] as [string, string]]),
  ];
  return `<section class="provenance" aria-labelledby="provenance"><h2 id="provenance">Where this comes from</h2><dl>${
    rows.map(([term, value]) => `<div><dt>${term}</dt><dd>${value}</dd></div>`).join("")
  }</dl></section>`;
}

/** A time for people, in UTC. */
export function formatTime(iso: string): string {
  const format = { dateStyle: "long", timeStyle: "short", timeZone: "UTC" } as const;
  return `${new Intl.DateTimeFormat("en-GB", format).format(new Date(iso))} UTC`;
}

function downloadLink({ notebook, runId }: RunRecord, href: string): string {
  const name = escapeHtml(`${notebook}_${runId}.ipynb`);
  return `<a href="${escapeHtml(href)}" download="${name}">The notebook with its outputs</a>`;
}

function notebookVersion({ notebookSha256, commit, uncommitted }: RunRecord): string {
  const version = `version ${code(notebookSha256.slice(0, 12))}`;
  if (commit === undefined) return version;
  return `${version}, commit ${code(commit.slice(0, 12))}${uncommitted ? " with uncommitted changes" : ""}`;
}

function renderParameters({ parameters, parameterRules = {} }: RunRecord): string {
  const entries = Object.entries(parameters);
  if (entries.length === 0) return "none";
  return entries.map(([name, value]) => {
    const rule = parameterRules[name];
    const filled = rule === undefined ? "" : ` <small>by the notebook's rule ${code(rule)}</small>`;
    return `${code(name)} = ${code(String(value))}${filled}`;
  }).join("<br>");
}

const code = (text: string) => `<code>${escapeHtml(text)}</code>`;
