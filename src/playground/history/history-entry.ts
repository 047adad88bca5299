import type { Body, Progress, Result, Slug } from '../parts/wire.ts';

/** Where a request stands; GONE is one the server no longer knows and this browser has no picture of. */
export type EntryStatus = 'QUEUED' | 'PROCESSING' | 'COMPLETED' | 'FAILED' | 'GONE';

/** A request that this browser has sent. */
export interface HistoryEntry {
  /** The request's id. */
  readonly id: string;
  /** Milliseconds since the epoch, by this browser's clock. */
  readonly createdAt: number;
  readonly slug: Slug;
  /** What was sent, without the picture. */
  readonly body: Body;
  /** Name of the input picture: a file's, or its address. */
  readonly input?: { readonly name: string; readonly url?: string };
  /** The comparison that it is a cell of. */
  readonly comparison?: string;
  readonly status: EntryStatus;
  readonly error?: string;
  readonly result?: Result;
  /** A small picture for lists. */
  readonly thumbnail?: Blob;
}

/** Pictures of an entry, kept apart from it because they are large. */
export interface EntryPictures {
  readonly outputs?: readonly Blob[];
  readonly input?: Blob;
}

/** What is known of a request only while it waits and runs. */
export interface Live {
  /** Place in the queue, 1 is next. */
  readonly position?: number;
  readonly progress?: Progress;
  readonly preview?: Blob;
  /** Seconds until it is finished, once that can be told. */
  readonly secondsLeft?: number;
}

export function isUnfinished({ status }: HistoryEntry): boolean {
  return status === 'QUEUED' || status === 'PROCESSING';
}
