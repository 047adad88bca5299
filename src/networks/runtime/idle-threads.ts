/**
 * Configuration of a session whose threads give their cores back after each run. Every session has threads of
 * its own, which by default go on spinning for more work when a run has ended: on cores that the next session
 * or the event loop needs (of two sessions in turn on two cores, each then takes 1.7 times as long). Within a
 * run they still do.
 */
export const idleThreads = { force_spinning_stop: '1' } as const;
