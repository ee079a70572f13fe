package store

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/weft-sdn/weft/schema"
)

// The buckets in which the members of a column lie follow from the set of
// members (schema.Column.EachBucket). So nobody keeps a record of them, and who
// knows the members before and after a change knows which keys differ. That holds
// as long as nothing else lies there. Where something does, of an older form or
// written by another process, the state remembers what, and who changes that
// column next writes all of it.

// oddColumn is a column of a row whose keys in etcd are not those that follow
// from its members.
type oddColumn struct {
	key   rowKey
	c     *column
	parts []string // the last parts of the keys that are there
	// whole: what they hold is what the row has. Else something was left out,
	// which may come to be served, and is written away by a change only.
	whole bool
}

func oddKey(key rowKey, c *column) schema.UUID {
	return schema.NameUUID(key.t.Name, key.id.String(), c.Name)
}

// isOdd returns what lies in etcd for a column, nil if that follows from its
// members.
func (s *state) isOdd(key rowKey, c *column) *oddColumn {
	if s.odd.n == 0 {
		return nil
	}
	odd, _ := s.odd.get(oddKey(key, c))
	return odd
}

// settleOdd forgets what was odd about a row, which is deleted.
func (s *stateEdit) settleOdd(key rowKey) {
	for _, c := range key.t.members {
		if s.odd.n > 0 {
			s.odd.delete(s.e, oddKey(key, c))
		}
	}
}

// members appends what a change of a column's members asks of etcd.
func (e *encoder) members(ops []keyOp, key string, c *column, ch *Change, next *stateEdit) []keyOp {
	at := rowKey{e.layout.byName[ch.Table.Name], ch.UUID}
	if odd := next.isOdd(at, c); odd != nil {
		next.odd.delete(next.e, oddKey(at, c))
		return e.rewrite(ops, key, c, ch.New, odd.parts)
	}
	key += "/" + c.Name + "/"
	put := func(name string, data []byte) { ops = append(ops, keyOp{key: key + name, value: string(data)}) }
	if ch.Old == nil {
		c.EachBucket(ch.New, put)
		return ops
	}
	gone, come := ch.Diff(c.Column)
	c.ChangedBuckets(ch.Old, ch.New, slices.Concat(gone.Keys, come.Keys),
		func(name string) { ops = append(ops, keyOp{key: key + name, kind: opDelete}) }, put)
	return ops
}

// rewrite appends all buckets of a column, and then the deletion of what else is
// there: in between, both hold the same.
func (e *encoder) rewrite(ops []keyOp, key string, c *column, row schema.Row, parts []string) []keyOp {
	key += "/" + c.Name + "/"
	stays := map[string]bool{}
	c.EachBucket(row, func(name string, data []byte) {
		stays[name] = true
		ops = append(ops, keyOp{key: key + name, value: string(data)})
	})
	for _, part := range parts {
		if !stays[part] {
			ops = append(ops, keyOp{key: key + part, kind: opDelete})
		}
	}
	return ops
}

// loadedPart is one key below a row's, as it was read.
type loadedPart struct {
	c    *column
	part string
	data []byte
	d    schema.Datum
}

// setMembers puts into a row what its parts hold. Where two hold a pair of the
// same key, the bucket's counts: it is written first, and deleted last.
func (lr *loadedRow) setMembers(c *column) error {
	var keys, values []schema.Atom
	for _, bucket := range []bool{true, false} {
		for i := range lr.parts {
			if p := &lr.parts[i]; p.c == c && schema.IsBucket(p.part) == bucket {
				keys, values = append(keys, p.d.Keys...), append(values, p.d.Values...)
			}
		}
	}
	return schema.SetMembers(c.Column, lr.row, keys, values)
}

// findOdd returns the columns of a row of which something else lies in etcd than
// what follows from the row as it is served.
func (lr *loadedRow) findOdd(served schema.Row) (odd []*oddColumn) {
	for _, c := range lr.key.t.members {
		there := map[string][]byte{}
		for i := range lr.parts {
			if p := &lr.parts[i]; p.c == c {
				there[p.part] = p.data
			}
		}
		if len(there) == 0 {
			continue
		}
		all, same := 0, 0
		c.EachBucket(served, func(name string, data []byte) {
			if all++; bytes.Equal(there[name], data) {
				same++
			}
		})
		if same < all || same < len(there) {
			parts := slices.Sorted(maps.Keys(there))
			odd = append(odd, &oddColumn{key: lr.key, c: c, parts: parts, whole: c.Equal(served, lr.row)})
		}
	}
	return odd
}

func (s *stateEdit) setOdd(list []*oddColumn) {
	for _, odd := range list {
		s.odd.set(s.e, oddKey(odd.key, odd.c), odd)
	}
}

// replayMembers takes over what another process wrote of a column's members, if
// the keys are then those that follow from them.
func (m *machine) replayMembers(x *txn, key rowKey, c *column, events []*clientv3.Event) error {
	if m.committed.state.isOdd(key, c) != nil {
		return fmt.Errorf("%s row %s: column %s is stored in another form", key.t.Name, key.id, c.Name)
	}
	r := x.edit(key.t, key.id)
	old := key.t.Clone(r.new)
	var was, is schema.Datum // of the buckets that were written
	wrote := map[string]*mvccpb.KeyValue{}
	for _, e := range events {
		part := lastPart(e.Kv.Key)
		d, err := c.InBucket(old, part)
		if err != nil {
			return err // a member of form 1 too
		}
		was.Keys, was.Values = append(was.Keys, d.Keys...), append(was.Values, d.Values...)
		wrote[part] = nil
		if e.Type == clientv3.EventTypePut {
			d, err := schema.DecodeBucket(c.Column, part, e.Kv.Value)
			if err != nil {
				return err
			}
			is.Keys, is.Values = append(is.Keys, d.Keys...), append(is.Values, d.Values...)
			wrote[part] = e.Kv
		}
	}
	was, is = normal(c, was), normal(c, is)
	gone, come := was.Minus(is), is.Minus(was)
	if gone.Len() > 0 {
		c.DeleteWhere(r.new, func(k, _ schema.Atom) bool { return gone.Has(k) })
	}
	if _, err := c.InsertKeys(r.new, come); err != nil {
		return err
	}
	if n := c.Len(r.new); !c.Type.Allows(n) {
		return fmt.Errorf("%s row %s: column %s %s", key.t.Name, key.id, c.Name, c.Type.CountText(n))
	}
	r.differ(c, gone, come, true)
	return c.follows(old, r.new, slices.Concat(gone.Keys, come.Keys), wrote)
}

// normal is a set or map of elements in any order.
func normal(c *column, d schema.Datum) schema.Datum {
	if c.Type.IsMap() {
		return schema.MapDatum(d.Keys, d.Values)
	}
	return schema.SetDatum(d.Keys...)
}

// follows tells whether the keys that were put and, where nil, deleted are those
// that lead from a row to the next.
func (c *column) follows(old, now schema.Row, touched []schema.Atom, wrote map[string]*mvccpb.KeyValue) error {
	other := func(part string) error {
		return fmt.Errorf("column %s: bucket %s is not as it follows from the members", c.Name, part)
	}
	for part, kv := range wrote {
		data := c.Bucket(now, part)
		if (kv == nil) != (data == nil) || kv != nil && string(kv.Value) != string(data) {
			return other(part)
		}
	}
	var err error
	missing := func(part string) {
		if _, ok := wrote[part]; !ok {
			err = other(part)
		}
	}
	c.ChangedBuckets(old, now, touched, missing, func(part string, data []byte) {
		if string(c.Bucket(old, part)) != string(data) {
			missing(part)
		}
	})
	return err
}

func lastPart(key []byte) string {
	return string(key[strings.LastIndexByte(string(key), '/')+1:])
}
