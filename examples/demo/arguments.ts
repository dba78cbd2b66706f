/** What the command line asks for. */
export interface Arguments {
  /** How long the shop is open. */
  readonly seconds: number;
  readonly keep: boolean;
}

const USAGE = `npm run demo [-- --seconds N --keep]
  --seconds N  how long the shop is open, from 9 to 50 (default 30)
  --keep       keep the cluster up at the end, and print its URI, until Ctrl-C`;

/** Reads the command line; throws with a line that says what is wrong. */
export function readArguments(given: readonly string[]): Arguments {
  let seconds = 30;
  let keep = false;
  const rest = [...given];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '--keep') keep = true;
    else if (word === '--seconds') seconds = readSeconds(rest.shift());
    else throw new Error(`unknown argument: ${word}\n${USAGE}`);
  }
  return { seconds, keep };
}

function readSeconds(text: string | undefined): number {
  const seconds = Number(text);
  if (Number.isInteger(seconds) && seconds >= 9 && seconds <= 50) return seconds;
  throw new Error(`--seconds takes a whole number from 9 to 50, not ${text ?? 'nothing'}\n${USAGE}`);
}
