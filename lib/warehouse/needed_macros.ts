/**
 * The macro files that a SQL file needs: those that define a macro whose name stands in it, or in a macro file that it
 * needs. Compiling all of them for each of a hundred data tests is what loading a project would spend its time on.
 *
 * @param macros Texts of the macro files.
 * @returns the needed ones in the order given, as one text.
 */
export function neededMacros(text: string, macros: string[]): string {
  const needed = new Set<string>();
  const unread = [text];
  for (let reading = unread.pop(); reading !== undefined; reading = unread.pop()) {
    const words = new Set(reading.match(/\w+/g));
    for (const file of macros) {
      if (needed.has(file) || !definedNames(file).some((name) => words.has(name))) continue;
      needed.add(file);
      unread.push(file);
    }
  }
  return macros.filter((file) => needed.has(file)).join("");
}

/** Names that a file defines, and what `adapter.dispatch` finds them by: `spark__day` is a `day`. */
const definedNames = (file: string) =>
  [...file.matchAll(/{%-?\s*macro\s+(\w+)/g)].flatMap((
    [, name],
  ) => [name!, name!.replace(/^[a-z0-9]+__/, "")]);
