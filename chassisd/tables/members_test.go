package tables

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// TestMembersOfBuckets: however a set changes, and in however many steps its keys
// are told, the input holds its members; also while members of form 1 are carried
// forward.
func TestMembersOfBuckets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tables := New()
		col := sb.Schema().Table("Address_Set").Column("addresses")
		set := &sb.AddressSet{Header: schema.Header{UUID: schema.NameUUID("set")}}
		prefix := sb.Prefix + "Address_Set/" + set.UUID.String() + "/addresses/"
		// told are the keys that differ since the last batch, have all there are.
		told, have := map[string]Event{}, map[string]bool{}
		tell := func(part string, value []byte) {
			told[prefix+part] = Event{Value: value, Rev: 1}
			if have[part] = true; value == nil {
				delete(have, part)
			}
		}
		batch := func() {
			for _, there := range []bool{false, true} {
				for key, e := range told {
					if e.there() == there {
						if err := tables.Feeds.Apply(key, e); err != nil {
							t.Fatal(err)
						}
					}
				}
			}
			clear(told)
			var got []string
			for m := range tables.Addresses.All() {
				got = append(got, m.Text)
			}
			if slices.Sort(got); !slices.Equal(got, set.Addresses) {
				t.Fatalf("%v, want %v", got, set.Addresses)
			}
		}
		if rapid.Bool().Draw(t, "form 1") {
			for i := range rapid.IntRange(1, 100).Draw(t, "members") {
				set.Addresses = append(set.Addresses, fmt.Sprintf("10.0.0.%d", i))
				tell(set.Addresses[i], []byte{})
			}
			slices.Sort(set.Addresses)
			batch()
			col.EachBucket(set, func(name string, data []byte) { tell(name, data) })
			for _, part := range slices.Sorted(maps.Keys(have)) {
				if !schema.IsBucket(part) {
					tell(part, nil)
				}
				if rapid.IntRange(0, 9).Draw(t, "cut") == 0 {
					batch()
				}
			}
		}
		for range rapid.IntRange(1, 10).Draw(t, "steps") {
			old := col.Table.Clone(set).(*sb.AddressSet)
			var list []schema.Atom
			from, n := rapid.IntRange(0, 255).Draw(t, "from"), rapid.SampledFrom([]int{1, 2, 100}).Draw(t, "n")
			for i := from; i < from+n; i++ {
				list = append(list, schema.StringAtom(fmt.Sprintf("10.0.%d.%d", i%2, i)))
			}
			if rapid.Bool().Draw(t, "add") {
				col.InsertKeys(set, schema.SetDatum(list...))
			} else {
				col.DeleteKeys(set, schema.SetDatum(list...))
			}
			gone, come := col.Diff(old, set)
			col.ChangedBuckets(old, set, slices.Concat(gone.Keys, come.Keys), func(name string) { tell(name, nil) }, tell)
			if rapid.Bool().Draw(t, "told") {
				batch()
			}
		}
		batch()
		if n := len(tables.Feeds.members[origin{table: "Address_Set", column: "addresses"}].rows); n > len(set.Addresses) {
			t.Fatalf("%d sets are remembered, of no address", n)
		}
	})
}
