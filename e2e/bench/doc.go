// Command bench measures weft beside stock OVN on the same machine and prints
// one line a figure:
//
//	bench NAME ours=VALUE peer=VALUE [base=VALUE] ratio=OURS/PEER goal=GOAL met|short|missing
//
// Smaller is better in all of them. A goal is a limit of ours, of the ratio
// (…x), of the ratio to an older build (…base), or several of them. Lines with #
// are notes: what was made, the span of the times of which a figure is the
// median, and what is not measured and why.
//
// With -base COMMIT (make bench BASE=COMMIT) the programs of that commit are
// built in a work tree of their own and measured beside ours, by the same
// measuring program; base= is theirs. Ours and theirs are then the medians of
// five runs each, made in turn. Work that is counted (keys, flows, flow-mods,
// allocations, rows) may not grow; what is measured (times, memory) may be 1.1
// times the base's. Some figures shall be better than those of 75ea3bf by more:
// their goals say so where that is the commit. Go benchmarks are compared where
// the older build has them too, with a line for each unit that is counted.
//
// The rule: both sides get the same transactions, the same switches (without a
// datapath, so that flows are all that they do; where packets are measured with
// one, and the sides take turns, five each) and the same held connection.
// Each has its own ovs-vswitchd and databases, and nothing of the other runs.
// Figures of an agent are of chassisd and of ovn-controller; hv is hv_cfg, as
// `ovn-nbctl --wait=hv` waits for it.
//
//	northd-cold-start-N-ports        northd's start with an empty Southbound until sb_cfg
//	…-keys                           keys that northd writes in etcd for the figure before the dash; weft only
//	etcd-keys-per-port-N-ports       keys of northd that are in etcd then; weft only
//	northd-memory-per-port-N-ports   its memory then that is no file's, of OVN its databases' too
//	failover-N-ports                 the leader's end by SIGKILL, with a standby, until a client has written; weft only
//	port-add-to-flows-N-ports-M-local  a port's transaction until hv; N ports, M on each of two hypervisors
//	port-add-growth                  the same among 10,000 ports by among 100
//	agent-port-own-N-flows           the agent's part of a port: from etcd's event to flows handed on; weft only
//	agent-port-to-barrier-N-flows    the same until the switch's barrier; weft only
//	agent-change-*-N-flows           the same of a port that is there and gets another address
//	agent-port-*-growth              the same with 100,000 flows by with 1,000
//	agent-port-to-hv-N-flows         the same ports as their client sees them: transaction until hv
//	agent-port-cpu-N-flows           processor time of the agent for one of them; the mean
//	agent-memory-per-flow-N-flows    memory of the agent that is no file's, by flows in its switch
//	agent-memory-per-flow-N-lflows   the same where each flow has its own logical flow; weft only
//	agent-resident-per-flow-N-…      its whole resident set, with the program (chassisd's is 27 MB)
//	agent-restart-N-flows            the agent's end until hv and as many flows as before
//	agent-restart-N-flows-mods       flows that this added and deleted (OVN: that are new in the switch)
//	agent-interest-flows             flows in the switch of an agent of one port among 10,000 of 500 switches
//	agent-interest-memory[-all]      resident set of the agent of one port among 10,000 of 500 switches, bound elsewhere
//	agent-interest-start[-all]       its start until all flows are in an emptied switch; all: with ovn-monitor-all
//	address-set-add                  an address more in 10,000 that 5 ACLs use: transaction until hv
//	address-set-add-keys             keys that northd writes in etcd for it; weft only
//	address-set-new                  a new set of 10,000 addresses: transaction until its answer
//	address-set-new-keys             keys that northd writes in etcd for it, in both databases; weft only
//	agent-address-set-add-cpu        processor time of the agent for it, beyond an empty --wait=hv; the mean
//	acl-group-port-add               a port more, into a group of 1,000 with 100 ACLs: transaction until hv
//	acl-group-flows                  flows that such a group adds where all its ports are
//	acl-set-range-flows[-related]    flows of one ACL for 10,000 addresses and 1,000 ports
//	sb-monitor-flows-N-ports         the initial contents of Logical_Flow for a monitor
//	transaction-p99-beside-dump-N-ports  of transactions for 5 s while a client reads them over and over, by alone
//	clients-200-transaction-p50, -p99  2,000 transactions of 200 clients at once, who monitor both databases
//	clients-200-memory               of the daemons that serve them and compile, resident, after that
//	clients-200-starved-latest-update  until the last client is told of a row, with the processors busy
//	router-cold-start-N-…            northd's start with an empty Southbound until sb_cfg; N routers, or N routes of one
//	route-add-to-flows-N-…           a route's transaction until hv
//	route-add-growth-…               the same among 1,000 routers, or 10,000 routes, by among 100 routers
//	router-agent-flows-N-routers     flows in the switch of an agent with VMs on switches of ten blocks of ten routers
//	router-agent-memory-N-routers    memory of that agent that is no file's
//	cold-compile-N-fips              northd's start with an empty Southbound until sb_cfg; N floating IPs, 200 a router
//	fip-add-to-flows-N-fips          a floating IP's transaction until hv
//	fip-add-growth                   the same among 10,000 by among 1,000
//	agent-fip-flows                  flows in the switch of an agent that has 20 of 10,000, and is their router's gateway
//	agent-fip-memory                 memory of that agent that is no file's
//	fip-connection-setup             UDP to a floating IP from a new port until it is answered
//	snat-connection-setup            the same through SNAT
//	fip-packet-time                  of 64-byte packets to a floating IP: a second by those that arrive in it
//	cold-compile-500-lbs             northd's start with an empty Southbound until sb_cfg; 10 backends each, in a group of 500 switches
//	backend-add-to-flows-500-lbs     a backend more or less: transaction until hv
//	agent-lb-flows                   flows in the switch of an agent with a VM on a switch of each of their 20 routers
//	agent-lb-memory                  memory of that agent that is no file's
//	switch-lb-memory                 the same of its switch
//	southbound-lb-bytes              of the Southbound database with them: etcd's keys and values, or the peer's compact file
//	backend-flap-agent-cpu           the agent's processor time for a backend more or less, of one of 1,000 services of 20
//	lb-connection-setup              UDP through a load balancer from a new port until it is answered
//	lb-round-trip                    a ping through one
//	gateway-gap-HOW-bfd-…            longest time without an answer from a VM behind a gateway that dies
//	go/PACKAGE/BenchmarkName[:unit]  a Go benchmark
//
// Processor time is of the whole process between two moments at which nothing
// is to be done; a port's includes the reports for hv, and all include
// collections of garbage. Times depend on the load of the machine, flows and
// flow-mods do not.
//
// Go benchmarks of all packages are run too. One that has a goal says so by
// reporting a metric "goal-X", the limit of its metric X: b.ReportMetric(500,
// "goal-ns/op"). What a peer needs for the same is "peer-X", and a goal for the
// ratio "goal-ratio-X". One with several goals has a line for each.
//
// Imports: e2e
package main
