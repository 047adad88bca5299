/**
 * Fields of a form by their names. Clients write lists as `name[]`, once for each member, objects as
 * `name[key]` and lists of objects as `name[][key]`, where a key that is there already begins the next one:
 * OpenAI's official clients, and `qs`, do so.
 */
export interface FormFields {
  add(name: string, value: unknown): void;
  /** The fields so far; every name is an own property. */
  all(): Readonly<Record<string, unknown>>;
}

const bracketed = /^([^[\]]+)(\[\])?(?:\[([^[\]]+)\])?$/;

export function createFormFields(): FormFields {
  const fields = new Map<string, unknown>();
  return {
    add(name, value) {
      const [, base, isList, key] = bracketed.exec(name) ?? [];
      if (base === undefined || (isList === undefined && key === undefined)) fields.set(name, value);
      else if (isList === undefined) fields.set(base, withMember(fields.get(base), key!, value));
      else fields.set(base, withEntry(fields.get(base), key, value));
    },
    all: () => Object.fromEntries(fields),
  };
}

function withMember(known: unknown, key: string, value: unknown): object {
  const members = typeof known === 'object' && known !== null && !Array.isArray(known) ? known : {};
  // Unlike an assignment it takes every name as a property.
  return Object.fromEntries([...Object.entries(members), [key, value]]);
}

function withEntry(known: unknown, key: string | undefined, value: unknown): unknown[] {
  const list: unknown[] = Array.isArray(known) ? known : [];
  if (key === undefined) return [...list, value];
  const last: unknown = list.at(-1);
  const isOpen = typeof last === 'object' && last !== null && !Object.hasOwn(last, key);
  return isOpen
    ? [...list.slice(0, -1), withMember(last, key, value)]
    : [...list, withMember({}, key, value)];
}
