// Package tables is what an agent computes: from the rows of etcd and of the
// local switch to the ports that are bound here and every OpenFlow flow, as
// incremental tables.
//
// The rule: the inputs are set from outside and everything else follows.
// Where something that is remembered comes in (conntrack zones), it is an
// input; ids of conjunctions are given out by name, so that a flow that is
// lowered again has the ones that it had. Rows of datapaths that are not
// followed do not come in (shelf), and nothing may follow from them.
//
// Imports: chassisd/binding, chassisd/config, chassisd/lower, chassisd/packet, chassisd/physical, chassisd/zone, incr, lflow, lflow/address, lflow/portsec, ofctrl, ofctrl/ofp, schema, schema/sb
package tables
