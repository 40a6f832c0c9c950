/** A JSON object among the lines of a file, with the number of its first line; or what is none. */
export interface JsonPiece {
  line: number;
  text: string;
  /** Why it is no object. */
  broken?: string;
}

/** Whether a file that begins so holds an array of objects, or objects that go over several lines. */
export const isOverLines = (firstLine: string) => /^\s*(?:\[|\{\s*$)/.test(firstLine);

/**
 * Cuts a file into the objects of the array that it is (as `mongoexport --jsonArray` and MongoDB Compass write it), or
 * into objects one after the other (as `mongoexport --pretty`). It does not parse them: a cut is where the braces of an
 * object close, outside of texts.
 */
export class JsonDocuments {
  #line: number;
  /** Lines of the object at hand. */
  #open: string[] = [];
  #openLine = 0;
  #depth = 0;
  #inText = false;
  #isEscaped = false;
  #array: "none" | "open" | "closed" = "none";

  /** @param line number of the first line that will be added */
  constructor(line: number) {
    this.#line = line - 1;
  }

  /** Takes the next line of the file; returns the objects that it completes. */
  add(line: string): JsonPiece[] {
    const found: JsonPiece[] = [];
    this.#take(line, found);
    return found;
  }

  /** What is left at the end of the file: nothing, if it is whole. */
  end(): JsonPiece[] {
    if (this.#depth === 0 && this.#array !== "open") return [];
    const broken = this.#depth > 0 ? "the file ends within a document" : "the file ends before its ]";
    return [{ line: this.#depth > 0 ? this.#openLine : this.#line, text: this.#open.join("\n"), broken }];
  }

  #take(line: string, found: JsonPiece[]): void {
    this.#line++;
    let from = 0;
    for (let at = 0; at < line.length; at++) {
      const sign = line[at];
      if (this.#inText) {
        if (this.#isEscaped) this.#isEscaped = false;
        else if (sign === "\\") this.#isEscaped = true;
        else if (sign === '"') this.#inText = false;
      } else if (this.#depth > 0) {
        if (sign === '"') this.#inText = true;
        else if (sign === "{") this.#depth++;
        else if (sign === "}" && --this.#depth === 0) {
          found.push({ line: this.#openLine, text: [...this.#open, line.slice(from, at + 1)].join("\n") });
          this.#open = [];
        }
      } else if (sign === "{" && this.#array !== "closed") {
        this.#depth = 1;
        this.#openLine = this.#line;
        from = at;
      } else if (!this.#isBetween(sign)) {
        found.push({ line: this.#line, text: line.slice(at), broken: "text between documents" });
        return;
      }
    }
    if (this.#depth > 0) this.#open.push(line.slice(from));
  }

  /** Whether a sign may stand between objects; brackets open and close the array. */
  #isBetween(sign: string | undefined): boolean {
    if (sign === "[" && this.#array === "none" && this.#openLine === 0) this.#array = "open";
    else if (sign === "]" && this.#array === "open") this.#array = "closed";
    else return sign === undefined || /\s/.test(sign) || (sign === "," && this.#array === "open");
    return true;
  }
}
