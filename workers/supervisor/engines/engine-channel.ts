import { spawn } from 'node:child_process';
import type { Log } from '../../../src/jobs/log.ts';
import { networkEnvironment } from '../../../src/networks/runtime/network-environment.ts';
import { boundToParent } from '../../../src/process/bound-process.ts';
import { withoutSecrets } from '../../../src/process/mask-secrets.ts';
import type { FromEngine, ToEngine } from '../../protocol.ts';
import { watchSilence } from './silence.ts';
import type { Expectation, SilenceLimits } from './silence-limits.ts';

/** Whoever works with the engine at the moment. */
export interface Hearing {
  readonly onMessage: (message: FromEngine) => void;
  /** Nothing more will be heard. */
  readonly onLost: (how: string) => void;
}

/** How an engine was lost. */
export interface Loss {
  readonly how: string;
  /** It gave no sign of life; its end was not awaited. */
  readonly hung: boolean;
}

/**
 * An engine process and what is said with it. There are two hearings at most, and a process of a thousand
 * jobs holds nothing of the nine hundred and ninety-nine before: neither listeners nor reactions to a promise
 * that lives as long as the engine.
 */
export interface EngineChannel {
  readonly pid: number | undefined;
  /** Resolves with how the process ended; never rejects. */
  readonly ended: Promise<string>;
  /** Resolves once it is of no use: it has ended, or hangs and is being ended. Never rejects. */
  readonly lost: Promise<Loss>;
  send(message: ToEngine): void;
  /**
   * Without any hearing the engine is idle and is asked for signs of life.
   * @returns what ends it.
   */
  hear(hearing: Hearing): () => void;
  /** Its next sign of life is one of this kind of work; undefined: one that takes no work. */
  expect(work: Pick<Expectation, 'limitMs'> | undefined): void;
  kill(): void;
  /** Asks it to end by closing the channel. */
  disconnect(): void;
}

/** An engine that has just been started and one that computes nothing are asked this often at most. */
const pingMs = 5000;

export function openEngineChannel(engineFile: string, limits: SilenceLimits, log: Log): EngineChannel {
  const [command, args] = boundToParent('KILL', process.execPath, [engineFile]);
  const child = spawn(command, args, {
    env: { ...withoutSecrets(process.env), ...networkEnvironment() },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    serialization: 'advanced',
  });
  const hearings = new Set<Hearing>();
  const ended = Promise.withResolvers<string>();
  const lost = Promise.withResolvers<Loss>();
  let loss: Loss | undefined;
  const lose = (next: Loss): void => {
    if (loss !== undefined) return;
    loss = next;
    silence.stop();
    lost.resolve(loss);
    for (const hearing of [...hearings]) hearing.onLost(loss.how);
  };
  const onEnd = (how: string): void => {
    ended.resolve(how);
    lose({ how, hung: false });
  };
  const send = (message: ToEngine): void => {
    if (child.connected) child.send(message, () => undefined);
  };
  const silence = watchSilence({
    tickMs: Math.min(pingMs, limits.idleMs / 4),
    ping: () => send({ type: 'ping' }),
    onSilent: (silentMs) => {
      const seconds = Math.round(silentMs / 1000);
      log.error({ enginePid: child.pid, seconds }, 'engine gives no sign of life: killed');
      child.kill('SIGKILL');
      lose({ how: `killed after ${seconds} s without a sign of life`, hung: true });
    },
  });

  // A write to an engine that has just died is an error here; its end is told by `exit`.
  child.on('error', (error) => {
    log.warn({ err: error }, 'engine channel error');
    if (child.pid === undefined) onEnd(error.message);
  });
  child.once('exit', (code, signal) => onEnd(signal === null ? `exit code ${code}` : `signal ${signal}`));
  child.on('message', (message: FromEngine) => {
    if (message.type === 'pong') {
      if (hearings.size === 0) silence.expect(limits.idleMs, 'pinged');
    } else for (const hearing of [...hearings]) hearing.onMessage(message);
  });
  return {
    pid: child.pid,
    ended: ended.promise,
    lost: lost.promise,
    send,
    hear: (hearing) => {
      hearings.add(hearing);
      if (loss !== undefined) hearing.onLost(loss.how);
      return () => {
        if (hearings.delete(hearing) && hearings.size === 0) silence.expect(limits.idleMs, 'pinged');
      };
    },
    expect: (work) => silence.expect(work?.limitMs() ?? limits.idleMs),
    kill: () => child.kill('SIGKILL'),
    disconnect: () => {
      if (child.connected) child.disconnect();
    },
  };
}
