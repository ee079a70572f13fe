package tables

import (
	"strings"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// NamesPart is a part of the names of a row of table DNS: a key of etcd.
type NamesPart struct {
	Row  schema.UUID
	Part string
}

// Names are names with their values, as they stand in a row.
type Names string

// Each calls f for each name.
func (n Names) Each(f func(name, value string)) {
	for n != "" {
		name, rest, _ := strings.Cut(string(n), "\x00")
		value, rest, _ := strings.Cut(rest, "\x00")
		f(name, value)
		n = Names(rest)
	}
}

func namesOf(d schema.Datum) Names {
	var b strings.Builder
	for i, k := range d.Keys {
		b.WriteString(k.Str() + "\x00" + d.Values[i].Str() + "\x00")
	}
	return Names(b.String())
}

// feedNames declares the inputs of the names that switches have.
func (t *Tables) feedNames() {
	f := t.Feeds
	fromRows(f, t.NamesOwned, byNorthd, func(_ string, row schema.UUID) schema.UUID { return row },
		func(row *sb.DNS, _ Event) (bool, error) { return row.Options["ovn-owned"] == "true", nil })
	rowMembers[*sb.DNS](f, t.NamesOn, "datapaths")
	bucketsOf[*sb.DNS](f, "records", func(row schema.UUID, part string, d schema.Datum) {
		set(t.AllNames, NamesPart{row, strings.Clone(part)}, namesOf(d), d.Len() > 0)
	})
}

// names declares the names that are known here: those of switches that are followed.
func (t *Tables) names() {
	onByRow := incr.NewIndex(t.NamesOn, "row of names", func(m Member, _ struct{}) []schema.UUID { return one(m.Group) })
	t.NamesAt = incr.NewTable(t.Engine, "switches with names", incr.Eq[uint32], incr.Keys(t.NamesOn), func(r *incr.Reader, m Member) (uint32, bool) {
		dp, ok := incr.Get(r, t.Local, m.Row)
		return dp.Key, ok
	}).Feed()
	here := incr.NewTable(t.Engine, "rows of names here", incr.Eq[struct{}], incr.Values(onByRow), func(r *incr.Reader, row schema.UUID) (struct{}, bool) {
		for m := range incr.Each(r, onByRow, row) {
			if incr.Has(r, t.NamesAt, m) {
				return struct{}{}, true
			}
		}
		return struct{}{}, false
	})
	t.Names = incr.NewTable(t.Engine, "names", incr.Eq[Names], incr.Keys(t.AllNames), func(r *incr.Reader, k NamesPart) (Names, bool) {
		if !incr.Has(r, here, k.Row) {
			return "", false
		}
		return incr.Get(r, t.AllNames, k)
	}).Feed()
	t.OwnedNames = incr.NewTable(t.Engine, "names that are answered whatever is asked", incr.Eq[struct{}], incr.Keys(t.NamesOwned), func(r *incr.Reader, row schema.UUID) (struct{}, bool) {
		owned, _ := incr.Get(r, t.NamesOwned, row)
		return struct{}{}, owned && incr.Has(r, here, row)
	}).Feed()
}
