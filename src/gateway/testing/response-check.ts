import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { openApiDocument } from '../../contract/openapi/document.ts';

/** For tests: holds every answer of every gateway made from now on against the OpenAPI document. */
export interface ResponseCheck {
  /** @throws naming every answer that was not as documented. */
  close(): void;
}

interface Described {
  readonly methods: Readonly<Record<string, { responses: Record<string, ResponseLike> }>>;
  readonly path: string;
  readonly pattern: RegExp;
}

interface ResponseLike {
  readonly $ref?: string;
  readonly content?: Readonly<Record<string, { readonly schema?: object }>>;
}

const document = openApiDocument('0') as unknown as {
  paths: Record<string, Described['methods']>;
  components: { schemas: object; responses: Record<string, ResponseLike> };
};

const described: Described[] = Object.entries(document.paths).map(([path, methods]) => ({
  path,
  methods,
  pattern: new RegExp(`^${path.replace(/[.]/g, '\\.').replace(/\{\w+\}/g, '[^/]*')}$`),
}));

const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats.default(ajv);
ajv.addSchema({ $id: 'api', components: { schemas: document.components.schemas } });
const validators = new Map<object, ValidateFunction>();

function validatorOf(schema: object): ValidateFunction {
  let validate = validators.get(schema);
  if (validate === undefined) {
    const text = JSON.stringify(schema).replaceAll('"#/components', '"api#/components');
    validate = ajv.compile(JSON.parse(text));
    validators.set(schema, validate);
  }
  return validate;
}

/** Whether only some addresses of that form are there: those of served models. */
function isByName({ path }: Described): boolean {
  return path.endsWith('/{model}');
}

/** What is wrong with an answer, or undefined. */
function complaint(
  method: string,
  url: string,
  status: number,
  type: string,
  payload: unknown,
): string | undefined {
  const path = url.split('?', 1)[0]!;
  const found = described.find(({ pattern, path: each }) => each === path || pattern.test(path));
  const operation = found?.methods[method === 'HEAD' ? 'get' : method.toLowerCase()];
  if (operation === undefined) {
    // A preflight, a wrong verb, an unknown address or one that cannot be decoded.
    const usual = found === undefined || isByName(found) ? [400, 404, 405] : [405];
    if ([...usual, ...(method === 'OPTIONS' ? [204] : [])].includes(status)) return undefined;
    return `status ${status} for what the document does not have`;
  }
  const named = operation.responses[status];
  if (named === undefined) return `status ${status} is not documented`;
  const response = named.$ref ? document.components.responses[named.$ref.split('/').at(-1)!]! : named;
  const media = type.split(';', 1)[0]!;
  const content = response.content?.[media];
  if (content === undefined && (response.content !== undefined || media !== ''))
    return `content type ${type} is not documented for ${status}`;
  if (media !== 'application/json' || method === 'HEAD') return undefined;
  const validate = validatorOf(content!.schema!);
  if (validate(JSON.parse(String(payload)))) return undefined;
  return ajv.errorsText(validate.errors).slice(0, 500);
}

/** What was compressed once for many answers is compressed already when it is sent. */
function decoded(payload: unknown, coding: unknown): unknown {
  if (!Buffer.isBuffer(payload)) return payload;
  if (coding === 'br') return brotliDecompressSync(payload);
  return coding === 'gzip' ? gunzipSync(payload) : payload;
}

export function checkResponses(): ResponseCheck {
  const complaints = new Set<string>();
  const onSend = async (request: FastifyRequest, reply: FastifyReply, payload: unknown) => {
    const type = String(reply.getHeader('content-type') ?? '');
    const plain = decoded(payload, reply.getHeader('content-encoding'));
    const problem = complaint(request.method, request.url, reply.statusCode, type, plain);
    if (problem)
      complaints.add(`${request.method} ${request.url.slice(0, 200)} ${reply.statusCode}: ${problem}`);
    return payload;
  };
  const onApp = (message: unknown): void => {
    (message as { fastify: FastifyInstance }).fastify.addHook('onSend', onSend);
  };
  subscribe('fastify.initialization', onApp);
  return {
    close: () => {
      unsubscribe('fastify.initialization', onApp);
      if (complaints.size > 0)
        throw new Error(`Answers that are not as documented:\n${[...complaints].slice(0, 20).join('\n')}`);
    },
  };
}
