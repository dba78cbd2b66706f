import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dataTemplate } from './data-template.js';
import { findServer, type ServerProgram } from './find-server.js';
import { findFreePort } from './free-port.js';
import { writeTransfer } from './galera-transfer.js';
import { NativeServer } from './native-server.js';
import type { Settings } from './options.js';
import type { Backend, Server } from './server.js';
import { watchdog } from './watchdog.js';

/** Servers as child processes, below one folder in the system's folder for temporary files. */
export class NativeBackend implements Backend {
  readonly name = 'native';
  readonly #program: ServerProgram;
  readonly #template: string;
  readonly #folder: string;
  readonly #programs: string | undefined;

  private constructor(program: ServerProgram, template: string, places: { folder: string; programs?: string }) {
    this.#program = program;
    this.#template = template;
    this.#folder = places.folder;
    this.#programs = places.programs;
  }

  static async create(settings: Settings): Promise<NativeBackend> {
    const program = await findServer(settings.flavor, settings);
    settings.log(`${settings.flavor} ${program.version}: ${program.path}`);
    const template = await dataTemplate(settings.flavor, program, settings.log);
    const folder = await mkdtemp(join(tmpdir(), 'mysql2-cluster-'));
    watchdog.guard(folder);
    const programs = settings.galera ? { programs: await writeTransfer(folder) } : {};
    return new NativeBackend(program, template, { folder, ...programs });
  }

  async create(name: string): Promise<Server> {
    const folder = join(this.#folder, name);
    const server = new NativeServer(
      { program: this.#program.path, template: this.#template, folder, programs: this.#programs },
      await findFreePort(),
    );
    await server.wipe();
    return server;
  }

  async close(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 });
    watchdog.release(this.#folder);
  }
}
