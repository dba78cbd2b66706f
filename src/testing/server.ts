/** One server as a backend runs it: a child process or a container, with its data directory. */
export interface Server {
  /** The port that the server itself listens on. */
  readonly port: number;
  readonly pid: number | undefined;
  readonly container: string | undefined;
  readonly dataDir: string;
  /** Started and not known to have ended. */
  readonly alive: boolean;

  /** Starts it on the data it has. Ends when it runs, before it answers. */
  start(args: readonly string[]): Promise<void>;
  /** Runs the server's program on its data to the program's end, and gives what it logged. Only while it is down. */
  runOnce(args: readonly string[]): Promise<string>;
  /** SIGKILL. Ends when it is gone. */
  kill(): Promise<void>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Back to a first-time data directory. Only while it is down. */
  wipe(): Promise<void>;
  /** Kills it if need be and removes all that it left. */
  remove(): Promise<void>;
  /** Another port, for the next start. */
  changePort(): Promise<void>;
  /** The last lines of its error log. */
  logTail(): Promise<string>;
  /** Called whenever the server has ended, expected or not. */
  onEnd(listener: () => void): void;
}

/** Where servers come from. */
export interface Backend {
  readonly name: 'native' | 'docker';
  /** A server with a first-time data directory, not started. */
  create(name: string): Promise<Server>;
  /** Removes what belongs to all servers. */
  close(): Promise<void>;
}
