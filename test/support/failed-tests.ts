import type { Reporter, SerializedError, TestModule } from 'vitest/node';

const MESSAGE_LENGTH = 160;

/** Names what failed, a line each, before the details: an excerpt of a log has room for the names of all. */
export default class FailedTests implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const lines = [
      ...modules.flatMap(failuresOf),
      ...unhandled.map(({ message }) => `unhandled: ${shortened(message)}`),
    ];
    if (lines.length > 0) console.log(`\nFailed:\n${lines.map((line) => `  ${line}`).join('\n')}\n`);
  }
}

function failuresOf(module: TestModule): string[] {
  const tests = [...module.children.allTests('failed')].map(
    (test) => `${test.fullName}: ${shortened(test.result().errors?.[0]?.message)}`,
  );
  const whole = module.errors().map(({ message }) => shortened(message));
  return [...tests, ...whole].map((line) => `${module.relativeModuleId}: ${line}`);
}

function shortened(message = 'no message'): string {
  return message.replaceAll(/\s+/g, ' ').slice(0, MESSAGE_LENGTH);
}
