package tables

import (
	"slices"
	"strings"

	"github.com/weft-sdn/weft/schema"
)

// memberFeed has an input take the elements of a column, which come in buckets,
// or one by one where northd has not carried an older form forward yet. What each
// key held last is remembered, so that it is known what goes with it.
type memberFeed struct {
	col  *schema.Column
	set  func(row schema.UUID, member schema.Atom, there bool)
	rows map[schema.UUID]*memberKeys
}

// memberKeys are the keys that hold elements of one row's column.
type memberKeys struct {
	held  []memberKey // by part
	loose int         // how many are no buckets: what they hold may lie in one too
}

type memberKey struct {
	part string // the last of the key
	memberBytes
}

// memberBytes are elements in order, in little memory: the bytes of UUIDs, or strings
// with a NUL after each.
type memberBytes string

func pack(d schema.Datum) memberBytes {
	b := make([]byte, 0, 2048)
	for _, k := range d.Keys {
		if k.Kind() == schema.KindUUID {
			id := k.UUID()
			b = append(b, id[:]...)
		} else {
			b = append(append(b, k.Str()...), 0)
		}
	}
	return memberBytes(b)
}

func (p memberBytes) unpack(kind schema.Kind) (d schema.Datum) {
	if kind == schema.KindUUID {
		for ; p != ""; p = p[16:] {
			d.Keys = append(d.Keys, schema.UUIDAtom(schema.UUID([]byte(p[:16]))))
		}
		return d
	}
	for p != "" {
		text, rest, _ := strings.Cut(string(p), "\x00")
		d.Keys = append(d.Keys, schema.StringAtom(text))
		p = memberBytes(rest)
	}
	return d
}

// take takes a key. One that cannot be understood holds nothing.
func (f *memberFeed) take(row schema.UUID, part string, e Event) error {
	var now schema.Datum
	var err error
	if e.there() {
		now, err = schema.DecodePart(f.col, part, e.Value)
	}
	keys := f.rows[row]
	if keys == nil {
		keys = &memberKeys{}
		f.rows[row] = keys
	}
	mixed := keys.loose > 0
	was := keys.put(part, now).unpack(f.col.Type.Key.Kind)
	for _, k := range was.Minus(now).Keys {
		if !mixed || !keys.holds(k) {
			f.set(row, k, false)
		}
	}
	for _, k := range now.Keys {
		f.set(row, k, true)
	}
	if len(keys.held) == 0 {
		delete(f.rows, row)
	}
	return err
}

// put notes what a key holds, and returns what it held.
func (m *memberKeys) put(part string, now schema.Datum) (was memberBytes) {
	i, there := slices.BinarySearchFunc(m.held, part, func(k memberKey, part string) int { return strings.Compare(k.part, part) })
	if there {
		was = m.held[i].memberBytes
	}
	loose := 0
	if !schema.IsBucket(part) {
		loose = 1
	}
	switch {
	case there && now.Len() == 0:
		m.held = slices.Delete(m.held, i, i+1)
		m.loose -= loose
	case there:
		m.held[i].memberBytes = pack(now)
	case now.Len() > 0:
		m.held = slices.Insert(m.held, i, memberKey{strings.Clone(part), pack(now)})
		m.loose += loose
	}
	return was
}

// holds tells whether one of the keys holds an element.
func (m *memberKeys) holds(k schema.Atom) bool {
	return slices.ContainsFunc(m.held, func(held memberKey) bool { return held.unpack(k.Kind()).Has(k) })
}
