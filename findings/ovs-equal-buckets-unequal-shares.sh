#!/bin/sh
# Open vSwitch: a select group of ten equal buckets that goes by dp_hash, as OVN's load
# balancers do, gives six of them one sixteenth of the connections and four two sixteenths.
#
# Seen with Debian's openvswitch 3.1.0-2+deb12u1, userspace datapath:
#
#	ten buckets of weight 100                      shares near 1/16 and 2/16
#	the same, one in two parts of 88 and 12        shares between 0.085 and 0.125
#
# The switch deals out a power of two of places, 16 at least and as many as its lightest
# bucket makes necessary. Equal weights need no more than 16, which ten do not divide. A
# second bucket that does the same as one of them, and is light, makes it 128 places,
# and the shares nearly equal; the weights still say ten times a tenth.
#
# Needs apt's packages for Debian 12 and network access to them. Prints what it sees; fails
# if that changes.
set -eu
version=3.1.0-2+deb12u1
dir=$(mktemp -d)
cleanup() {
	for p in "$dir"/run/*.pid; do [ -e "$p" ] && kill "$(cat "$p")" 2>/dev/null; done
	wait
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' INT TERM
cd "$dir"
mkdir root run
(mkdir deb && cd deb && apt-get -qq download "openvswitch-common=$version" "openvswitch-switch=$version" 2>/dev/null)
for deb in deb/*.deb; do dpkg -x "$deb" root; done
PATH="$dir/root/usr/bin:$dir/root/usr/sbin:$PATH"
export OVS_RUNDIR="$dir/run" OVS_LOGDIR="$dir/run" OVS_DBDIR="$dir/run" OVS_SYSCONFDIR="$dir/run" OVS_PKGDATADIR="$dir/root/usr/share/openvswitch"

ovsdb-tool create run/conf.db "$OVS_PKGDATADIR/vswitch.ovsschema"
ovsdb-server run/conf.db --remote="punix:$dir/run/db.sock" --unixctl="$dir/run/db.ctl" --pidfile="$dir/run/db.pid" --detach --no-chdir --log-file=run/db.log 2>/dev/null
ovs-vsctl --db="unix:$dir/run/db.sock" --no-wait init
ovs-vswitchd "unix:$dir/run/db.sock" --enable-dummy=override --disable-system --unixctl="$dir/run/sw.ctl" --pidfile="$dir/run/sw.pid" --detach --no-chdir --log-file=run/sw.log 2>/dev/null
ovs-vsctl --db="unix:$dir/run/db.sock" add-br br -- set bridge br protocols=OpenFlow15 -- add-port br in -- set interface in type=dummy -- add-port br out -- set interface out type=dummy
ovs-vswitchd --version | head -1
ofctl() { ovs-ofctl -O OpenFlow15 "$@"; }

# shares BUCKETS: the least and the greatest share of ten destinations, of 3,200 connections.
shares() {
	ofctl del-groups "unix:$dir/run/br.mgmt"
	ofctl add-group "unix:$dir/run/br.mgmt" "group_id=1,type=select,selection_method=dp_hash,$1"
	ofctl add-flow "unix:$dir/run/br.mgmt" "in_port=in,udp,actions=group:1"
	port=1
	while [ $port -le 3200 ]; do
		set --
		while [ $# -lt 100 ]; do
			set -- "$@" "in_port(1),eth(src=02:00:00:00:00:01,dst=02:00:00:00:00:02),eth_type(0x0800),ipv4(src=10.0.0.1,dst=10.0.0.2,proto=17,tos=0,ttl=64,frag=no),udp(src=$((port + 1000)),dst=53)"
			port=$((port + 1))
		done
		ovs-appctl -t "$dir/run/sw.ctl" netdev-dummy/receive in "$@"
	done
	ovs-appctl -t "$dir/run/sw.ctl" revalidator/wait
	# Buckets 10 and above do what bucket 0 does.
	ofctl dump-group-stats "unix:$dir/run/br.mgmt" group_id=1 | tr ',' '\n' | sed -n 's/^bucket\([0-9]*\):packet_count=\([0-9]*\)$/\1 \2/p' |
		awk '{ n[$1 % 10] += $2; all += $2 } END { for (b in n) { s = n[b] / all; if (!lo || s < lo) lo = s; if (s > hi) hi = s } printf "%d connections, shares %.3f to %.3f\n", all, lo, hi }'
}

# buckets FIRST...: one bucket for each of ten addresses, the first of a weight.
buckets() {
	echo "bucket=weight:$1,actions=set_field:10.1.0.0->ip_dst,out"
	for i in 1 2 3 4 5 6 7 8 9; do echo ",bucket=weight:100,actions=set_field:10.1.0.$i->ip_dst,out"; done
}
equal=$(shares "$(buckets 100 | tr -d '\n')")
parted=$(shares "$(buckets 88 | tr -d '\n'),bucket=weight:12,actions=set_field:10.1.0.0->ip_dst,out")
echo "ten buckets of weight 100:          $equal"
echo "one of them in two, of 88 and 12:   $parted"
ok() { echo "$1" | awk -v lo="$2" -v hi="$3" '{ exit !($4 >= lo && $6 <= hi) }'; }
uneven() { echo "$1" | awk '{ exit !($4 < 0.075 && $6 > 0.110) }'; }
uneven "$equal" || { echo "changed: the shares are alike"; exit 1; }
ok "$parted" 0.075 0.13 || { echo "changed: parts of a bucket do not make them alike"; exit 1; }
