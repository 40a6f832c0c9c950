/** The kernel of our notebooks, as their metadata names it. */
export const DENO_KERNELSPEC = { display_name: "Deno", language: "typescript", name: "deno" } as const;
