import type { RequestRecord } from '../request-record.ts';

/**
 * What a client should know of how its request was understood or made: short sentences, each beginning with
 * the field and naming its value. The gateway's own stand in the request, the worker's in the result;
 * wherever they come from they reach the client as `warnings` in v2 results and in JSON answers of v1, and in
 * the header `x-warnings` beside pictures.
 */

interface WithWarnings {
  readonly warnings?: readonly string[];
}

/** The same request or result with more to be told; each sentence once. */
export function withWarnings<Subject extends WithWarnings>(
  subject: Subject,
  more: readonly string[],
): Subject {
  const all = [...new Set([...(subject.warnings ?? []), ...more])];
  return all.length === 0 ? subject : { ...subject, warnings: all };
}

/** Everything to be told of a finished request, the gateway's first; empty where there is nothing. */
export function warningsOf({ request, result }: Pick<RequestRecord, 'request' | 'result'>): string[] {
  return [...new Set([...(request.warnings ?? []), ...(result?.warnings ?? [])])];
}

/** Part of a body: `warnings`, absent where there are none. */
export function warningsBody(record: Pick<RequestRecord, 'request' | 'result'>) {
  const warnings = warningsOf(record);
  return { ...(warnings.length > 0 && { warnings }) };
}

/** Proxies refuse answers whose headers exceed 4 or 8 kB in all. */
const longestHeader = 2048;

/**
 * The header `x-warnings`, absent where there are none: a JSON array in ASCII, which leaves out what no
 * longer fits and says so.
 */
export function warningsHeader(record: Pick<RequestRecord, 'request' | 'result'>): Record<string, string> {
  const warnings = warningsOf(record);
  if (warnings.length === 0) return {};
  for (let shown = warnings.length; ; shown--) {
    const left = warnings.length - shown;
    const told = [...warnings.slice(0, shown), ...(left > 0 ? [`${left} more in the JSON answer`] : [])];
    const header = asciiJson(told);
    if (header.length <= longestHeader || shown === 0) return { 'x-warnings': header };
  }
}

function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
