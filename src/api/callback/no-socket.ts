import { EventEmitter } from 'node:events';

/** Stands for a connection's socket where there is none: programs look whether it is destroyed, listen to it, and tell it things. */
export class NoSocket extends EventEmitter {
  destroyed = false;

  constructor() {
    super();
    this.on('error', () => undefined); // mysql2 hears them, and nothing comes of it
  }
}
