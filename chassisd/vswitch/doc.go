// Package vswitch is the local Open_vSwitch database as the agent sees it:
// a feed of the rows that matter, and the few writes that an agent makes
// (the integration bridge, tunnel ports, external_ids).
//
// The rule: the feed is a state, not a log. Changes that nobody has taken yet
// are merged, a lost connection says so but withdraws nothing, and after a new
// connection only what differs from the rows seen before is told. So a restart
// of ovsdb-server is no event to whoever reads the feed.
//
// Imports: none
package vswitch
