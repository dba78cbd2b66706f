import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The name of the state transfer: `wsrep_sst_method`. */
export const TRANSFER = 'copy';

/**
 * Writes the program that servers of a Galera cluster run for a state transfer, and gives its folder. All data directories are
 * on one machine: the donor copies its own into the joiner's while it writes nothing (`flush tables`), or, with `--bypass`, only
 * tells where the joiner stands, which then gets what it lacks from the donor's cache. The joiner's address carries its folder.
 */
export async function writeTransfer(folder: string): Promise<string> {
  const programs = join(folder, 'programs');
  await mkdir(programs);
  await writeFile(join(programs, `wsrep_sst_${TRANSFER}`), PROGRAM, { mode: 0o755 });
  return programs;
}

// What servers and this program say to each other is Galera's: ready, flush tables, continue, done, and the state's position.
const PROGRAM = `#!/bin/sh
role= address= data= gtid= domain= bypass=
while [ $# -gt 0 ] && [ "$1" != --mysqld-args ]; do
  case $1 in
    --role) role=$2; shift ;;
    --address) address=$2; shift ;;
    --datadir) data=\${2%/}; shift ;;
    --gtid) gtid=$2; shift ;;
    --gtid-domain-id) domain=$2; shift ;;
    --bypass) bypass=yes ;;
  esac
  shift
done
await() {
  left=600
  while [ ! -e "$1" ]; do
    [ $left -gt 0 ] && [ -d "$data" ] || exit 110
    left=$((left - 1))
    sleep 0.1
  done
}
if [ "$role" = joiner ]; then
  rm -f "$data/transfer"
  echo "ready $address$data"
  await "$data/transfer"
  cat "$data/transfer"
  exit 0
fi
target=/\${address#*/}
own() {
  case \${1##*/} in
    galera.cache | grastate.dat | gvwstate.dat | tables_flushed | transfer | ibtmp1 | binlog.*) return 0 ;;
  esac
  return 1
}
if [ -z "$bypass" ]; then
  echo "flush tables"
  await "$data/tables_flushed"
  gtid=$(cut -d' ' -f1 "$data/tables_flushed")
  for file in "$target"/*; do own "$file" || rm -rf "$file"; done
  for file in "$data"/*; do own "$file" || cp -r "$file" "$target/" || exit 5; done
  rm -f "$data/tables_flushed"
fi
echo continue
echo "$gtid $domain" > "$target/transfer.new"
mv "$target/transfer.new" "$target/transfer"
echo "done $gtid"
`;
