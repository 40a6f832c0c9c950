import type { ObjectStore } from "shopflow/lake/mod.ts";

/** What a person has to know whose request nobody will see. */
export const noScheduler = ({ url }: Pick<ObjectStore, "url">) =>
  `no scheduler runs on the lake ${url}: start \`deno task schedule\`, or \`deno task jobs tick\``;
