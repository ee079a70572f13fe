// Package policy is Logical_Router_Policy: what a router does to packets that a
// user's match finds, whatever its routes say.
//
// policy.go reads the rows, chain.go gives their chains numbers, reroute.go finds
// next hops, exclude.go takes apart what matches exclude, write.go has the flows.
//
// The rule: a policy is a unit of flows of its own, and its match is in one of
// them: what several next hops need is found by the policy's UUID, which the
// packet has with it.
//
// Imports: incr, lflow, northd/graph, northd/model, northd/pipeline, schema, schema/nb
package policy
