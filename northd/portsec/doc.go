// Package portsec is port security: a port with column port_security sends and
// receives only what its elements allow, ovn-nb(5).
//
// The rule: what a port may not do is marked in a bit where it is found out
// and dropped one stage later, so that traces name the stage that decided.
//
// Imports: incr, lflow, lflow/portsec, northd/graph, northd/model, northd/pipeline
package portsec
