import { randomBytes } from 'node:crypto';
import type { Attributes, Span, SpanKind, Tracer } from '@opentelemetry/api';
import { isTraceparent } from './traceparent.ts';

export interface SpanOptions {
  /** W3C traceparent of the span above it; without one it begins a trace. */
  readonly parent?: string | undefined;
  readonly kind?: keyof typeof SpanKind;
  /** Milliseconds since the Unix epoch; now where absent. */
  readonly startedAt?: number;
  readonly attributes?: Attributes;
}

export interface TracedSpan {
  /** For the spans below it, in this process or another. */
  readonly traceparent: string;
  set(attributes: Attributes): void;
  /** Marks it as failed. @param reason one of a fixed set: texts of errors may hold what clients sent. */
  fail(reason: string): void;
  /** @param at milliseconds since the Unix epoch; now where absent. */
  end(at?: number): void;
}

/** Spans of this process, sent to an OpenTelemetry collector. */
export interface Tracing {
  begin(name: string, options?: SpanOptions): TracedSpan;
  /** Sends what has not been sent. */
  close(): Promise<void>;
}

/** The longest a process that ends waits for its collector. */
const flushMs = 3000;

/**
 * Sends spans by OTLP over HTTP where OTEL_EXPORTER_OTLP_ENDPOINT (or ..._TRACES_ENDPOINT) says so; the
 * exporter reads the other OTEL_EXPORTER_OTLP_* variables itself. Without one nothing of OpenTelemetry is
 * loaded.
 * @param service `service.name` where OTEL_SERVICE_NAME is not set.
 */
export async function openTracing(
  service: string,
  version: string,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<Tracing | undefined> {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: all, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: traces } = environment;
  if (!all && !traces) return undefined;
  if (environment.OTEL_SDK_DISABLED === 'true') return undefined;
  const [api, sdk, { OTLPTraceExporter }, { resourceFromAttributes }] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ]);
  const provider = new sdk.TracerProvider({
    resource: resourceFromAttributes({
      'service.name': environment.OTEL_SERVICE_NAME || service,
      'service.version': version,
      'service.instance.id': randomBytes(8).toString('hex'),
      ...resourceAttributes(environment.OTEL_RESOURCE_ATTRIBUTES),
    }),
    sampler: new sdk.ParentBasedSampler({ root: new sdk.AlwaysOnSampler() }),
    spanProcessors: [
      new sdk.BatchSpanProcessor({
        exporter: new OTLPTraceExporter(),
        scheduledDelayMillis: Number(environment.OTEL_BSP_SCHEDULE_DELAY) || 5000,
      }),
    ],
  });
  const tracer: Tracer = provider.getTracer('sdxl-server', version);
  return {
    begin: (name, { parent, kind = 'INTERNAL', startedAt, attributes } = {}) => {
      const options = {
        kind: api.SpanKind[kind],
        ...(startedAt !== undefined && { startTime: startedAt }),
        ...(attributes && { attributes }),
      };
      const above = parent === undefined ? api.ROOT_CONTEXT : contextOf(api, parent);
      return traced(api, tracer.startSpan(name, options, above));
    },
    close: async () => {
      const late = new Promise((resolve) => setTimeout(resolve, flushMs).unref());
      await Promise.race([provider.shutdown().catch(() => undefined), late]);
    },
  };
}

type Api = typeof import('@opentelemetry/api');

function contextOf(api: Api, parent: string) {
  if (!isTraceparent(parent)) return api.ROOT_CONTEXT;
  const [, traceId = '', spanId = '', flags = ''] = parent.split('-');
  const above = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
  return api.trace.setSpanContext(api.ROOT_CONTEXT, above);
}

function traced(api: Api, span: Span): TracedSpan {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return {
    traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`,
    set: (attributes) => void span.setAttributes(attributes),
    fail: (message) => void span.setStatus({ code: api.SpanStatusCode.ERROR, message }),
    end: (at) => span.end(at),
  };
}

/** `key=value,key=value`, percent-encoded, as OpenTelemetry's environment variables are specified. */
function resourceAttributes(text = ''): Record<string, string> {
  const pairs = text.split(',').map((pair) => pair.split('=', 2).map((part) => part.trim()));
  return Object.fromEntries(
    pairs.flatMap(([key, value]) => (key && value !== undefined ? [[key, decoded(value)]] : [])),
  );
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
