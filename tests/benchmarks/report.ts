const HEAD = `# Benchmarks

Written by \`deno task bench\`; \`deno task bench NAME\` measures one part again. Ratios within a part were measured in the same
run and are what counts: seconds are those of one noisy machine of two cores.

They need the [servers and tools of the tests](../../CONTRIBUTING.md#the-gate). \`SHOPFLOW_TEST_CUSTOMERS\`,
\`SHOPFLOW_TEST_EVENTS\` and \`SHOPFLOW_TEST_ROUNDS\` make the large ones smaller.
`;

const begin = (name: string) => `<!-- begin ${name} -->`;
const end = (name: string) => `<!-- end ${name} -->`;

/**
 * Puts a part into the report in place of the earlier one of that name, or where `order` wants it.
 *
 * @param report The text so far; empty for a new report.
 */
export function replacePart(
  report: string,
  name: string,
  part: string,
  { order }: { order: string[] },
): string {
  const parts = new Map(
    order.flatMap((known) => {
      const [from, to] = [report.indexOf(begin(known)), report.indexOf(end(known))];
      return from < 0 || to < from
        ? []
        : [[known, report.slice(from + begin(known).length, to).trim()] as const];
    }),
  );
  parts.set(name, part.trim());
  const written = order.filter((known) => parts.has(known))
    .map((known) => `${begin(known)}\n\n${parts.get(known)}\n\n${end(known)}\n`);
  return [HEAD, ...written].join("\n");
}
