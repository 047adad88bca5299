/**
 * Answers of the admin API as its page reads them; the server's own declarations are in
 * src/contract/answers/admin.ts.
 */

export interface Queues {
  readonly paused: boolean;
  readonly waiting: number;
  readonly processing: number;
  readonly completed_per_minute: number;
  readonly failed_per_minute: number;
  readonly routes: readonly {
    readonly route: string;
    readonly waiting: number;
    readonly processing: number;
  }[];
}

export interface AdminRequest {
  readonly request_id: string;
  readonly status: 'QUEUED' | 'PROCESSING' | 'COMPLETED' | 'FAILED';
  readonly owner: string;
  readonly endpoint: string;
  readonly route: string;
  readonly submitted_at: string;
  readonly started_at?: string;
  readonly finished_at?: string;
  readonly attempts: number;
  readonly step?: number;
  readonly steps?: number;
  readonly worker?: string;
  readonly error?: string;
}

export interface Worker {
  readonly id: string;
  readonly device: string;
  readonly busy: boolean;
  readonly request_id?: string;
  readonly routes: readonly string[];
  readonly resident: readonly string[];
  readonly memory?: {
    readonly plan: string;
    readonly what: string;
    readonly why: string;
    readonly estimated_bytes?: number;
  };
}

export interface Key {
  readonly id: string;
  readonly name: string;
  readonly created_at: string;
  readonly admin: boolean;
  readonly endpoints?: readonly string[];
  readonly credits?: number;
  readonly requests_per_minute?: number;
  readonly max_queued?: number;
}

export interface NewKey extends Key {
  /** Told this once. */
  readonly key: string;
}

/** Numbers that are left out are not limited. */
export interface KeyWishes {
  readonly name: string;
  readonly credits?: number;
  readonly requests_per_minute?: number;
  readonly max_queued?: number;
  readonly admin?: boolean;
}

export interface Act {
  readonly at: string;
  readonly key: string;
  readonly act: string;
  readonly on: string;
}

export interface Models {
  readonly models: readonly {
    readonly name: string;
    readonly serves: readonly string[];
    readonly installed: readonly string[];
    readonly loaded: readonly string[];
  }[];
  readonly unservable: readonly {
    readonly worker: string;
    readonly entry: string;
    readonly reason: string;
  }[];
}

/** All that the page shows, read together. */
export interface Overview {
  readonly queues: Queues;
  readonly unfinished: readonly AdminRequest[];
  readonly failures: readonly AdminRequest[];
  readonly workers: readonly Worker[];
  readonly models: Models;
  readonly keys: readonly Key[];
  readonly acts: readonly Act[];
}
