// Package chassisd is the agent of one hypervisor: it binds the ports that
// live there, turns the logical flows of their datapaths into OpenFlow, builds
// the tunnels to the other chassis and says what it has done.
//
// The rule: one goroutine (Agent.Run) owns the tables and all that is
// remembered beside them. What talks to the outside (view, vswitch, ledger,
// ofctrl, pinctrl) runs beside it, tells it states and takes wishes, and never
// waits for it nor it for them.
//
// Imports: chassisd/acllog, chassisd/binding, chassisd/bits, chassisd/config, chassisd/ledger, chassisd/lower, chassisd/pinctrl, chassisd/physical, chassisd/remote, chassisd/tables, chassisd/tunnel, chassisd/view, chassisd/vswitch, chassisd/zone, incr, ofctrl, proto, proto/admin, schema, schema/sb
package chassisd
