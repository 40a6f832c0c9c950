import type { OpenAPIHono } from "@hono/zod-openapi";

/** An endpoint as the page /docs shows it. */
export interface DocumentedEndpoint {
  method: string;
  path: string;
  summary: string;
  description: string;
  /** Requests that can be sent as they are. */
  examples: { title?: string; path: string; body?: string }[];
  /** Fields of the successful answer. */
  fields: { name: string; type: string; description: string }[];
  answers: { status: string; description: string }[];
}

/** The parts of an OpenAPI document that we read. */
interface Schema {
  type?: string | string[];
  properties?: Record<string, Schema>;
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  enum?: unknown[];
  description?: string;
}
interface Media {
  schema?: Schema;
  examples?: Record<string, { summary?: string; value?: unknown }>;
}
interface Operation {
  summary?: string;
  description?: string;
  parameters?: { name: string; in: string; example?: unknown; schema?: { example?: unknown } }[];
  requestBody?: { content?: Record<string, Media> };
  responses?: Record<string, { description?: string; content?: Record<string, Media> }>;
}

const JSON_TYPE = "application/json";

/** Reads the endpoints out of an OpenAPI document, in its order. */
export function documentedEndpoints(
  document: ReturnType<OpenAPIHono["getOpenAPI31Document"]>,
): DocumentedEndpoint[] {
  return Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    Object.entries(item as Record<string, Operation>).map(([method, operation]) => {
      const answers = Object.entries(operation.responses ?? {});
      return {
        method: method.toUpperCase(),
        path,
        summary: operation.summary ?? path,
        description: operation.description ?? "",
        examples: examplesOf(path, operation),
        fields: fieldsOf(
          answers.find(([status]) => status.startsWith("2"))?.[1].content?.[JSON_TYPE]?.schema,
        ),
        answers: answers.map(([status, { description = "" }]) => ({ status, description })),
      };
    })
  );
}

function examplesOf(
  path: string,
  { parameters = [], requestBody }: Operation,
): DocumentedEndpoint["examples"] {
  const query = new URLSearchParams();
  let filled = path;
  for (const { name, in: place, example, schema } of parameters) {
    const value = String(example ?? schema?.example ?? "");
    if (place === "path") filled = filled.replace(`{${name}}`, encodeURIComponent(value));
    else if (place === "query") query.set(name, value);
  }
  if (query.size > 0) filled += `?${query}`;
  const bodies = Object.values(requestBody?.content?.[JSON_TYPE]?.examples ?? {});
  if (bodies.length === 0) return [{ path: filled }];
  return bodies.map(({ summary, value }) => ({
    ...(summary !== undefined && { title: summary }),
    path: filled,
    body: JSON.stringify(value),
  }));
}

/** Fields with those of nested objects and of the items of lists, as `reasons[].feature`; of alternatives, all. */
function fieldsOf(schema: Schema | undefined, prefix = ""): DocumentedEndpoint["fields"] {
  const alternatives = schema?.anyOf ?? schema?.oneOf;
  if (alternatives !== undefined) {
    const fields = alternatives.flatMap((alternative) => fieldsOf(alternative, prefix));
    return [...new Map(fields.map((field) => [field.name, field])).values()];
  }
  return Object.entries(schema?.properties ?? {}).flatMap(([key, property]) => {
    const name = prefix + key;
    const field = { name, type: typeName(property), description: property.description ?? "" };
    const nested = property.items ? fieldsOf(property.items, `${name}[].`) : fieldsOf(property, `${name}.`);
    return [field, ...nested];
  });
}

function typeName({ type, enum: values, items, anyOf, oneOf }: Schema): string {
  if (values !== undefined) return values.map((value) => JSON.stringify(value)).join(" or ");
  const alternatives = anyOf ?? oneOf;
  if (alternatives !== undefined) return alternatives.map(typeName).join(" or ");
  if (items !== undefined) return `list of ${typeName(items)}s`;
  return Array.isArray(type) ? type.join(" or ") : type ?? "any";
}
