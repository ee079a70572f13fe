// Package health has agents ask backends of load balancers and switch ports whether they
// serve.
//
// Each that is asked is a row of Service_Monitor (ovn-sb(5)), from which the agent that
// has the port asks; what it finds comes back as the row's status. health.go is who is
// asked and what is known of them, vip.go has the backends of VIPs, port.go the switch
// ports, flows.go lets questions and answers pass.
//
// The rule: who is asked the same by several is asked once, as the first says; the others
// are told so.
//
// Imports: incr, lflow, lflow/address, northd/graph, northd/model, northd/pipeline, schema, schema/nb, schema/sb
package health
