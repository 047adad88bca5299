import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startOtelcol } from './otelcol.ts';

/** A span as OTLP's JSON has it, its attributes as an object. */
export interface CollectedSpan {
  readonly service: string;
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** What takes traces by OTLP over HTTP, for tests. */
export interface Collector {
  readonly url: string;
  spans(): readonly CollectedSpan[];
  close(): void;
}

interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

/** The part of ExportTraceServiceRequest (opentelemetry-proto, trace/v1) that is looked at. */
interface Exported {
  readonly resourceSpans?: readonly {
    readonly resource: { readonly attributes?: readonly Attribute[] };
    readonly scopeSpans: readonly {
      readonly spans: readonly (Omit<CollectedSpan, 'service' | 'startMs' | 'endMs' | 'attributes'> & {
        readonly startTimeUnixNano: string;
        readonly endTimeUnixNano: string;
        readonly attributes?: readonly Attribute[];
      })[];
    }[];
  }[];
}

/** OTEL_COLLECTOR is a build of the OpenTelemetry Collector: then spans pass through it on their way here. */
export async function startCollector(): Promise<Collector> {
  const collected: CollectedSpan[] = [];
  const server = createServer(async (request, response) => {
    const chunks = await Array.fromAsync(request);
    if (request.url === '/v1/traces')
      collected.push(...spansOf(JSON.parse(Buffer.concat(chunks).toString())));
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const own = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { OTEL_COLLECTOR: program } = process.env;
  const between = program === undefined ? undefined : await startOtelcol(program, own);
  return {
    url: between?.url ?? own,
    spans: () => collected,
    close: () => {
      between?.close();
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Some encoders leave empty lists out, as the JSON mapping of proto3 allows. */
function spansOf({ resourceSpans = [] }: Exported): CollectedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map(({ startTimeUnixNano, endTimeUnixNano, attributes = [], ...span }) => ({
        ...span,
        service: String(valuesOf(resource.attributes ?? [])['service.name']),
        startMs: Number(startTimeUnixNano) / 1e6,
        endMs: Number(endTimeUnixNano) / 1e6,
        attributes: valuesOf(attributes),
      })),
    ),
  );
}

/** Whole numbers come as text in some encoders. */
function valuesOf(attributes: readonly Attribute[]): Record<string, unknown> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [
      key,
      value.intValue === undefined ? Object.values(value)[0] : Number(value.intValue),
    ]),
  );
}
