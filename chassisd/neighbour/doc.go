// Package neighbour is the duty to find the neighbours of routers' ports: it asks
// for them (arp, nd_ns), learns who they are (put_arp, put_nd) into MAC_Binding, and
// has the packet that asked go on when they are known.
//
// What one agent learns is for all: it goes to etcd as a record of this chassis and
// comes back, as the records of others do, as a row of the tables, from which each
// agent that has the router makes its flows. A record has an owner, the chassis that
// learned it, and goes when it is too old (mac_binding_age_threshold) or its port is
// no more; use.go has what is in use be renewed.
//
// The rule: what comes from packets is bounded. A port has so many records, and a
// new one takes the place of its oldest; so many packets wait, and for so long.
//
// Imports: chassisd/duty, chassisd/lower, chassisd/packet, chassisd/tables, lflow/address, ofctrl/ofp, schema, schema/sb
package neighbour
