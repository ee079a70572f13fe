// Package model is what features of northd read: the network as entities, not
// as rows. Datapaths are logical switches and routers alike; ports are a
// switch's or a router's, with their peers; beside them stand the chassis, the
// claims that agents have on ports, port groups and address sets.
//
// It owns the southbound rows of these (Datapath_Binding, Port_Group, Address_Set;
// those of ports are in package bindings), their tunnel keys, and the units of flows that
// features write together: one unit for each port, so that a port that comes
// is one key.
//
// The rule that matters: an entity holds what several features read of a row,
// and changes only when that does. What a port is like does not change its
// switch; that a port is up does not change the port.
//
// Imports: incr, lflow, lflow/address, northd/graph, northd/pipeline, schema, schema/nb, schema/sb
package model
