// What goes wrong, one thing at a time. `fail` makes it happen, `mend` ends it the way a supervisor or an operator would.

import { sleep } from '../../scripts/cluster/parts.mjs';

/** How long something stays frozen or cut. */
const FROZEN_MS = 20_000;
/** How long until a supervisor (systemd, Kubernetes) has started a killed process again. */
const RESTART_MS = 3_000;

const killed = (what, part) => ({
  name: `kill -9 ${what}`,
  async run(cluster) {
    const victim = part(cluster);
    await victim.kill();
    await sleep(RESTART_MS);
    await victim.start();
  },
});

const frozen = (what, part) => ({
  name: `${what} frozen for ${FROZEN_MS / 1_000} s`,
  async run(cluster) {
    const victim = part(cluster);
    const pids = victim.family?.() ?? [victim.pid];
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    await sleep(FROZEN_MS);
    for (const pid of pids) process.kill(pid, 'SIGCONT');
  },
});

const rolled = (what, parts) => ({
  name: `rolling restart of all ${what}`,
  async run(cluster) {
    for (const part of parts(cluster)) {
      await part.stop();
      await part.start();
      await sleep(2_000);
    }
  },
});

export const scenarios = [
  killed('an API', ({ apis }) => apis[0]),
  frozen('an API', ({ apis }) => apis[0]),
  killed('a worker', ({ workers }) => workers[0]),
  frozen('a worker', ({ workers }) => workers[0]),
  killed('RabbitMQ', ({ rabbitmq }) => rabbitmq),
  frozen('RabbitMQ', ({ rabbitmq }) => rabbitmq),
  killed('PostgreSQL', ({ postgres }) => postgres),
  frozen('PostgreSQL', ({ postgres }) => postgres),
  {
    name: `a worker cut off from the broker for ${FROZEN_MS / 1_000} s`,
    async run({ wire }) {
      wire.cut();
      await sleep(FROZEN_MS);
      wire.mend();
    },
  },
  { ...rolled('APIs', ({ apis }) => apis), isRolling: true },
  { ...rolled('workers', ({ workers }) => workers), isRolling: true },
];
