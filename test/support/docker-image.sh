#!/bin/bash
# docker-image.sh [IMAGE]: for CI on a bare Debian machine. Makes Docker answer and IMAGE (default: MYSQL_IMAGE, mysql:9.7) exist.
# Where Docker is missing it is installed from Debian's packages and started (as root). Where no registry can be reached, a
# stand-in for the official image is built from Debian unstable's MySQL server: the same variables (MYSQL_ROOT_PASSWORD,
# MYSQL_ALLOW_EMPTY_PASSWORD), the same volume, arguments passed on to mysqld.
set -euo pipefail
image=${1:-${MYSQL_IMAGE:-mysql:9.7}}

if ! docker info >/dev/null 2>&1; then
  command -v dockerd >/dev/null || { apt-get -qq update; DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends docker.io; }
  nohup dockerd >/var/log/dockerd.log 2>&1 &
  for _ in $(seq 150); do docker info >/dev/null 2>&1 && break; sleep 0.2; done
  docker info >/dev/null
fi
docker image inspect "$image" >/dev/null 2>&1 && exit 0
timeout 300 docker pull -q "$image" && exit 0
echo "docker-image.sh: no registry can be reached: building a stand-in for $image" >&2

root=$(mktemp -d); apt=$(mktemp -d); trap 'rm -rf "$root" "$apt"' EXIT
mkdir -p "$apt"/{sources,lists/partial,cache/archives/partial}; touch "$apt/status"
if [ -f /etc/apt/sources.list.d/debian.sources ]; then
  awk 'BEGIN{RS="";ORS="\n\n"} !/-security/' /etc/apt/sources.list.d/debian.sources | sed 's/^Suites:.*/Suites: sid/' > "$apt/sources/sid.sources"
else
  awk '$1=="deb" && $3!~/security|updates/ {$3="sid"; print; exit}' /etc/apt/sources.list > "$apt/sources/sid.list"
fi
options=(-o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$apt/sources" -o Dir::State::lists="$apt/lists"
         -o Dir::Cache="$apt/cache" -o Dir::State::status="$apt/status" -o APT::Sandbox::User=root -o Debug::NoLocking=1)
apt-get "${options[@]}" -qq update
apt-get "${options[@]}" -qq install --download-only -y --no-install-recommends mysql-server-core bash dash coreutils sed grep
for deb in "$apt"/cache/archives/*.deb; do dpkg-deb -x "$deb" "$root"; done
rm -rf "$root/usr/share/"{doc,man,locale,perl}
mkdir -p "$root"/{tmp,var/lib/mysql,var/run/mysqld}; chmod 1777 "$root/tmp"
for d in bin sbin lib lib64; do [ -e "$root/$d" ] || ln -s "usr/$d" "$root/$d"; done
[ -e "$root/usr/bin/sh" ] || ln -s dash "$root/usr/bin/sh"
printf 'root:x:0:0::/root:/bin/sh\nmysql:x:999:999::/var/lib/mysql:/bin/sh\n' > "$root/etc/passwd"
printf 'root:x:0:\nmysql:x:999:\n' > "$root/etc/group"
cat > "$root/usr/bin/docker-entrypoint.sh" <<'ENTRY'
#!/bin/sh
set -eu
[ "${1:-}" = mysqld ] && shift
common="--no-defaults --user=root --datadir=/var/lib/mysql --secure-file-priv=NULL --socket=/var/run/mysqld/mysqld.sock"
common="$common --pid-file=/var/run/mysqld/mysqld.pid --mysqlx=OFF"
if [ ! -d /var/lib/mysql/mysql ]; then
  [ -n "${MYSQL_ROOT_PASSWORD:-}${MYSQL_ALLOW_EMPTY_PASSWORD:-}" ] || { echo 'set MYSQL_ROOT_PASSWORD or MYSQL_ALLOW_EMPTY_PASSWORD' >&2; exit 1; }
  mysqld $common --initialize-insecure
  { echo "SET SESSION sql_log_bin=0;"
    echo "CREATE USER root@'%' IDENTIFIED BY '${MYSQL_ROOT_PASSWORD:-}';"
    echo "GRANT ALL ON *.* TO root@'%' WITH GRANT OPTION;"
    echo "ALTER USER root@localhost IDENTIFIED BY '${MYSQL_ROOT_PASSWORD:-}';"
  } > /tmp/init.sql
  exec mysqld $common --init-file=/tmp/init.sql "$@"
fi
exec mysqld $common "$@"
ENTRY
chmod +x "$root/usr/bin/docker-entrypoint.sh"
tar -C "$root" -c . | docker import -c 'ENTRYPOINT ["docker-entrypoint.sh"]' -c 'CMD ["mysqld"]' -c 'EXPOSE 3306' \
  -c 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' -c 'VOLUME /var/lib/mysql' - "$image"
