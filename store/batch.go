package store

import (
	"bytes"
	"slices"
	"strings"

	"github.com/weft-sdn/weft/schema"
)

// batch is what is committed together: transactions that were applied to the
// pending state one after another.
type batch struct {
	members []*member
	next    *state // after all of them
	ops     opList
	changes changeList
	blobs   []BlobChange
	clients []string
	comment []string
	// rev is the revision that presented rows were read at.
	rev int64
	// loaded, if set, is what was read: the rows have the version that belongs to
	// them.
	loaded *loadResult
	// stamped: its rows have their versions.
	stamped bool
	// pieces, if set, are the etcd transactions of a split write, instead of ops.
	pieces [][]keyOp
}

// member is one request in a batch, with the answer that it gets if etcd
// accepts the batch.
type member struct {
	req    *request
	answer reply
	writes bool
}

// opList holds the operations of a batch, the last one for each key.
type opList struct {
	list []keyOp
	at   map[string]int
	size int
}

func (l *opList) add(ops []keyOp) {
	if l.at == nil {
		l.at = make(map[string]int, len(ops))
	}
	for _, o := range ops {
		if o.kind == opDeleteBelow {
			l.forgetBelow(o.key)
		}
		if i, ok := l.at[o.key]; ok {
			l.size += o.size() - l.list[i].size()
			l.list[i] = o
			continue
		}
		l.at[o.key] = len(l.list)
		l.list = append(l.list, o)
		l.size += o.size()
	}
}

// forgetBelow drops operations on keys that are about to be deleted together;
// etcd refuses a transaction that names a key twice.
func (l *opList) forgetBelow(prefix string) {
	kept := l.list[:0]
	clear(l.at)
	for _, o := range l.list {
		if strings.HasPrefix(o.key, prefix) {
			l.size -= o.size()
			continue
		}
		l.at[o.key] = len(kept)
		kept = append(kept, o)
	}
	l.list = kept
}

// changeList merges the changes of a batch by row.
type changeList struct {
	list []Change
	at   map[changeKey]int
}

type changeKey struct {
	t  *schema.Table
	id schema.UUID
}

func (l *changeList) add(changes []Change) {
	if l.at == nil {
		l.at = make(map[changeKey]int, len(changes))
	}
	l.list = slices.Grow(l.list, len(changes))
	for _, c := range changes {
		key := changeKey{c.Table, c.UUID}
		if i, ok := l.at[key]; ok {
			l.list[i].New, l.list[i].deltas = c.New, nil
			continue
		}
		l.at[key] = len(l.list)
		l.list = append(l.list, c)
	}
}

// deleted tells whether a row is deleted by the batch.
func (l *changeList) deleted(t *schema.Table, id schema.UUID) bool {
	i, ok := l.at[changeKey{t, id}]
	return ok && l.list[i].New == nil
}

// net returns the changes without rows that came and went.
func (l *changeList) net() []Change {
	return slices.DeleteFunc(l.list, func(c Change) bool { return c.Old == nil && c.New == nil || c.Old == c.New })
}

// netBlobs merges changes of the same blob, and leaves out those to nothing else.
func netBlobs(list []BlobChange) []BlobChange {
	if len(list) < 2 {
		return list
	}
	at := make(map[string]int, len(list))
	net := make([]BlobChange, 0, len(list))
	for _, b := range list {
		if i, ok := at[b.Path]; ok {
			net[i].New = b.New
			continue
		}
		at[b.Path] = len(net)
		net = append(net, b)
	}
	return slices.DeleteFunc(net, func(b BlobChange) bool { return sameBlob(b.Old, b.New) })
}

// sameBlob compares data, where nil is none.
func sameBlob(a, b []byte) bool { return (a == nil) == (b == nil) && bytes.Equal(a, b) }

// requests are those of the members.
func (b *batch) requests() []*request {
	list := make([]*request, len(b.members))
	for i, m := range b.members {
		list[i] = m.req
	}
	return list
}

// empty tells whether etcd need not be asked.
func (b *batch) empty() bool { return len(b.ops.list) == 0 && b.pieces == nil }

// fits tells whether one more transaction may join the batch.
func (b *batch) fits(ops []keyOp, changes []Change, l Limits) bool {
	if b.pieces != nil {
		return false
	}
	size := b.ops.size
	for i := range ops {
		size += ops[i].size()
	}
	if len(b.members) > 0 && !within(len(b.ops.list)+len(ops), size, l) {
		return false
	}
	for i := range changes {
		// A row that comes again after its deletion would need a key to be
		// deleted and put in one etcd transaction.
		if changes[i].Old == nil && b.changes.deleted(changes[i].Table, changes[i].UUID) {
			return false
		}
	}
	return true
}

// within tells whether operations and their size stay within the limits, with
// room for the guard and the log.
func within(n, size int, l Limits) bool {
	return n+reservedOps <= l.most() && size+reservedBytes <= l.RequestBytes
}

// most is how many operations fit into one etcd transaction, nested or not.
func (l Limits) most() int { return max(l.TxnOps, maxNested(l.TxnOps)) }

const (
	reservedOps   = 2
	reservedBytes = 16 << 10
)

// tooLarge is the error for what does not fit into one etcd transaction.
func tooLarge(n, size int, l Limits) *schema.Error {
	if most := l.most(); n+reservedOps > most {
		return Errorf(ErrResources, "transaction needs %d etcd operations, and %d fit into one transaction of the etcd server, which allows %d at a level (--max-txn-ops)", n, most-reservedOps, l.TxnOps)
	}
	return Errorf(ErrResources, "transaction needs %d bytes, and the etcd server allows %d in one request (--max-request-bytes), %d of them reserved", size, l.RequestBytes, reservedBytes)
}
