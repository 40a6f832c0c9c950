import { methodOf } from "./methods.ts";
import { isSequence, itemAt } from "./operators.ts";
import {
  Callable,
  Dict,
  Namespace,
  notUsable,
  type PyValue,
  Thing,
  Tuple,
  typeName,
  Undefined,
  written,
} from "./values.ts";

/**
 * `value.name`, and `value[name]`: Jinja2 looks in an object's attributes first and among its items second, or the other
 * way round. What is not there is undefined, and an error once it is used.
 *
 * @throws {JinjaError} when the value itself is undefined.
 */
export function attributeOf(value: PyValue, name: PyValue, { itemsFirst = false } = {}): PyValue {
  if (value instanceof Undefined) throw notUsable(value, "");
  const looks = [() => ownAttribute(value, name), () => item(value, name)];
  for (const look of itemsFirst ? looks.reverse() : looks) {
    const found = look();
    if (found !== undefined) return found;
  }
  return new Undefined(
    isSequence(value) && typeof name === "bigint"
      ? `a ${typeName(value)} has no item ${name}`
      : `a ${typeName(value)} has no ${typeof name === "string" ? name : written(name)}`,
  );
}

function ownAttribute(value: PyValue, name: PyValue): PyValue | undefined {
  if (typeof name !== "string") return undefined;
  if (value instanceof Thing) return value.attribute(name);
  if (value instanceof Namespace) return value.attributes.get(name);
  if (value instanceof Callable) {
    return Object.hasOwn(value.attributes, name) ? value.attributes[name] : undefined;
  }
  if (value instanceof Tuple && value.names.includes(name)) return value.items[value.names.indexOf(name)];
  return methodOf(value, name);
}

function item(value: PyValue, name: PyValue): PyValue | undefined {
  if (value instanceof Dict) return value.get(name);
  if (typeof name === "boolean") return item(value, name ? 1n : 0n);
  if (isSequence(value) && typeof name === "bigint") return itemAt(value, name);
}
