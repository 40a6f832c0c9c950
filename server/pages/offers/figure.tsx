import type { OfferChart } from "./charts.ts";

/** A picture with its title; its text stands for it where it is not seen. */
export function Figure({ chart: { title, label, wide, narrow } }: { chart: OfferChart }) {
  return (
    <figure class="figure" aria-label={`${title}: ${label}`}>
      <figcaption>{title}</figcaption>
      <div class="wide" dangerouslySetInnerHTML={{ __html: wide }} />
      <div class="narrow" dangerouslySetInnerHTML={{ __html: narrow }} />
    </figure>
  );
}
