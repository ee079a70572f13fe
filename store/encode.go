package store

import (
	"strings"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/weft-sdn/weft/schema"
)

// opOverhead is what an operation costs in a request beside its key and value,
// rounded up.
const opOverhead = 24

// keyOp is one operation on etcd: a put, or the deletion of a key or of all
// keys below one.
type keyOp struct {
	key   string
	value string
	kind  opKind
}

type opKind uint8

const (
	opPut opKind = iota
	opDelete
	opDeleteBelow // key ends in a slash
)

func (o *keyOp) size() int { return len(o.key) + len(o.value) + opOverhead }

func (o *keyOp) etcd() clientv3.Op {
	switch o.kind {
	case opPut:
		return clientv3.OpPut(o.key, o.value)
	case opDelete:
		return clientv3.OpDelete(o.key)
	}
	return clientv3.OpDelete(o.key, clientv3.WithPrefix())
}

// encoder turns changes of rows into operations on etcd.
type encoder struct {
	prefix string
	layout *layout
}

func (e *encoder) rowKey(t *table, id schema.UUID) string {
	return e.prefix + t.Name + "/" + id.String()
}

// change appends what a change of a row asks of etcd. Only columns that lie
// under our prefix count. next is the state after the change.
//
// Hot path: the member inserted into a set of 10,000 is one put of a bucket; the
// other members are not looked at.
func (e *encoder) change(ops []keyOp, ch *Change, next *stateEdit) []keyOp {
	t := e.layout.byName[ch.Table.Name]
	if !t.stored {
		return ops
	}
	key := e.rowKey(t, ch.UUID)
	if ch.New == nil {
		ops = append(ops, keyOp{key: key, kind: opDelete})
		if len(t.members) > 0 {
			ops = append(ops, keyOp{key: key + "/", kind: opDeleteBelow})
		}
		return ops
	}
	row := ch.Old == nil && t.Owner == ""
	cols := ch.Columns()
	for _, sc := range cols {
		c := t.byCol[sc.Index]
		switch {
		case !c.stored:
		case !c.Members:
			row = row || ch.Old != nil || !c.IsZero(ch.New)
		default:
			ops = e.members(ops, key, c, ch, next)
		}
	}
	if row {
		ops = append(ops, keyOp{key: key, value: e.row(t, ch.New)})
	}
	return ops
}

func (e *encoder) row(t *table, row schema.Row) string {
	return string(schema.EncodeRow(t.Table, row, func(c *schema.Column) bool { return t.byCol[c.Index].stored }))
}

// blob appends what a change of a blob asks of etcd.
func (e *encoder) blob(ops []keyOp, b BlobChange) []keyOp {
	if b.New == nil {
		return append(ops, keyOp{key: e.prefix + b.Path, kind: opDelete})
	}
	return append(ops, keyOp{key: e.prefix + b.Path, value: string(b.New)})
}

// isBlobPath tells paths of blobs from those of rows: the names of OVSDB tables
// begin with an upper case letter, those of blobs do not.
func isBlobPath(path string) bool {
	return path != "" && (path[0] < 'A' || path[0] > 'Z') && !strings.HasPrefix(path, "/")
}

// where is the place of a key in the database.
type where struct {
	t      *table
	id     schema.UUID
	column *column // nil: the row itself
	part   string
}

// parseKey reads the key of a row or member, without the prefix. The error is
// the reason why it is none.
func (l *layout) parseKey(path string) (w where, reason string) {
	parts := strings.Split(path, "/")
	w.t = l.byName[parts[0]]
	switch {
	case w.t == nil:
		return w, "no table of this name"
	case len(parts) != 2 && len(parts) != 4:
		return w, "neither the key of a row nor that of a member"
	}
	var err error
	if w.id, err = schema.ParseUUID(parts[1]); err != nil || w.id.String() != parts[1] || w.id.IsZero() {
		return w, "not a row's UUID"
	}
	switch {
	case w.t.virtual != nil || !w.t.stored:
		return w, "rows of this table do not lie here"
	case len(parts) == 2:
		return w, ""
	}
	if w.column = w.t.byName[parts[2]]; w.column == nil || w.column.Index < 0 || !w.column.Members || !w.column.stored {
		return w, "no column with members of this name"
	}
	w.part = parts[3]
	return w, ""
}
