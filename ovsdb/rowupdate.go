package ovsdb

import (
	"slices"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/store"
)

// event is why a row is shown; events are also a set, what a monitor selects.
type event uint8

const (
	initial event = 1 << iota
	insert
	remove
	modify
	allEvents = initial | insert | remove | modify
)

// projection is what is shown of a table's rows, and how. Monitors with equal
// projections share one, and with it the text made for a change.
type projection struct {
	key   string
	users int
	// diffs: <row-update2> of ovsdb-server(7) section 4.1.14 instead of
	// <row-update> of RFC 7047 section 4.1.6.
	diffs   bool
	columns []shownColumn
	events  event // of any column
	version bool  // _version is shown: every commit changes it

	// Guarded by the database's mutex:
	change *store.Change // for which text holds what was made
	text   map[event][]byte
}

// shownColumn is a column with the events in which it is shown.
type shownColumn struct {
	*schema.Column
	events event
}

// show returns the update of a row at an event, nil if there is none.
// Hot path: what several monitors show alike is made once.
func (p *projection) show(ch *store.Change, e event) []byte {
	if p.change != ch {
		p.change = ch
		p.text = make(map[event][]byte, 1)
	}
	text, ok := p.text[e]
	if !ok {
		text = p.appendUpdate(nil, ch, e)
		p.text[e] = text
	}
	return text
}

// appendUpdate appends "uuid":{…} for a change; nothing if the monitor does
// not want the event, or nothing that it shows has changed.
func (p *projection) appendUpdate(b []byte, ch *store.Change, e event) []byte {
	if p.events&e == 0 {
		return b
	}
	var changed []*schema.Column
	if e == modify {
		if changed = ch.Columns(); !p.version && !p.shows(changed) {
			return b
		}
	}
	b = append(b, '"')
	b = ch.UUID.Append(b)
	b = append(b, `":{`...)
	if p.diffs {
		b = p.appendDiffs(b, ch, e, changed)
	} else {
		b = p.appendOldNew(b, ch, e, changed)
	}
	return append(b, '}')
}

func (p *projection) shows(changed []*schema.Column) bool {
	return slices.ContainsFunc(p.columns, func(c shownColumn) bool { return slices.Contains(changed, c.Column) })
}

// appendOldNew appends the members of a <row-update>.
func (p *projection) appendOldNew(b []byte, ch *store.Change, e event, changed []*schema.Column) []byte {
	if e != remove {
		b = append(b, `"new":{`...)
		n := len(b)
		for _, c := range p.columns {
			if c.events&e != 0 {
				b = c.AppendJSON(appendName(b, n, c.Column), ch.New)
			}
		}
		b = append(b, '}')
	}
	if e == modify {
		b = append(b, ',')
	}
	if e == modify || e == remove {
		b = append(b, `"old":{`...)
		n := len(b)
		for _, c := range p.columns {
			if c.events&e != 0 && (e == remove || differs(c.Column, changed)) {
				b = c.AppendJSON(appendName(b, n, c.Column), ch.Old)
			}
		}
		b = append(b, '}')
	}
	return b
}

// appendDiffs appends the member of a <row-update2>.
func (p *projection) appendDiffs(b []byte, ch *store.Change, e event, changed []*schema.Column) []byte {
	switch e {
	case remove:
		return append(b, `"delete":null`...)
	case modify:
		b = append(b, `"modify":{`...)
		n := len(b)
		for _, c := range p.columns {
			if c.events&e != 0 && differs(c.Column, changed) {
				b = difference(c.Column, ch).AppendJSON(appendName(b, n, c.Column), &c.Type)
			}
		}
		return append(b, '}')
	case initial:
		b = append(b, `"initial":{`...)
	default:
		b = append(b, `"insert":{`...)
	}
	n := len(b)
	for _, c := range p.columns {
		if c.events&e == 0 {
			continue
		}
		if !isDefault(c.Column, ch.New) {
			b = c.AppendJSON(appendName(b, n, c.Column), ch.New)
		}
	}
	return append(b, '}')
}

// isDefault tells whether a column has its type's default value.
func isDefault(c *schema.Column, row schema.Row) bool {
	if c.Type.Min == 0 || c.Type.IsScalar() {
		return c.IsZero(row)
	}
	return c.Get(row).Equal(c.Type.Default())
}

// differs tells whether a modified row has another value in a column: each
// modification changes _version and none _uuid.
func differs(c *schema.Column, changed []*schema.Column) bool {
	return c.Name == schema.ColumnVersion || slices.Contains(changed, c)
}

// difference is what an update2 shows of a column that changed: the new value
// where there is at most one element, else the elements that only one of both
// values has, and of pairs with another value the new ones.
func difference(c *schema.Column, ch *store.Change) schema.Datum {
	if c.Type.Max == 1 {
		return c.Get(ch.New)
	}
	gone, come := ch.Diff(c)
	keys := slices.Concat(come.Keys, gone.Keys)
	if c.Type.IsMap() {
		return schema.MapDatum(keys, slices.Concat(come.Values, gone.Values))
	}
	return schema.SetDatum(keys...)
}

// appendName appends what stands before a member of a <row> that begins at b[n].
func appendName(b []byte, n int, c *schema.Column) []byte {
	if len(b) > n {
		b = append(b, ',')
	}
	b = append(b, '"')
	b = append(b, c.Name...)
	return append(b, `":`...)
}
