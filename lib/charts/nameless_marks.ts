import type { Mark, Spec as VegaSpec } from "vega";

/**
 * The specification with marks that nothing describes, such as a rule at a target, hidden from screen readers: Vega
 * would announce each as a graphics symbol without a name.
 */
export function hideNamelessMarks<T extends Pick<VegaSpec, "marks">>(spec: T): T {
  if (spec.marks === undefined) return spec;
  return { ...spec, marks: spec.marks.map(hidden) };
}

function hidden(mark: Mark): Mark {
  if (mark.type === "group") return hideNamelessMarks(mark);
  const described = Object.values(mark.encode ?? {}).some((set) => set !== undefined && "description" in set);
  if (described || mark.type === "text" || mark.aria !== undefined || mark.description !== undefined) {
    return mark;
  }
  return { ...mark, aria: false };
}
