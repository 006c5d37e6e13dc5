//! What a block did, in one sentence.

import { plural } from './format';

export interface BlockResult {
  sessionsStopped: number;
  sessionsSuspended: number;
  workersAcknowledged: number;
  workersPending: readonly { name: string }[];
  tookMs: number;
}

/** For example "3 sessions stopped in 4 ms, all 1 workers confirmed". */
export function blockSentence(result: BlockResult): string {
  const affected = result.sessionsStopped + result.sessionsSuspended;
  const took = result.tookMs < 10 ? result.tookMs.toFixed(1).replace(/\.0$/, '') : Math.round(result.tookMs).toString();
  return `${plural(affected, 'session')} stopped in ${took} ms, ${confirmation(result)}`;
}

/** Who confirmed, and who has not yet. */
export function confirmation(result: Pick<BlockResult, 'workersAcknowledged' | 'workersPending'>): string {
  const { workersAcknowledged, workersPending } = result;
  if (workersPending.length === 0) return `all ${workersAcknowledged} workers confirmed`;
  const total = workersAcknowledged + workersPending.length;
  const names = workersPending.map((worker) => worker.name).join(', ');
  return `${workersAcknowledged} of ${total} workers confirmed; not yet: ${names}`;
}
