import {
  type Direction,
  fieldValue,
  findField,
  namesOf,
  sortTrials,
  type Trial,
  valueText,
  varyingParameters,
  whereTrials,
} from "shopflow/ml/experiments/mod.ts";
import { InputError, withoutRemedy } from "shopflow/errors/mod.ts";
import { countOf, formatCount } from "shopflow/runtime/mod.ts";
import { renderPage } from "../layout.tsx";
import { Pager } from "../reports/frame.tsx";
import {
  ExperimentFrame,
  experimentPath,
  type Picture,
  PictureCard,
  shortTime,
  trialPath,
} from "./frame.tsx";

const TRIALS_PER_PAGE = 100;
/** Columns of parameters, and of metrics. */
const MOST_COLUMNS = 10;

/** What a visitor wants to see of an experiment; from the address, so that each view is a link. */
export interface ExperimentView {
  /** Conditions, separated by commas, as they were written. */
  where: string;
  /** The metric that trials are judged by. */
  by: string | undefined;
  sort: string | undefined;
  descending: boolean;
  /** From 1. */
  page: number;
}

/** The trials that meet a view's conditions; all of them with a reason where the conditions are invalid. */
export function filterTrials(
  trials: readonly Trial[],
  { where }: Pick<ExperimentView, "where">,
): { chosen: readonly Trial[]; problem?: string } {
  const conditions = where.split(",").map((text) => text.trim()).filter((text) => text !== "");
  try {
    return { chosen: whereTrials(trials, conditions) };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { chosen: trials, problem: withoutRemedy(error) };
  }
}

/** A column of the table. */
interface Field {
  kind: "parameters" | "metrics";
  name: string;
}

const sortKey = ({ kind, name }: Field) => `${kind}.${name}`;

interface ExperimentPageProps {
  name: string;
  trials: readonly Trial[];
  chosen: readonly Trial[];
  /** Why the conditions do not count. */
  problem: string | undefined;
  /** How many trials cannot be read. */
  damaged: number;
  view: ExperimentView;
  metric: string | undefined;
  direction: Direction;
  best: Trial | undefined;
  picture: Picture | undefined;
}

/** An experiment: its trials as parallel coordinates and as a table that its headings sort. */
export function renderExperiment(props: ExperimentPageProps): string {
  const { name, trials, chosen, problem, damaged, view, metric, direction, best, picture } = props;
  const here = experimentPath(name);
  const href = (changes: Partial<ExperimentView>) => addressOf(here, { ...view, page: 1, ...changes });
  const parameters = varyingParameters(chosen);
  // Metrics of a baseline are for comparison only.
  const metrics = namesOf(chosen, "metrics").sort((a, b) =>
    Number(/baseline/.test(a)) - Number(/baseline/.test(b))
  );
  const sorted = sortedTrials(chosen, view);
  const pages = Math.max(1, Math.ceil(sorted.length / TRIALS_PER_PAGE));
  const page = Math.min(view.page, pages);
  const hidden = Math.max(0, parameters.length - MOST_COLUMNS) + Math.max(0, metrics.length - MOST_COLUMNS);
  const columns: Field[] = [
    ...parameters.slice(0, MOST_COLUMNS).map((name) => ({ kind: "parameters" as const, name })),
    ...metrics.slice(0, MOST_COLUMNS).map((name) => ({ kind: "metrics" as const, name })),
  ];
  const isNumeric = columns.map((field) =>
    chosen.every((trial) => ["number", "undefined"].includes(typeof fieldValue(trial, field)))
  );
  return renderPage(
    <ExperimentFrame title={name} path={[]}>
      <p class="lead">
        {best === undefined || metric === undefined ? countOf(trials.length, "trial") : (
          <>
            The {direction} {metric} of{" "}
            {countOf(chosen.filter((trial) => trial.metrics[metric] !== undefined).length, "trial")} is{" "}
            <a href={trialPath(best)}>{valueText(best.metrics[metric]!)}</a>
            {settingText(best, parameters)}.
          </>
        )}
      </p>
      <Filter
        here={here}
        columns={columns}
        view={view}
        metrics={namesOf(trials, "metrics")}
        metric={metric}
      />
      {problem !== undefined && <p class="note-banner" role="alert">{problem}. All trials are shown.</p>}
      {problem === undefined && view.where !== "" && (
        <p class="note-banner" role="status">
          {countOf(chosen.length, "trial")} of {formatCount(trials.length)} with {view.where}.{" "}
          <a href={href({ where: "" })}>Show all trials</a>
        </p>
      )}
      {damaged > 0 && (
        <p class="note-banner" role="status">
          {countOf(damaged, "trial")} cannot be read: changed since written. The server's log names them.
        </p>
      )}
      {picture && <PictureCard picture={picture} />}
      <form method="get" action={`${here}/compare`}>
        <div class="actions">
          <button type="submit">Compare the marked trials</button>
          {hidden > 0 && <span class="soft">{countOf(hidden, "more column")} on the pages of the trials
          </span>}
        </div>
        <div class="table-card" tabindex={0} role="region" aria-label={`Trials of ${name}`}>
          <table class="blocks">
            <thead>
              <tr>
                <th scope="col">Compare</th>
                <Heading text="Trial" sort="id" view={view} href={href} />
                <Heading text="Ended (UTC)" sort="ended" view={view} href={href} />
                {columns.map((field, i) => (
                  <Heading
                    key={sortKey(field)}
                    text={field.name}
                    sort={sortKey(field)}
                    isNumeric={isNumeric[i]!}
                    view={view}
                    href={href}
                  />
                ))}
              </tr>
            </thead>
            <tbody>
              {sorted.slice((page - 1) * TRIALS_PER_PAGE, page * TRIALS_PER_PAGE).map((trial) => (
                <tr key={trial.id} class={trial.id === best?.id ? "best" : ""}>
                  <td data-label="Compare">
                    <input
                      type="checkbox"
                      name="trial"
                      value={trial.id}
                      aria-label={`Compare trial ${trial.id}`}
                    />
                  </td>
                  <th scope="row">
                    <a href={trialPath(trial)}>{trial.id}</a>{" "}
                    {trial.id === best?.id && <span class="badge">best</span>}
                    {trial.status === "failed" && <span class="tag bad">failed</span>}
                  </th>
                  <td class="time" data-label="Ended (UTC)">{shortTime(trial.endedAt)}</td>
                  {columns.map((field, i) => (
                    <td
                      key={sortKey(field)}
                      class={isNumeric[i] ? "number" : ""}
                      data-label={field.name}
                    >
                      {valueText(fieldValue(trial, field))}
                    </td>
                  ))}
                </tr>
              ))}
              {sorted.length === 0 && (
                <tr>
                  <td colspan={columns.length + 3}>No trials.</td>
                </tr>
              )}
            </tbody>
          </table>
        </div>
      </form>
      <Pager
        page={page}
        pages={pages}
        total={countOf(sorted.length, "trial")}
        href={(page) => href({ page })}
      />
      <p class="soft">
        <code>deno task experiments list {JSON.stringify(name)}</code>
      </p>
    </ExperimentFrame>,
  );
}

/** By default the newest first; a column that the trials no longer have sorts nothing. */
function sortedTrials(trials: readonly Trial[], { sort, descending }: ExperimentView): readonly Trial[] {
  if (sort === undefined) return trials;
  try {
    return sortTrials(trials, findField(trials, sort), descending);
  } catch (error) {
    if (error instanceof InputError) return trials;
    throw error;
  }
}

/** What distinguishes a trial, for a sentence. */
function settingText(trial: Trial, parameters: readonly string[]): string {
  const own = parameters.filter((name) => Object.hasOwn(trial.parameters, name)).slice(0, 4);
  return own.length === 0
    ? ""
    : `, with ${own.map((name) => `${name} ${valueText(trial.parameters[name])}`).join(", ")}`;
}

interface FilterProps {
  here: string;
  /** What the table has, for screens that are too narrow for its headings. */
  columns: Field[];
  view: ExperimentView;
  metrics: string[];
  metric: string | undefined;
}

/** A form whose answer is a link. */
function Filter({ here, columns, view, metrics, metric }: FilterProps) {
  return (
    <form class="filter" method="get" action={here} role="search">
      <span class="field long">
        <label for="where">Trials with</label>
        <input
          id="where"
          type="text"
          name="where"
          value={view.where}
          placeholder="depth=3, active_auc>=0.8"
        />
      </span>
      <span class="field">
        <label for="by">judged by</label>
        <select id="by" name="by">
          {metrics.map((name) => <option key={name} value={name} selected={name === metric}>{name}</option>)}
        </select>
      </span>
      <span class="field">
        <label for="sort">sorted by</label>
        <select id="sort" name="sort">
          <option value="">time, newest first</option>
          {columns.flatMap((field) =>
            [true, false].map((descending) => {
              const sort = sortKey(field);
              return (
                <option
                  key={sortText(sort, descending)}
                  value={sortText(sort, descending)}
                  selected={view.sort === sort && view.descending === descending}
                >
                  {field.name}, {descending ? "largest" : "smallest"} first
                </option>
              );
            })
          )}
        </select>
      </span>
      <button type="submit">Show</button>
    </form>
  );
}

interface HeadingProps {
  text: string;
  sort: string;
  isNumeric?: boolean;
  view: ExperimentView;
  href(changes: Partial<ExperimentView>): string;
}

/** A heading that orders the trials; the second time the other way. Of numbers the largest come first. */
function Heading({ text, sort, isNumeric = false, view, href }: HeadingProps) {
  const isSorted = view.sort === sort;
  const descending = isSorted ? !view.descending : isNumeric;
  return (
    <th
      scope="col"
      class={isNumeric ? "number" : ""}
      aria-sort={isSorted ? (view.descending ? "descending" : "ascending") : undefined}
    >
      <a href={href({ sort, descending })}>
        {text}
        {isSorted && <span aria-hidden="true">{view.descending ? " ▼" : " ▲"}</span>}
      </a>
    </th>
  );
}

const DESCENDING = ":desc";
const sortText = (sort: string, descending: boolean) => descending ? `${sort}${DESCENDING}` : sort;

/** The order that an address names, `metrics.auc` or `metrics.auc:desc`. */
export function parseSort(text: string | undefined): Pick<ExperimentView, "sort" | "descending"> {
  const descending = text?.endsWith(DESCENDING) === true;
  return { sort: (descending ? text.slice(0, -DESCENDING.length) : text) || undefined, descending };
}

function addressOf(here: string, { where, by, sort, descending, page }: ExperimentView): string {
  const query = new URLSearchParams({
    ...(where !== "" && { where }),
    ...(by !== undefined && { by }),
    ...(sort !== undefined && { sort: sortText(sort, descending) }),
    ...(page > 1 && { page: String(page) }),
  });
  return query.size === 0 ? here : `${here}?${query}`;
}
