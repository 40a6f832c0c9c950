import { WarehouseError } from "shopflow/errors/mod.ts";
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { parseTemplate } from "../jinja/template/parser.ts";
import { type CompileContext, compileModel, compileSeed, nameOf, type SqlModel } from "./compile.ts";
import { LeftOutModels } from "./leave_out.ts";
import { readMacros, withPlace } from "./jinja/macros.ts";
import type { ProjectNames } from "./jinja/names.ts";
import { CircleError, inDependencyOrder, type SqlProject } from "./project.ts";
import { combineSettings } from "./reading/config.ts";
import { hashOfFile, type ProjectFile, type ProjectFiles, readFiles } from "./reading/files.ts";
import { type ModelDeclaration, parseSchemaFile, type SchemaFile } from "./reading/schema_yml.ts";
import { folderSettings, unusedFolders } from "./reading/settings.ts";
import {
  type DataTest,
  declaredTests,
  definesGenericTests,
  singularTest,
  type TestContext,
  testedModel,
  testedSource,
} from "./tests/data_tests.ts";
import { compileUnitTest, type UnitTest } from "./tests/unit_tests.ts";

/** A file that is wrong, and the model or seed that it would have been. */
interface Broken {
  file: string;
  /** Undefined where the file is none. */
  ref?: string;
  isRequired: boolean;
  error: WarehouseError;
}

/**
 * Loads a dbt project: compiles the Jinja of models, seeds and data tests and orders the models. A project that calls
 * some of its models required (`meta: { required: true }`) does without others that are wrong, and says so in
 * `leftOut`.
 *
 * @throws {WarehouseError} when dbt_project.yml or a required model is wrong; in a project without required models,
 *   when any file is.
 */
export async function loadSqlProject(
  folder: string,
  vars: Record<string, unknown> = {},
): Promise<SqlProject> {
  const files = await readFiles(folder);
  const library = await readMacros([...files.macros, ...files.tests.filter(definesGenericTests)]);
  const { environment, ...project } = new ProjectLoader(files, vars, library).load();
  const sources = project.sources.map((source) =>
    source.external === undefined ? source : { ...source, external: join(folder, source.external) }
  );
  const external = await Promise.all(sources.map(({ external }) => external && hashOfFile(external)));
  const content = JSON.stringify([vars, files.all, environment, external]);
  return { ...project, sources, version: createHash("sha256").update(content).digest("hex").slice(0, 12) };
}

class ProjectLoader {
  readonly #broken: Broken[] = [];
  readonly #warnings: string[] = [];
  readonly #schemas: SchemaFile;
  readonly #context: CompileContext;

  constructor(readonly files: ProjectFiles, vars: Record<string, unknown>, library: ProjectNames["library"]) {
    const { settings } = files;
    for (const error of files.refused) this.#broken.push({ ...error, isRequired: false });
    this.#schemas = this.#readSchemas();
    const all = this.#uniqueFiles([...files.models, ...files.seeds]);
    const names: ProjectNames = {
      project: settings.name,
      models: new Map(all.map(({ path }) => [nameOf(path), path])),
      tables: new Map(),
      sources: this.#schemas.sources,
      vars: { ...settings.vars, ...vars },
      library,
      environment: new Map(),
      warn: (text) => void this.#warnings.push(text),
    };
    this.#context = { names, settings, declarations: new Map(), docs: this.#docs() };
    this.#declare(names.models);
    this.#all = all;
  }

  readonly #all: ProjectFile[];

  load(): Omit<SqlProject, "version"> & { environment: [string, string][] } {
    const { files } = this;
    const { names, settings } = this.#context;
    const compiled = this.#compileAll();
    const isStrict = !compiled.some(({ isRequired }) => isRequired) &&
      !this.#broken.some(({ isRequired }) => isRequired);
    const stop = this.#broken.find(({ isRequired }) => isStrict || isRequired);
    if (stop !== undefined) throw stop.error;
    const models = compiled.map((model) => ({ ...model, isRequired: isStrict || model.isRequired }));
    const leftOut = this.#leaveOut(models);
    this.#leaveCircles(leftOut.kept(models), leftOut);
    const tests = this.#tests(leftOut.kept(models), leftOut, isStrict);
    const unitTests = this.#unitTests(leftOut.kept(models), leftOut);
    const kept = leftOut.kept(models);
    const isKept = (test: { model?: string; refs?: string[] }) =>
      !leftOut.has(test.model ?? "") && !(test.refs ?? []).some((ref) => leftOut.has(ref));
    const folders = (list: ProjectFile[]) =>
      list.map(({ path }) => dirname(path).split("/").slice(1).concat(nameOf(path)));
    this.#warnings.push(
      ...unusedFolders(settings, "model", folders(files.models)),
      ...unusedFolders(settings, "seed", folders(files.seeds)),
    );
    return {
      name: settings.name,
      environment: [...names.environment],
      sources: this.#schemas.sources,
      models: inDependencyOrder(kept),
      tests: tests.filter(isKept),
      unitTests: unitTests.filter(isKept),
      warnings: [...new Set(this.#warnings)],
      leftOut: leftOut.list(),
    };
  }

  /** Runs a part; what is wrong there is noted, and gives undefined. */
  #try<T>(work: () => T, broken: Omit<Broken, "error">): T | undefined {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof WarehouseError)) throw error;
      this.#broken.push({ ...broken, error });
    }
  }

  /** Whether dbt_project.yml calls the models of a file's folder required. */
  #isRequired({ path }: ProjectFile): boolean {
    const kind = path.endsWith(".csv") ? "seed" : "model";
    const folders = [...dirname(path).split("/").slice(1), nameOf(path)];
    return combineSettings(kind, folderSettings(this.files.settings, kind, folders)).meta?.required === true;
  }

  #readSchemas(): SchemaFile {
    const found: SchemaFile = { models: [], seeds: [], sources: [], unitTests: [] };
    for (const { path, text } of this.files.schemas) {
      try {
        const { models, seeds, sources, unitTests } = parseSchemaFile(text, path);
        found.models.push(...models);
        found.seeds.push(...seeds);
        found.sources.push(...sources);
        found.unitTests.push(...unitTests);
      } catch (error) {
        if (!(error instanceof WarehouseError)) throw error;
        this.#breakFolder(path, error);
      }
    }
    return found;
  }

  /** A schema file that cannot be read says nothing of the models of its folder: none of them can be built. */
  #breakFolder(schema: string, error: WarehouseError): void {
    const inFolder = this.files.models.filter(({ path }) => path.startsWith(`${dirname(schema)}/`));
    this.#broken.push({ file: schema, isRequired: false, error });
    for (const file of inFolder) {
      this.#broken.push({
        file: file.path,
        ref: nameOf(file.path),
        isRequired: this.#isRequired(file),
        error,
      });
    }
  }

  /** Files whose names differ; of two with one name the required one stays, or the first. */
  #uniqueFiles(files: ProjectFile[]): ProjectFile[] {
    const found = new Map<string, ProjectFile>();
    for (const file of files) {
      const name = nameOf(file.path);
      const other = found.get(name);
      if (other === undefined) {
        found.set(name, file);
        continue;
      }
      const error = new WarehouseError(`Two SQL models are called ${name}`, {
        found: `${other.path} and ${file.path}`,
        remedy: "Rename one of the files.",
      });
      const [stays, goes] = this.#isRequired(file) && !this.#isRequired(other)
        ? [file, other]
        : [other, file];
      found.set(name, stays);
      this.#broken.push({ file: goes.path, isRequired: this.#isRequired(goes), error });
    }
    return [...found.values()];
  }

  #declare(models: Map<string, string>): void {
    const { declarations } = this.#context;
    const refuse = (doc: ModelDeclaration, error: WarehouseError) =>
      this.#broken.push({ file: doc.file, isRequired: false, error });
    for (const doc of [...this.#schemas.models, ...this.#schemas.seeds]) {
      const other = declarations.get(doc.name);
      if (!models.has(doc.name)) {
        refuse(
          doc,
          new WarehouseError(`${doc.file} documents a model that does not exist`, {
            expected: `one of ${[...models.keys()].join(", ")}`,
            found: doc.name,
          }),
        );
      } else if (other !== undefined) {
        refuse(
          doc,
          new WarehouseError(`The model ${doc.name} is documented twice`, {
            found: `${other.file} and ${doc.file}`,
          }),
        );
      } else declarations.set(doc.name, doc);
    }
  }

  #docs(): Map<string, string> {
    const docs = new Map<string, string>();
    for (const { path, text } of this.files.docs) {
      const blocks = this.#try(() => withPlace(path, () => docsBlocks(text)), {
        file: path,
        isRequired: false,
      });
      for (const [name, body] of blocks ?? []) docs.set(name, body);
    }
    return docs;
  }

  #compileAll(): SqlModel[] {
    const broken = new Set(this.#broken.map(({ file }) => file));
    const compile = (file: ProjectFile) =>
      this.#try(
        () =>
          file.path.endsWith(".csv") ? compileSeed(file, this.#context) : compileModel(file, this.#context),
        { file: file.path, ref: nameOf(file.path), isRequired: this.#isRequired(file) },
      );
    const sources = this.#all.filter(({ path }) => !broken.has(path));
    const byFile = new Map(sources.map((file) => [file, compile(file)]));
    // An alias that a file gives itself is known now: those that read it have to be written again.
    const { tables } = this.#context.names;
    for (const model of byFile.values()) {
      if (model && model.name !== model.ref) tables.set(model.ref, model.name);
    }
    const found = [...byFile].flatMap(([file, model]) => {
      const again = model?.refs.some((ref) => tables.has(ref)) ? compile(file) : model;
      return again ?? [];
    });
    return this.#uniqueTables(found).map((model) => ({
      ...model,
      refs: model.refs.map((ref) => tables.get(ref) ?? ref),
    }));
  }

  #uniqueTables(models: SqlModel[]): SqlModel[] {
    const found = new Map<string, SqlModel>();
    for (const model of models.toSorted((a, b) => Number(b.isRequired) - Number(a.isRequired))) {
      const other = found.get(model.name);
      if (other === undefined) found.set(model.name, model);
      else {
        const error = new WarehouseError(`Two tables are called ${model.name}`, {
          found: `${other.file} and ${model.file}`,
          remedy: "Give one of them another alias.",
        });
        this.#broken.push({ file: model.file, isRequired: model.isRequired, error });
      }
    }
    return models.filter((model) => found.get(model.name) === model);
  }

  #leaveOut(models: SqlModel[]): LeftOutModels {
    const known = new Set(models.map(({ name }) => name));
    const gone = this.#broken.map(({ file, ref }) => ({ name: ref ?? file, refs: [], isRequired: false }));
    const leftOut = new LeftOutModels([...models, ...gone]);
    for (const { file, ref, error } of this.#broken) leftOut.leave(ref ?? file, error);
    for (const model of models) {
      const missing = model.refs.find((ref) => !known.has(ref) && !leftOut.has(ref));
      if (missing === undefined) continue;
      leftOut.leave(
        model.name,
        new WarehouseError(`${model.file} reads the model ${missing}, which is not enabled`, {
          remedy: "Enable it, or take the ref() out.",
        }),
      );
    }
    return leftOut;
  }

  #leaveCircles(models: SqlModel[], leftOut: LeftOutModels): void {
    try {
      inDependencyOrder(models);
    } catch (error) {
      if (!(error instanceof CircleError)) throw error;
      for (const name of error.models) leftOut.leave(name, error);
      this.#leaveCircles(leftOut.kept(models), leftOut);
    }
  }

  #tests(models: SqlModel[], leftOut: LeftOutModels, isStrict: boolean): DataTest[] {
    const context: TestContext = { names: this.#context.names, settings: this.files.settings };
    const found: DataTest[] = [];
    const attempt = (work: () => DataTest[], refuse: (error: WarehouseError) => void) => {
      try {
        found.push(...work());
      } catch (error) {
        if (!(error instanceof WarehouseError)) throw error;
        refuse(error);
      }
    };
    const leaveFile = (file: string) => (error: WarehouseError) => {
      if (isStrict) throw error;
      leftOut.leaveFile(file, error);
    };
    for (const model of models) {
      attempt(() => declaredTests(testedModel(model), context), (error) => leftOut.leave(model.name, error));
    }
    for (const source of this.#schemas.sources) {
      attempt(() => declaredTests(testedSource(source), context), leaveFile(source.file));
    }
    for (const file of this.files.tests.filter((file) => !definesGenericTests(file))) {
      attempt(() => [singularTest(file, context) ?? []].flat(), leaveFile(file.path));
    }
    const { tables } = this.#context.names;
    return found.map((test) => ({ ...test, refs: test.refs.map((ref) => tables.get(ref) ?? ref) }));
  }

  #unitTests(models: SqlModel[], leftOut: LeftOutModels): UnitTest[] {
    const found: UnitTest[] = [];
    for (const doc of this.#schemas.unitTests) {
      const model = models.find(({ ref }) => ref === doc.model);
      const file = this.#all.find(({ path }) => path === model?.file);
      try {
        if (model === undefined || file === undefined) {
          if (this.#context.names.models.has(doc.model)) continue;
          throw new WarehouseError(
            `${doc.file}: the unit test ${doc.name} is of a model that does not exist`,
            {
              expected: `one of ${models.map(({ ref }) => ref).join(", ")}`,
              found: doc.model,
            },
          );
        }
        found.push(
          compileUnitTest(
            doc,
            { file, ref: model.ref, name: model.name },
            this.#context.names,
            this.files.fixtures,
          ),
        );
      } catch (error) {
        if (!(error instanceof WarehouseError)) throw error;
        if (model === undefined) leftOut.leaveFile(doc.file, error);
        else leftOut.leave(model.name, error);
      }
    }
    return found;
  }
}

/** Texts of `{% docs name %}…{% enddocs %}`. */
function docsBlocks(text: string): [string, string][] {
  return parseTemplate(text).flatMap((statement): [string, string][] => {
    if (statement.type !== "docs") return [];
    const body = statement.body.map((part) => part.type === "text" ? part.text : "").join("");
    return [[statement.name, body.trim()]];
  });
}
