package schema_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
)

// buckets is what lies in etcd for a column.
func buckets(c *schema.Column, row schema.Row) map[string]string {
	all := map[string]string{}
	c.EachBucket(row, func(name string, data []byte) { all[name] = string(data) })
	return all
}

// awkward are strings with much in common, or that begin like others.
var awkward = rapid.OneOf(
	rapid.Custom(func(t *rapid.T) string {
		return fmt.Sprintf("10.%d.%d.%d", rapid.IntRange(0, 1).Draw(t, "b"), rapid.IntRange(0, 9).Draw(t, "c"), rapid.IntRange(0, 255).Draw(t, "d"))
	}),
	rapid.StringMatching(`a{0,40}`), rapid.StringMatching(`[a/+% ]{0,9}`), rapid.String(),
	rapid.Custom(func(t *rapid.T) string {
		return strings.Repeat("long", rapid.IntRange(0, 300).Draw(t, "n"))
	}),
)

// TestBucketsFollow: whatever is added to a column and taken away, the buckets
// that are said to differ make of the old ones those that the column has; each
// holds what belongs there and is of bounded size.
func TestBucketsFollow(t *testing.T) {
	sets, vips, ports := column(t, "Address_Set", "addresses"), column(t, "Load_Balancer", "vips"), column(t, "Logical_Switch", "ports")
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.SampledFrom([]*schema.Column{sets, vips, ports}).Draw(t, "column")
		ids := rapid.OneOf(
			rapid.Custom(func(t *rapid.T) string { return schema.NameUUID(rapid.StringN(1, 2, 2).Draw(t, "id")).String() }),
			rapid.Custom(func(t *rapid.T) string {
				return fmt.Sprintf("00000000-0000-4000-8000-%012x", rapid.IntRange(0, 300).Draw(t, "n"))
			}))
		element := func(t *rapid.T) schema.Atom {
			if c != ports {
				return schema.StringAtom(strings.ReplaceAll(awkward.Draw(t, "element"), "\x00", ""))
			}
			id, err := schema.ParseUUID(ids.Draw(t, "element"))
			if err != nil {
				t.Fatal(err)
			}
			return schema.UUIDAtom(id)
		}
		row := c.Table.New(schema.UUID{})
		have := map[string]string{}
		for range rapid.IntRange(1, 6).Draw(t, "steps") {
			old := c.Table.Clone(row)
			var d schema.Datum
			n := rapid.SampledFrom([]int{1, 2, 60, 300}).Draw(t, "n")
			add := rapid.Bool().Draw(t, "add")
			list := rapid.SliceOfN(rapid.Custom(element), 1, n).Draw(t, "elements")
			if !add && c.Len(row) > 0 && rapid.Bool().Draw(t, "of those there") {
				all := c.Get(row).Keys
				from := rapid.IntRange(0, len(all)-1).Draw(t, "from")
				list = all[from:min(len(all), from+n)]
			}
			if d = schema.SetDatum(list...); c == vips {
				values := make([]schema.Atom, len(d.Keys))
				for i := range values {
					values[i] = schema.StringAtom(strings.Repeat("v", rapid.IntRange(0, 2000).Draw(t, "length")))
				}
				d.Values = values
			}
			if add {
				if c == vips {
					c.DeleteKeys(row, schema.Datum{Keys: d.Keys})
				}
				c.InsertKeys(row, d)
			} else {
				c.DeleteKeys(row, schema.Datum{Keys: d.Keys})
			}
			gone, come := c.Diff(old, row)
			touched := append(slices.Clone(gone.Keys), come.Keys...)
			wrote := 0
			c.ChangedBuckets(old, row, touched, func(name string) {
				if have[name] == "" {
					t.Fatalf("%q goes and was not there", name)
				}
				delete(have, name)
				wrote++
			}, func(name string, data []byte) {
				have[name] = string(data)
				wrote++
			})
			if want := buckets(c, row); !maps.Equal(have, want) {
				t.Fatalf("the buckets are %q, want %q", have, want)
			}
			if most := 130 * len(touched); wrote > most {
				t.Fatalf("%d buckets were written for %d elements", wrote, len(touched))
			}
			whole := 0
			for name, data := range have {
				d, err := schema.DecodeBucket(c, name, []byte(data))
				if err != nil || d.Len() == 0 || d.Len() > 64 || len(data) > 3*(4<<10) && d.Len() > 1 || !schema.IsBucket(name) || strings.Contains(name, "/") {
					t.Fatalf("bucket %q of %d elements and %d bytes: %v", name, d.Len(), len(data), err)
				}
				if got, err := c.InBucket(row, name); err != nil || !got.Equal(d) || string(c.Bucket(row, name)) != data {
					t.Fatalf("bucket %q: %v, %v, and it says %v", name, got, err, d)
				}
				whole += d.Len()
			}
			if whole != c.Len(row) {
				t.Fatalf("%d elements in buckets, of %d", whole, c.Len(row))
			}
		}
	})
}

// TestBucketsOfManyAddresses: the keys of a large set are few, and one more
// address writes one of them, or those of one that is parted.
func TestBucketsOfManyAddresses(t *testing.T) {
	c := column(t, "Address_Set", "addresses")
	random := rand.New(rand.NewPCG(1, 2))
	for name, address := range map[string]func(i int) string{
		"in order": func(i int) string { return fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255) },
		"spread": func(int) string {
			return fmt.Sprintf("%d.%d.%d.%d", random.IntN(223), random.IntN(256), random.IntN(256), random.IntN(256))
		},
	} {
		row := c.Table.New(schema.UUID{}).(*nb.AddressSet)
		for i := range 10_000 {
			row.Addresses = append(row.Addresses, address(i))
		}
		slices.Sort(row.Addresses)
		row.Addresses = slices.Compact(row.Addresses)
		n := len(buckets(c, row))
		most, sum := 0, 0
		for i := range 500 {
			old := c.Table.Clone(row)
			k := schema.StringAtom(address(10_000 + i))
			if added, err := c.InsertKeys(row, schema.SetDatum(k)); err != nil || added.Len() == 0 {
				continue
			}
			wrote := 0
			c.ChangedBuckets(old, row, []schema.Atom{k}, func(name string) { wrote += len(name) }, func(name string, data []byte) { wrote += len(name) + len(data) })
			most, sum = max(most, wrote), sum+wrote
		}
		t.Logf("%s: %d buckets, %d bytes for one more, %d at most", name, n, sum/500, most)
		if n > 450 || most > 2500 {
			t.Errorf("%s: %d buckets, and up to %d bytes for one more address", name, n, most)
		}
	}
}

func TestDecodeBucket(t *testing.T) {
	ports := column(t, "Logical_Switch", "ports")
	vips := column(t, "Load_Balancer", "vips")
	set := column(t, "Address_Set", "addresses")
	const id = "a1b2c3d4-0000-4000-8000-000000000000"
	for _, c := range []struct {
		column     *schema.Column
		part, data string
		ok         bool
	}{
		{ports, "+", `["` + id + `"]`, true},
		{ports, "+", `[]`, true},
		{ports, "a1+", `["` + id + `"]`, true},
		{ports, "a1+10", `["` + id + `"]`, true},
		{ports, "a1+11", `["` + id + `"]`, false},
		{ports, "A1+", `["` + id + `"]`, false},
		{ports, "a1+1011", `["` + id + `"]`, false},
		{ports, "a1+2", `["` + id + `"]`, false},
		{ports, "a1", `["` + id + `"]`, false},
		{ports, "a1g+", `[]`, false},
		{ports, strings.Repeat("0", 32) + "+", `[]`, true},
		{ports, strings.Repeat("0", 32) + "+0", `[]`, false},
		{ports, strings.Repeat("0", 40) + "+", `[]`, false},
		{ports, "+", `["x"]`, false},
		{ports, "+", `["` + id + `"`, false},
		{ports, "+", `{}`, false},
		{ports, "+", ``, false},
		{set, "10.+0011000", `["10.0.0.1"]`, true},
		{set, "10.+0011001", `["10.0.0.1"]`, false},
		{set, "10.0.0.0%2F8+", `["10.0.0.0/8"]`, true},
		{set, "10.0.0.0%2f8+", `["10.0.0.0/8"]`, false},
		{set, "%+", `[""]`, false},
		{set, "a%00+", `["a"]`, true}, // of many that begin with "a", the one that ends
		{set, "a++", `["a"]`, false},
		{vips, "[fd+", `{"[fd00::1]:80":"10.0.0.1:80"}`, true},
		{vips, "[fd+", `{"[fd00::1]:80":1}`, false},
		{vips, "[fd+", `["[fd00::1]:80"]`, false},
		{column(t, "Logical_Switch", "name"), "+", `["a"]`, false},
		{column(t, "NB_Global", "ssl"), "+", `["` + id + `"]`, false},
	} {
		_, err := schema.DecodeBucket(c.column, c.part, []byte(c.data))
		if (err == nil) != c.ok {
			t.Errorf("%s %q %s: %v", c.column.Name, c.part, c.data, err)
		}
		if err != nil && !strings.Contains(err.Error(), c.column.Table.Name+"."+c.column.Name) {
			t.Errorf("the error does not say of what: %v", err)
		}
	}
}

func BenchmarkOneMoreOf10000(b *testing.B) {
	c := nb.Schema().Table("Address_Set").Column("addresses")
	row := c.Table.New(schema.UUID{}).(*nb.AddressSet)
	for i := range 10_000 {
		row.Addresses = append(row.Addresses, fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255))
	}
	slices.Sort(row.Addresses)
	now := c.Table.Clone(row)
	k := schema.StringAtom("10.0.7.x")
	c.InsertKeys(now, schema.SetDatum(k))
	b.ReportAllocs()
	for b.Loop() {
		c.ChangedBuckets(row, now, []schema.Atom{k}, func(string) {}, func(string, []byte) {})
	}
}

// TestBucketsOfUUIDs: they hold the bytes of their members; those in JSON, which they
// were up to form 4, mean the same.
func TestBucketsOfUUIDs(t *testing.T) {
	c := column(t, "Logical_Switch", "ports")
	row := c.Table.New(schema.UUID{})
	low, high := schema.UUID{1: 9, 15: 1}, schema.UUID{1: 9, 15: 2}
	if _, err := c.InsertKeys(row, schema.SetDatum(schema.UUIDAtom(low), schema.UUIDAtom(high))); err != nil {
		t.Fatal(err)
	}
	value := "\x01" + string(low[:]) + string(high[:])
	if all := buckets(c, row); len(all) != 1 || all["+"] != value {
		t.Errorf("the buckets are %q, want %q", all, value)
	}
	for _, same := range []string{value, "\x01" + string(high[:]) + string(low[:]) + string(high[:]), fmt.Sprintf(`["%s", "%s"]`, low, high)} {
		if d, err := schema.DecodeBucket(c, "+", []byte(same)); err != nil || !d.Equal(c.Get(row)) {
			t.Errorf("%q holds %v: %v", same, d, err)
		}
	}
	for name, bad := range map[string][2]string{
		"half a UUID": {"+", value[:9]}, "nothing": {"+", ""}, "another mark": {"+", "\x02" + value[1:]},
		"of another bucket": {"1+", value}, "text": {"+", low.String()},
	} {
		if d, err := schema.DecodeBucket(c, bad[0], []byte(bad[1])); err == nil || !strings.Contains(err.Error(), "Logical_Switch.ports bucket") {
			t.Errorf("%s: %v, %v", name, d, err)
		}
	}
	if d, err := schema.DecodeBucket(column(t, "Address_Set", "addresses"), "+", []byte(value)); err == nil {
		t.Errorf("strings: %v", d)
	}
}
