/** Fields of interfaces with their doc comments, read from TypeScript source. */
import ts from "typescript";

/** A field of an interface. */
export interface FieldDoc {
  /** With its place in nested interfaces: `retries.limit`. */
  name: string;
  /** As it is written, a name of a union replaced by its members. */
  type: string;
  meaning: string;
}

/**
 * The fields of an interface in a file; fields whose type is another interface of the file are listed one by one, below
 * the text of the field itself.
 *
 * @throws {Error} when the file has no such interface.
 */
export function interfaceFields(source: string, name: string): FieldDoc[] {
  const file = ts.createSourceFile("source.ts", source, ts.ScriptTarget.Latest, true);
  const interfaces = new Map<string, ts.InterfaceDeclaration>();
  const aliases = new Map<string, ts.TypeAliasDeclaration>();
  for (const statement of file.statements) {
    if (ts.isInterfaceDeclaration(statement)) interfaces.set(statement.name.text, statement);
    if (ts.isTypeAliasDeclaration(statement)) aliases.set(statement.name.text, statement);
  }
  const start = interfaces.get(name);
  if (start === undefined) throw new Error(`There is no interface ${name} in the file`);

  const fieldsOf = (declaration: ts.InterfaceDeclaration, prefix: string): FieldDoc[] =>
    declaration.members.filter(ts.isPropertySignature).flatMap((member) => {
      const field = prefix + member.name.getText();
      const type = member.type?.getText() ?? "";
      const nested = interfaces.get(type);
      const alias = aliases.get(type);
      const own = docText(member);
      const meaning = own || docText(nested ?? alias);
      if (nested === undefined) return [{ name: field, type: aliasText(type, alias), meaning }];
      return [{ name: field, type: "object", meaning }, ...fieldsOf(nested, `${field}.`)];
    });
  return fieldsOf(start, "");
}

/** Short unions are shown in place of their name; others keep it. */
function aliasText(type: string, alias: ts.TypeAliasDeclaration | undefined): string {
  const text = alias?.type.getText() ?? "";
  return /^"[^{]*"$/.test(text) ? text : type;
}

/** The doc comment of a node as one line of Markdown. */
function docText(node: ts.Node | undefined): string {
  if (node === undefined) return "";
  return ts.getJSDocCommentsAndTags(node).map(({ comment }) => ts.getTextOfJSDocComment(comment) ?? "").join(
    " ",
  )
    .replace(/\{@linkcode (\w+)\}/g, "`$1`").replace(/\s+/g, " ").trim();
}
