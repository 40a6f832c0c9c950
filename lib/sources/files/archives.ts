import { type Entry, type FileEntry, Reader, ZipReader } from "@zip.js/zip.js";
import { type CellValue, readSheet, type Row } from "read-excel-file/node";
import { basename } from "node:path";
import { SourceError } from "shopflow/errors/mod.ts";
import { csvFields } from "../csv.ts";

/** A file of text on this machine. */
export interface TextFile {
  path: string;
  /** The path as it was given, with the file of an archive or the sheet of a workbook after a colon. */
  name: string;
}

/** Files of text, some of which may be copies that are removed at the end. */
interface TextFiles extends AsyncDisposable {
  files: TextFile[];
  /** Names of files in archives that are none of these. */
  leftOut: string[];
}

/** Names of files in an archive that may hold a table. */
const TABLES = /\.(?:csv|tsv|tab|txt|xlsx)(?:\.gz)?$/i;
/** What programs add to archives for themselves. */
const OF_PROGRAMS = /(?:^|\/)(?:__MACOSX\/|\.[^/]*$|~\$[^/]*$)/;

/**
 * Files as text: a zip archive is its tables, an Excel workbook (.xlsx) is its sheets, each as CSV; any other file is
 * itself.
 *
 * @throws {SourceError} when an archive or workbook is damaged, encrypted or without any table.
 * @throws {Deno.errors.NotFound} when there is no such file.
 */
export async function openTextFiles(paths: string[]): Promise<TextFiles> {
  const copies: string[] = [];
  const opened: TextFiles = {
    files: [],
    leftOut: [],
    async [Symbol.asyncDispose]() {
      for (const copy of copies) await Deno.remove(copy);
    },
  };
  const newCopy = async (suffix: string) => {
    const copy = await Deno.makeTempFile({ prefix: "shopflow_import_", suffix });
    copies.push(copy);
    return copy;
  };
  try {
    for (const path of paths) await addFile({ path, name: path }, opened, newCopy);
    return opened;
  } catch (error) {
    await opened[Symbol.asyncDispose]();
    throw error;
  }
}

type NewCopy = (suffix: string) => Promise<string>;

async function addFile(file: TextFile, opened: TextFiles, newCopy: NewCopy): Promise<void> {
  if (!await isZip(file.path)) {
    opened.files.push(file);
    return;
  }
  await using source = await openZip(file);
  const entries = source.entries.filter((entry): entry is FileEntry =>
    !entry.directory && !OF_PROGRAMS.test(entry.filename)
  );
  if (entries.some(({ filename }) => filename === "xl/workbook.xml")) {
    return await addSheets(file, opened, newCopy);
  }
  const tables = entries.filter(({ filename }) => TABLES.test(filename))
    .sort((a, b) => a.filename < b.filename ? -1 : 1);
  if (tables.length === 0) {
    throw new SourceError(`The archive ${file.name} holds no table`, {
      expected: "files that end in .csv, .tsv, .txt or .xlsx",
      found: entries.map(({ filename }) => filename).slice(0, 10).join(", ") || "nothing",
      remedy: "Unpack it, and give the file with the transactions.",
    });
  }
  const left = entries.filter((entry) => !tables.includes(entry));
  opened.leftOut.push(...left.map(({ filename }) => `${file.name}: ${filename}`));
  for (const table of tables) {
    const name = `${file.name}: ${table.filename}`;
    const path = await newCopy(`_${basename(table.filename)}`);
    await unpack(table, { path, name });
    await addFile({ path, name }, opened, newCopy);
  }
}

async function isZip(path: string): Promise<boolean> {
  // Looked at before it is opened, since opening a pipe waits for its writer.
  if (!(await Deno.stat(path)).isFile) return false;
  using file = await Deno.open(path);
  const start = new Uint8Array(4);
  await file.read(start);
  return start.every((byte, i) => byte === [0x50, 0x4b, 0x03, 0x04][i]);
}

interface OpenZip extends AsyncDisposable {
  entries: Entry[];
}

async function openZip({ path, name }: TextFile): Promise<OpenZip> {
  const file = await Deno.open(path);
  const reader = new ZipReader(new OpenFile(file, (await file.stat()).size), { useWebWorkers: false });
  try {
    return {
      entries: await reader.getEntries(),
      async [Symbol.asyncDispose]() {
        await reader.close();
        file.close();
      },
    };
  } catch (cause) {
    file.close();
    throw damaged(name, cause);
  }
}

/** A file that is read here and there. */
class OpenFile extends Reader<Deno.FsFile> {
  readonly #file: Deno.FsFile;

  constructor(file: Deno.FsFile, size: number) {
    super(file);
    this.#file = file;
    this.size = size;
  }

  override async readUint8Array(index: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, this.size - index)));
    await this.#file.seek(index, Deno.SeekMode.Start);
    let read = 0;
    while (read < bytes.length) {
      const count = await this.#file.read(bytes.subarray(read));
      if (count === null) break;
      read += count;
    }
    return bytes.subarray(0, read);
  }
}

async function unpack(entry: FileEntry, { path, name }: TextFile): Promise<void> {
  if (entry.encrypted) {
    throw new SourceError(`The file ${name} is encrypted`, {
      expected: "an archive without a password",
      remedy: "Unpack it, and give the file with the transactions.",
    });
  }
  const file = await Deno.open(path, { write: true });
  try {
    await entry.getData(file.writable, { checkSignature: true, useWebWorkers: false });
  } catch (cause) {
    throw damaged(name, cause);
  }
}

/** Each sheet that is not empty as a CSV file, whose lines are the rows of the sheet. */
async function addSheets({ path, name }: TextFile, opened: TextFiles, newCopy: NewCopy): Promise<void> {
  const before = opened.files.length;
  for (let sheet = 1;; sheet++) {
    const rows = await readRows(path, name, sheet);
    if (rows === undefined) break;
    if (rows.length === 0) continue;
    const copy = await newCopy(".csv");
    await Deno.writeTextFile(copy, ReadableStream.from(csvLines(rows)));
    opened.files.push({ path: copy, name: `${name}: sheet ${sheet}` });
  }
  if (opened.files.length > before) return;
  throw new SourceError(`The workbook ${name} is empty`, { expected: "a sheet with transactions" });
}

/** Undefined where there is no such sheet. */
async function readRows(path: string, name: string, sheet: number): Promise<Row[] | undefined> {
  try {
    return await readSheet(path, sheet, { trim: false });
  } catch (cause) {
    if (cause instanceof Error && cause.name === "SheetNotFoundError") return undefined;
    throw damaged(name, cause);
  }
}

/** Rows that are written at once. */
const BATCH = 1000;

function* csvLines(rows: Row[]): Generator<string> {
  for (let start = 0; start < rows.length; start += BATCH) {
    yield rows.slice(start, start + BATCH).map((row) => csvFields(row.map(cellText)) + "\n").join("");
  }
}

/** A cell as text; times are those that the sheet shows, which has no zone. */
function cellText(cell: CellValue | null): string | null {
  if (cell instanceof Date) return cell.toISOString().slice(0, 19).replace("T", " ");
  // A line end would make another row of the rest.
  return cell === null ? null : String(cell).replaceAll(/\s*[\r\n]+\s*/g, " ");
}

function damaged(name: string, cause: unknown): SourceError {
  return new SourceError(`The file ${name} cannot be unpacked`, {
    expected: "a whole zip archive or Excel workbook",
    found: cause instanceof Error ? cause.message : String(cause),
    remedy: "Copy or download it again, or save the table as CSV in UTF-8.",
    cause,
  });
}
