// Package leader elects the one writer: whoever holds the leader key, which
// hangs on a lease, and whose guard every write is compared with.
//
// The rule: the key's create revision is the leader's term. A write guarded by
// it cannot happen after the term has ended, however late it arrives.
//
// Imports: none
package leader
