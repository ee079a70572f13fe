// Package e2e builds clouds out of network namespaces and tries weft in them
// with real switches and packets: a fabric, N hypervisors (each a namespace
// with its own ovsdb-server, ovs-vswitchd on the userspace datapath and
// chassisd), VMs and external hosts (namespaces too), and scenario files in
// txtar that say what happens in them. README.md lists the scenario commands.
//
// The rule: a sandbox leaves nothing behind. Everything that it starts runs in
// network namespaces of its own, so a small watchdog process can end all of it
// and remove the rest, also when the test process is killed; nothing is found
// by name and nothing else is touched.
//
// Imports: anything
package e2e
