import type { AddressBook } from './address-book.js';
import type { LiveReport, NodeId } from './node-report.js';
import type { NodeView } from './topology.js';

/**
 * The report under the identity that its node is known by.
 *
 * MariaDB gives its servers no UUID that is stored with the data, so a node is a server id and the first address at which it
 * answered. At another address the server is that node when it says the same of itself (`instance`: host name, port, data
 * directory, …) as the node did. At the same address a server with the same id stays that node whatever its host is named
 * now: containers that are made anew get new names. Two servers that have one server id, as they must not within a cluster,
 * remain two nodes.
 */
export function identify(
  report: LiveReport,
  { nodes, addresses }: { readonly nodes: ReadonlyMap<NodeId, NodeView>; readonly addresses: AddressBook },
): LiveReport {
  const { id: given, instance } = report;
  if (instance === undefined) return report;
  const here = addresses.get(report.address)?.node;
  if (here !== undefined && nodes.has(here) && serverIdOf(here) === serverIdOf(given)) return named(report, here);
  for (const [id, { lastReport }] of nodes) if (lastReport?.instance === instance) return named(report, id);
  return report;
}

function named(report: LiveReport, id: NodeId): LiveReport {
  if (id === report.id) return report;
  const members = report.group?.members.map((member) => (member.id === report.id ? { ...member, id } : member));
  return { ...report, id, group: report.group && { ...report.group, members: members ?? [] } };
}

function serverIdOf(id: NodeId): string {
  return id.slice(0, id.indexOf('@'));
}
