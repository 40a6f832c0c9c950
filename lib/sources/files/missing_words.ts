/** What programs write where they have no value; those of pandas, R, MySQL, PostgreSQL's psql and spreadsheets. */
const WORDS = new Set([
  "",
  "null",
  "(null)",
  "[null]",
  "<null>",
  "none",
  "nil",
  "nan",
  "-nan",
  "<na>",
  "na",
  "n/a",
  "#n/a",
  "#n/a n/a",
  "#na",
  "nat",
  "\\n",
  "undefined",
  "1.#ind",
  "-1.#ind",
  "1.#qnan",
  "-1.#qnan",
]);

const LONGEST = Math.max(...[...WORDS].map((word) => word.length));

/** Text without surrounding blanks, empty where it is a word for no value, in any case. */
export function givenText(text: string): string {
  const trimmed = text.trim();
  return trimmed.length <= LONGEST && WORDS.has(trimmed.toLowerCase()) ? "" : trimmed;
}
