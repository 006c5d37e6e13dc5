// A wire between one worker and the broker that can be cut: nothing gets through, and nobody is told.

import { connect, createServer } from 'node:net';

export class Wire {
  constructor(port) {
    Object.assign(this, { target: port, isCut: false, pairs: new Set() });
  }

  async open() {
    this.server = createServer({ pauseOnConnect: true }, (near) => {
      const far = connect({ host: '127.0.0.1', port: this.target });
      const pair = [near, far];
      this.pairs.add(pair);
      for (const [from, to] of [[near, far], [far, near]]) {
        from.on('data', (data) => {
          if (!this.isCut) to.write(data);
        });
        from.on('error', () => {});
        from.on('close', () => {
          // What ends while the wire is cut is not heard on the other side.
          if (!this.isCut) to.destroy();
          this.pairs.delete(pair);
        });
      }
      near.resume();
    });
    await new Promise((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return this.server.address().port;
  }

  cut() {
    this.isCut = true;
  }

  mend() {
    this.isCut = false;
    // Connections from before the cut have missed bytes; a network would have reset them.
    for (const pair of this.pairs) for (const socket of pair) socket.destroy();
  }

  close() {
    for (const pair of this.pairs) for (const socket of pair) socket.destroy();
    this.server.close();
  }
}
