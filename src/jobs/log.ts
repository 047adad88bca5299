/**
 * The part of a logger this folder needs; a pino logger is one. Errors go under `err` as they were caught.
 */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
