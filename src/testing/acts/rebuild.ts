import { type ClusterState, requireRunning } from '../cluster-state.js';
import { ClusterActError } from '../errors.js';
import type { Member } from '../member.js';
import { follow } from './follow.js';
import { join } from './join.js';
import { prepare } from './prepare.js';

const CLONE_DONE = 3707;
const PLUGIN_EXISTS = 1125;

/** Makes a node a replica of the primary, anew when its data does not fit. */
export async function rebuild(state: ClusterState, member: Member): Promise<void> {
  requireRunning(state.primary, 'rebuild a node from the primary');
  if (member === state.primary)
    throw new ClusterActError('NODE_STATE', `${member.name} is the primary: promote another node first`);
  if (state.flavor.galera) return joinAnew(state, member);
  member.readOnly = true;
  if (member.state === 'paused') await member.resume();
  if (member.state === 'down') await member.start();
  if (!(await followsAsItIs(state, member))) await renew(state, member);
}

async function joinAnew(state: ClusterState, member: Member): Promise<void> {
  await member.wipe();
  await join(state, member);
}

async function followsAsItIs(state: ClusterState, member: Member): Promise<boolean> {
  const { flavor, primary } = state;
  await member.run([...flavor.setReadOnly(true), flavor.stop()]);
  const { errant, purged } = await flavor.compare(member.ask, primary.ask);
  if (errant || purged) return false;
  try {
    await follow(state, member);
    return true;
  } catch (error) {
    if (error instanceof ClusterActError && error.code === 'STATEMENT_FAILED') return false;
    throw error;
  }
}

async function renew(state: ClusterState, member: Member): Promise<void> {
  const { flavor, primary, settings } = state;
  settings.log(`${member.name} is built anew`);
  await member.wipe();
  await member.boot(false);
  await prepare(state, member);
  const { purged } = await flavor.compare(member.ask, primary.ask);
  if (purged) await clone(state, member);
  await member.open();
  await follow(state, member);
}

async function clone({ flavor, primary }: ClusterState, member: Member): Promise<void> {
  const statements = flavor.clone(primary.serverPort);
  if (statements === undefined) return;
  await primary.run(statements.donor).catch((error: unknown) => {
    if (errnoOf(error) !== PLUGIN_EXISTS) throw error;
  });
  await member.run(statements.recipient).catch((error: unknown) => {
    if (errnoOf(error) !== CLONE_DONE) throw error;
  });
  await member.kill();
  await member.boot(true);
}

function errnoOf(error: unknown): unknown {
  return (error as { errno?: unknown }).errno;
}
