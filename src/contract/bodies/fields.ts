import { z } from 'zod';
import { ApiError } from '../errors.ts';
import { spelling } from '../names/near-misses.ts';
import { show } from '../show.ts';

/**
 * Reading of wire bodies by field: clients send numbers and booleans as text, null for "not given", and
 * fields of other services. Schemas stay plain zod objects, so that documentation can be generated from them.
 */

const numeral = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/** What a field's schema wants, as JSON Schema: the source of coercion and of error texts. */
interface Expected {
  readonly type?: 'string' | 'number' | 'integer' | 'boolean' | 'array' | 'object';
  readonly items?: Expected;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly properties?: Readonly<Record<string, Expected>>;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly enum?: readonly (string | number)[];
  readonly const?: string | number;
  readonly multipleOf?: number;
}

const expectations = new WeakMap<z.core.$ZodType, Expected>();

function expectedOf(field: z.core.$ZodType): Expected {
  const known = expectations.get(field) ?? (z.toJSONSchema(field, { io: 'output' }) as Expected);
  expectations.set(field, known);
  return known;
}

function coerce(value: unknown, expected: Expected): unknown {
  if (typeof value !== 'string') return coerceInside(value, expected);
  const { type } = expected;
  const text = value.trim();
  if ((type === 'number' || type === 'integer') && numeral.test(text)) return Number(text);
  // In forms some write lists as JSON.
  if (type === 'array' && text.startsWith('[')) return coerceInside(listOf(text), expected);
  if (type === 'boolean' && /^(?:true|false)$/i.test(text)) return text.toLowerCase() === 'true';
  return expected.enum ? namedIn(expected.enum, text) : value;
}

/** Where the same is called otherwise almost as often. */
const otherNames: Readonly<Record<string, string>> = { jpg: 'jpeg' };

/**
 * The name that one is in another case or with other separators; as it came where that is none, or several.
 */
function namedIn(names: readonly (string | number)[], given: string): string {
  const texts = names.map(String);
  if (texts.includes(given)) return given;
  const spelled = spelling(given);
  const wanted = [spelled, otherNames[spelled]];
  const [name, ...others] = texts.filter((each) => wanted.includes(spelling(each)));
  return spelled !== '' && name !== undefined && others.length === 0 ? name : given;
}

/** Lists that are longer than allowed are refused as they are. */
function coerceInside(value: unknown, { items, properties, maxItems = 0 }: Expected): unknown {
  if (Array.isArray(value) && items)
    return value.length > maxItems ? value : value.map((each: unknown) => coerce(each, items));
  if (typeof value !== 'object' || value === null || !properties) return value;
  const members = Object.entries(value).map(([name, member]: [string, unknown]) => {
    const expected = Object.hasOwn(properties, name) ? properties[name] : undefined;
    return [name, expected ? coerce(member, expected) : member] as const;
  });
  return Object.fromEntries(members.filter(([, member]) => member !== null));
}

function listOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** A field that is not as its schema wants it. */
export interface WrongField {
  readonly name: string;
  /** What it must be and what came, in one sentence that begins with its name. */
  readonly message: string;
  /** As it came; undefined where it is missing. */
  readonly value: unknown;
}

type Read<Shape extends z.ZodRawShape> =
  | { readonly data: z.output<z.ZodObject<Shape>>; readonly wrong?: undefined }
  | { readonly wrong: readonly WrongField[] };

/**
 * Reads a body by its schema.
 * @throws ApiError malformedBody where it is no object.
 */
export function readFields<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  raw: unknown,
): Read<Shape> {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw))
    throw new ApiError('malformedBody', 'The request body must be an object with named fields');
  const given: Record<string, unknown> = {};
  const coerced: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(schema.shape)) {
    const value = Object.hasOwn(raw, name) ? (raw as Record<string, unknown>)[name] : undefined;
    if (value === undefined || value === null) continue;
    given[name] = value;
    coerced[name] = coerce(value, expectedOf(field));
  }
  const parsed = schema.safeParse(coerced);
  if (parsed.success) return { data: parsed.data };
  const wrong = parsed.error.issues.map(({ path: [first, ...inner] }) => {
    const name = String(first);
    const value = given[name];
    const message =
      inner.length === 0
        ? complaint(name, schema.shape[name]!, value)
        : innerComplaint(name, inner, expectedOf(schema.shape[name]!), coerced[name]);
    return { name, value, message };
  });
  const isFirst = ({ message }: WrongField, at: number) =>
    wrong.findIndex((each) => each.message === message) === at;
  return { wrong: wrong.filter(isFirst) };
}

/**
 * Parses a body by its schema.
 * @throws ApiError invalidParameter whose message names every wrong field, what it must be and what came.
 */
export function parseFields<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  raw: unknown,
): z.output<z.ZodObject<Shape>> {
  const read = readFields(schema, raw);
  if (read.wrong === undefined) return read.data;
  throw new ApiError('invalidParameter', read.wrong.map(({ message }) => message).join('; '));
}

/** Of what lies inside a field: `loras[0].weight`. */
function innerComplaint(
  field: string,
  inner: readonly PropertyKey[],
  expected: Expected,
  value: unknown,
): string {
  let name = field;
  let wanted: Expected | undefined = expected;
  let found = value;
  for (const key of inner) {
    name += typeof key === 'number' ? `[${key}]` : `.${String(key)}`;
    wanted = typeof key === 'number' ? wanted?.items : wanted?.properties?.[String(key)];
    found = (found as Record<PropertyKey, unknown> | undefined)?.[key];
  }
  if (found === undefined) return `${name} is mandatory`;
  return `${name} must be ${wanted ? describe(wanted) : 'something else'}, got ${show(found)}`;
}

function complaint(name: string, field: z.core.$ZodType, value: unknown): string {
  if (name === 'prompt') return promptComplaint(value, expectedOf(field));
  if (value === undefined) return `${name} is mandatory`;
  return `${name} must be ${describe(expectedOf(field))}, got ${show(value)}`;
}

/** The published service's own words for its commonest error. */
function promptComplaint(value: unknown, expected: Expected): string {
  if (value === undefined || value === '') return 'Prompt is Mandatory';
  if (typeof value !== 'string') return `Prompt is Mandatory and must be string, got ${show(value)}`;
  return `prompt must be ${describe(expected)}, got ${show(value)}`;
}

function describe(expected: Expected): string {
  if (expected.const !== undefined) return String(expected.const);
  if (expected.enum) return `one of: ${expected.enum.join(', ')}`;
  if (expected.type === 'boolean') return 'true or false';
  if (expected.type === 'array' && expected.items?.properties)
    return `a list of at most ${expected.maxItems} objects with ${Object.keys(expected.items.properties).join(', ')}`;
  if (expected.properties) return `an object with ${Object.keys(expected.properties).join(', ')}`;
  if (expected.type === 'object') return 'an object';
  if (expected.type === 'array' && expected.minItems !== undefined)
    return `a list of ${expected.minItems}, each ${describe(expected.items!)}`;
  if (expected.type === 'array') return `a list, each ${describe(expected.items!)}`;
  if (expected.type === 'string')
    return expected.maxLength === undefined
      ? 'a string'
      : `a string of at most ${expected.maxLength} characters`;
  const kind = expected.type === 'integer' ? 'an integer' : 'a number';
  const step = expected.multipleOf === undefined ? '' : ` in steps of ${expected.multipleOf}`;
  return `${kind} from ${expected.minimum} to ${expected.maximum}${step}`;
}
