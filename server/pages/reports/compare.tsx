import type { Child } from "hono/jsx";
import { formatDuration, formatTime } from "shopflow/runtime/mod.ts";
import type { OutputComparison, Report } from "shopflow/notebook/report/mod.ts";
import { dayText } from "shopflow/kpis/mod.ts";
import { renderPage } from "../layout.tsx";
import { ReportFrame, reportPath, runPath } from "./frame.tsx";
import { keyMetrics, MetricValue, shownValue, StartedBy } from "./history.tsx";

interface CompareProps {
  earlier: Report;
  later: Report;
  /** Undefined where a notebook of the two is gone. */
  outputs: OutputComparison | undefined;
}

/** Two runs of a report side by side: what they were given, what they read and what they showed. */
export function renderComparison({ earlier, later, outputs }: CompareProps): string {
  const { name, title } = later;
  const metrics = keyMetrics([later, earlier]);
  const parameters = [
    ...new Set([later, earlier].flatMap(({ parameters }) => Object.keys(parameters))),
  ];
  return renderPage(
    <ReportFrame
      title={`Two runs of ${title}`}
      path={[{ href: reportPath(name), text: title }, { href: `${reportPath(name)}/runs`, text: "Runs" }]}
    >
      <p class="lead">
        The run of {formatTime(earlier.createdAt)} beside that of{" "}
        {formatTime(later.createdAt)}. What differs is marked.
      </p>
      <Comparison caption="Key metrics" heads={[earlier, later]} hasChange>
        {metrics.length === 0 && (
          <tr>
            <td colspan={4}>
              The notebook shows no metrics; <code>showMetrics</code> does.
            </td>
          </tr>
        )}
        {metrics.map((metric) => {
          const [a, b] = [earlier, later].map(({ metrics }) => metrics[metric]?.value);
          return (
            <tr key={metric}>
              <th scope="row">{metric}</th>
              <td class="number" data-label="Earlier">
                <MetricValue run={earlier} metric={metric} />
              </td>
              <td class="number" data-label="Later">
                <MetricValue run={later} metric={metric} />
              </td>
              <td class="number" data-label="Change">{changeText(a, b)}</td>
            </tr>
          );
        })}
      </Comparison>
      <Comparison caption="Parameters and data" heads={[earlier, later]}>
        {parameters.map((parameter) => (
          <Pair
            key={parameter}
            name={parameter}
            values={[earlier, later].map(({ parameters }) => String(parameters[parameter] ?? "not declared"))}
          />
        ))}
        <Pair
          name="Orders until"
          values={[earlier, later].map(({ ordersUntil }) =>
            ordersUntil === undefined ? "no orders read" : dayText(ordersUntil)
          )}
        />
        <Pair
          name="Snapshot"
          values={[earlier, later].map(({ snapshot }) => snapshot || "none of the lake")}
        />
        <Pair name="Models and scores" values={[earlier, later].map(modelsOf)} />
        <Pair
          name="Notebook"
          values={[earlier, later].map(({ notebookSha256, commit }) =>
            `version ${notebookSha256.slice(0, 12)}${commit ? `, commit ${commit.slice(0, 12)}` : ""}`
          )}
        />
        <Pair name="Status" values={[earlier, later].map(({ status }) => status)} />
        <Pair
          name="Took"
          values={[earlier, later].map(({ milliseconds }) => formatDuration(milliseconds))}
          isAlwaysDifferent
        />
        <tr>
          <th scope="row">Started by</th>
          <td data-label="Earlier">
            <StartedBy run={earlier} />
          </td>
          <td data-label="Later">
            <StartedBy run={later} />
          </td>
        </tr>
      </Comparison>
      <h2>Outputs</h2>
      <Outputs outputs={outputs} />
    </ReportFrame>,
  );
}

interface ComparisonProps {
  caption: string;
  heads: [Report, Report];
  hasChange?: boolean;
  children: Child;
}

function Comparison({ caption, heads, hasChange = false, children }: ComparisonProps) {
  return (
    <>
      <h2>{caption}</h2>
      <div class="table-card">
        <table class="blocks" aria-label={caption}>
          <thead>
            <tr>
              <td></td>
              {heads.map(({ name, runId, createdAt }, i) => (
                <th key={runId + i} scope="col" class={hasChange ? "number" : ""}>
                  {i === 0 ? "Earlier" : "Later"}: <a href={runPath(name, runId)}>{formatTime(createdAt)}</a>
                </th>
              ))}
              {hasChange && <th scope="col" class="number">Change</th>}
            </tr>
          </thead>
          <tbody>{children}</tbody>
        </table>
      </div>
    </>
  );
}

interface PairProps {
  name: string;
  values: string[];
  /** Of what is never the same, so that a mark says nothing. */
  isAlwaysDifferent?: boolean;
}

function Pair({ name, values: [a = "", b = ""], isAlwaysDifferent = false }: PairProps) {
  const differs = a !== b && !isAlwaysDifferent;
  return (
    <tr class={differs ? "differs" : ""}>
      <th scope="row">{name}</th>
      <td data-label="Earlier">{a}</td>
      <td data-label="Later">{b} {differs && <span class="badge">changed</span>}</td>
    </tr>
  );
}

const modelsOf = ({ lineage }: Report) =>
  [
    ...new Set(
      lineage.filter(({ kind }) => kind !== "snapshot").map(({ name, version }) => `${name} ${version}`),
    ),
  ]
    .join(", ") || "none";

function Outputs({ outputs }: { outputs: OutputComparison | undefined }) {
  if (outputs === undefined) {
    return <p>One of the executed notebooks is gone, so outputs cannot be compared.</p>;
  }
  const { compared, different } = outputs;
  if (compared === 0) return <p>Neither of the runs shows outputs.</p>;
  if (compared === 1 && different.length === 0) return <p>The one cell with outputs shows the same.</p>;
  if (different.length === 0) return <p>All {compared} cells with outputs show the same.</p>;
  const sections = Map.groupBy(different, ({ section }) => section || "before the first section");
  return (
    <>
      <p>{different.length} of {compared} cells with outputs show something else:</p>
      <ul>
        {[...sections].map(([section, cells]) => (
          <li key={section}>{section}: {cells.map(({ cellId }) => cellId).join(", ")}</li>
        ))}
      </ul>
    </>
  );
}

/** A number with what stands around it: a currency, a unit, a percent sign. Its sign may stand before both: `−$20`. */
const NUMBER =
  /^(?<first>[−-]?)(?<before>[^\d−-]*)(?<sign>[−-]?)(?<digits>\d[\d,]*(?:\.\d+)?)(?<after>\D*)$/u;

/** The change of a metric: in points for percentages, else as an amount and in percent. Empty where it has no number. */
export function changeText(a: string | number | undefined, b: string | number | undefined): string {
  if (a === undefined || b === undefined) return "";
  const [from, to] = [a, b].map((value) => NUMBER.exec(shownValue(value).trim())?.groups);
  if (!from || !to || from.before !== to.before || from.after?.trim() !== to.after?.trim()) {
    return a === b ? "same" : "";
  }
  const value = (groups: Record<string, string>) =>
    Number(groups.digits!.replaceAll(",", "")) * (groups.first === "" && groups.sign === "" ? 1 : -1);
  const [first, second] = [value(from), value(to)];
  const change = second - first;
  if (change === 0) return "same";
  const decimals = Math.max(...[from, to].map(({ digits = "" }) => digits.split(".")[1]?.length ?? 0));
  const amount = Math.abs(change).toLocaleString("en-US", {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
  const sign = change > 0 ? "+" : "−";
  if (to.after?.trim() === "%") return `${sign}${amount}\u00a0points`;
  const share = first === 0 ? "" : ` (${sign}${(Math.abs(change / first) * 100).toFixed(1)}\u202f%)`;
  return `${sign}${to.before}${amount}${to.after}${share}`;
}
