import type { Log } from '../../../src/jobs/log.ts';
import { type Heartbeat, startHeartbeat, type WorkerInfo } from '../../../src/jobs/queue/heartbeat.ts';
import type { Connection } from '../../../src/jobs/redis/connection.ts';

/** Tells the gateways whether this worker can take jobs. */
export interface Presence {
  /** It can, as described. */
  present(info: WorkerInfo): void;
  /** It cannot, unless it is present again within that time. */
  absentIn(milliseconds: number): void;
  /** It is gone for good. */
  stop(): Promise<void>;
}

/** Announcements happen one after another; one that fails while Redis is away is logged. */
export function createPresence(redis: Connection, log: Log): Presence {
  const onError = (error: unknown): void => log.warn({ err: error }, 'heartbeat failed');
  let heartbeat: Heartbeat | undefined;
  let absence: NodeJS.Timeout | undefined;
  let last: Promise<void> = Promise.resolve();
  const next = (announcement: () => Promise<void>): Promise<void> => {
    last = last.then(announcement).catch(onError);
    return last;
  };
  const withdraw = (): Promise<void> =>
    next(async () => {
      const stopped = heartbeat;
      heartbeat = undefined;
      await stopped?.stop();
    });
  return {
    present: (info) => {
      clearTimeout(absence);
      void next(async () => {
        if (heartbeat === undefined) heartbeat = await startHeartbeat(redis, info, onError);
        else await heartbeat.update(info);
      });
    },
    absentIn: (milliseconds) => {
      clearTimeout(absence);
      absence = setTimeout(withdraw, milliseconds);
    },
    stop: () => {
      clearTimeout(absence);
      return withdraw();
    },
  };
}
