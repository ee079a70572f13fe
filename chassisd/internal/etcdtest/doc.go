// Package etcdtest runs a private etcd member inside a test's process, on a
// port of its own, that can be stopped and started again.
//
// The rule: what a test started is gone when the test is over.
//
// Imports: store/etcd
package etcdtest
