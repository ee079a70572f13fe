// Package gateway is what leaves a logical router by one chassis: the gateway
// ports' way there, the chassis that may have them, and the size of what may
// leave by a port.
//
// redirect.go has the way to the gateway chassis, chassis.go the HA groups,
// watch.go how they hear of each other, mtu.go the size. Which ports there are on gateway chassis is the model's; that
// they are silent elsewhere is said where they would speak, in packages router,
// neighbour and l2.
//
// The rule: northd names the chassis that may have a gateway port, in order, and
// the agents decide which has it; no flow names a chassis.
//
// Imports: incr, lflow, northd/graph, northd/model, northd/pipeline, schema, schema/nb, schema/sb
package gateway
