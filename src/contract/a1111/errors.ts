import type { ZodRawShape, z } from 'zod';
import { readFields, type WrongField } from '../bodies/fields.ts';
import { ApiError } from '../errors.ts';
import type { ResponseBody } from '../openapi/response-schemas.ts';
import { show } from '../show.ts';

/** Errors as AUTOMATIC1111's clients read them: FastAPI's list for wrong fields, an envelope for the rest. */

/** A body whose fields are not what they must be; answered 422. */
export class WrongFieldsError extends ApiError {
  readonly wrong: readonly WrongField[];

  constructor(wrong: readonly WrongField[]) {
    super('invalidParameter', wrong.map(({ message }) => message).join('; '));
    this.wrong = wrong;
  }
}

/** @throws WrongFieldsError naming each wrong field. */
export function parseA1111<Shape extends ZodRawShape>(
  schema: z.ZodObject<Shape>,
  raw: unknown,
): z.output<z.ZodObject<Shape>> {
  const read = readFields(schema, raw);
  if (read.wrong !== undefined) throw new WrongFieldsError(read.wrong);
  return read.data;
}

/** @throws WrongFieldsError for one field. */
export function refuseField(name: string, value: unknown, rule: string): never {
  throw new WrongFieldsError([{ name, value, message: `${name} ${rule}, got ${show(value)}` }]);
}

/** As FastAPI answers a body that does not fit its model (pydantic 2). */
export function wrongFieldsBody({ wrong }: WrongFieldsError): ResponseBody<'A1111WrongFields'> {
  return {
    detail: wrong.map(({ name, value, message }) => ({
      type: value === undefined ? 'missing' : 'value_error',
      loc: ['body', name],
      msg: value === undefined ? 'Field required' : `Value error, ${message}`,
      input: value === undefined ? null : show(value),
    })),
  };
}

/** As A1111's api_middleware answers an HTTPException (modules/api/api.py, commit 0050a35). */
export function a1111ErrorBody(detail: string): ResponseBody<'A1111Error'> {
  return { error: 'HTTPException', detail, body: '', errors: '' };
}
