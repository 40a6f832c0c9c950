import type { Child } from "hono/jsx";
import type { Trial } from "shopflow/ml/experiments/mod.ts";
import { Layout } from "../layout.tsx";
import REPORT_STYLES from "../assets/report_pages.css" with { type: "text" };
import STYLES from "../assets/experiments.css" with { type: "text" };

/** Where the pages of experiments are; names may have any sign. */
export const experimentPath = (name: string) => `/experiments/${encodeURIComponent(name)}`;
export const trialPath = ({ experiment, id }: Pick<Trial, "experiment" | "id">) =>
  `${experimentPath(experiment)}/trials/${id}`;

interface FrameProps {
  title: string;
  /** The pages between the list of experiments and this one; undefined for that list itself. */
  path?: { href: string; text: string }[];
  children: Child;
}

/** A page about experiments. */
export function ExperimentFrame({ title, path, children }: FrameProps) {
  return (
    <Layout title={`${title} · ShopFlow`} here="experiments" styles={REPORT_STYLES + STYLES}>
      {path && (
        <nav class="crumbs" aria-label="Breadcrumb">
          <a href="/experiments">Experiments</a>
          {path.map(({ href, text }) => (
            <>
              {" / "}
              <a href={href}>{text}</a>
            </>
          ))}
        </nav>
      )}
      <h1 class={path && "title"}>{title}</h1>
      {children}
    </Layout>
  );
}

/** A picture for wide and for narrow screens. */
export interface Picture {
  wide: string;
  narrow: string;
  /** What it shows, for those who don't see it. */
  label: string;
}

export function PictureCard({ picture: { wide, narrow, label } }: { picture: Picture }) {
  return (
    <div class="picture" role="img" aria-label={label}>
      <div class="wide" aria-hidden="true" dangerouslySetInnerHTML={{ __html: wide }} />
      <div class="narrow" aria-hidden="true" dangerouslySetInnerHTML={{ __html: narrow }} />
    </div>
  );
}

/** Where a trial comes from, in words; undefined where nothing is known. */
export function sourceText({ source }: Trial): string | undefined {
  const parts = [
    source.program,
    source.notebookRun && `notebook run ${source.notebookRun}`,
    source.scheduledRun && `scheduled run ${source.scheduledRun}`,
    source.snapshot && `snapshot ${source.snapshot}`,
    source.commit && `commit ${source.commit.slice(0, 12)}${source.uncommitted ? " with changes" : ""}`,
  ].filter((part) => part !== undefined && part !== "");
  return parts.length === 0 ? undefined : parts.join(" · ");
}

/** In a table: `30 Nov 2026, 18:16`, in UTC as everywhere. */
export const shortTime = (iso: string): string => `${DAY.format(new Date(iso))}, ${iso.slice(11, 16)}`;

const DAY = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeZone: "UTC" });
