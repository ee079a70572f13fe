// Package chassisd is the agent of one hypervisor: it binds the ports that
// live there, turns the logical flows of their datapaths into OpenFlow, builds
// the tunnels to the other chassis and says what it has done.
//
// The rule: one goroutine (Agent.Run) owns the tables and all that is
// remembered beside them. What talks to the outside (view, vswitch, ledger,
// ofctrl, duty) runs beside it, tells it states and takes wishes, and never
// waits for it nor it for them.
//
// What is remembered is in parts, a type and a file each: which flows are read
// (interest), conntrack zones (zones), bits for groups (groupBits,
// portGroupBits), ports on their way up (ports), what must be in etcd (records),
// in the switch (updates) and in the local database (ovsWriter). A part is told
// what happens and asked what follows; only the loop knows them all. How far the
// agent has come is its phase.
//
// Imports: chassisd/acllog, chassisd/announce, chassisd/bfd, chassisd/binding, chassisd/bits, chassisd/config, chassisd/conntrack, chassisd/dhcp, chassisd/dns, chassisd/duty, chassisd/event, chassisd/fdb, chassisd/ledger, chassisd/lower, chassisd/neighbour, chassisd/packet, chassisd/patch, chassisd/physical, chassisd/pinctrl, chassisd/radvert, chassisd/remote, chassisd/svccheck, chassisd/tables, chassisd/tunnel, chassisd/view, chassisd/vswitch, chassisd/zone, incr, ofctrl, ofctrl/ofp, proto, proto/admin, schema, schema/sb
package chassisd
