package schema_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
)

// TestRowRoundTrip: a row that is encoded, members apart, and decoded is the
// same row; its encoding is JSON and has no defaults.
func TestRowRoundTrip(t *testing.T) {
	for _, table := range append(every(), shapes().Tables...) {
		t.Run(table.Name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				roundTrip(t, table, drawRow(t, table))
			})
		})
	}
}

func roundTrip(t *rapid.T, table *schema.Table, row schema.Row) {
	data := schema.EncodeRow(table, row, nil)
	if !json.Valid(data) {
		t.Fatalf("not JSON: %s", data)
	}
	got, err := schema.DecodeRow(table, row.RowUUID(), data)
	if err != nil {
		t.Fatalf("%s: %v", data, err)
	}
	for _, c := range table.Columns {
		if c.Members {
			if c.Len(got) != 0 {
				t.Fatalf("%s is stored in buckets and in the row", c.Name)
			}
			memberRoundTrip(t, c, row, got)
		}
	}
	if diff := cmp.Diff(row, got); diff != "" {
		t.Fatalf("-want +got:\n%s\n%s", diff, data)
	}
	if !table.Equal(row, got) || len(table.Changed(row, got)) != 0 {
		t.Fatal("equal rows are told apart")
	}
	if err := table.Check(got); err != nil {
		t.Fatal(err)
	}
	if again := schema.EncodeRow(table, got, nil); !bytes.Equal(data, again) {
		t.Fatalf("%s became %s", data, again)
	}
}

// memberRoundTrip copies a column from one row to another by its buckets.
func memberRoundTrip(t *rapid.T, c *schema.Column, from, to schema.Row) {
	var keys, values []schema.Atom
	c.EachBucket(from, func(name string, data []byte) {
		d, err := schema.DecodeBucket(c, name, data)
		if err != nil {
			t.Fatalf("%s: %q %s: %v", c.Name, name, data, err)
		}
		keys, values = append(d.Keys, keys...), append(d.Values, values...)
	})
	if len(keys) == 0 {
		return
	}
	if err := schema.SetMembers(c, to, keys, values); err != nil {
		t.Fatal(err)
	}
}

// TestDatumRoundTrip: the wire's notation of any value reads as that value.
func TestDatumRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tables := append(every(), shapes().Tables...)
		table := rapid.SampledFrom(tables).Draw(t, "table")
		c := rapid.SampledFrom(table.Columns).Draw(t, "column")
		d := drawDatum(t, &c.Type)
		data := d.AppendJSON(nil, &c.Type)
		if !json.Valid(data) {
			t.Fatalf("not JSON: %s", data)
		}
		got, err := schema.ParseDatum(data, &c.Type, nil)
		if err != nil || !got.Equal(d) || got.Compare(d) != 0 {
			t.Fatalf("%s: %v, %v", data, got, err)
		}
		row := table.New(schema.UUID{})
		if err := c.Set(row, d); err != nil || !c.Get(row).Equal(d) || c.Len(row) != d.Len() {
			t.Fatalf("%s: set %v, got %v, %v", c.Name, d, c.Get(row), err)
		}
		if got := c.AppendJSON(nil, row); !bytes.Equal(got, data) {
			t.Fatalf("%s: a row's %s, the value's %s", c.Name, got, data)
		}
	})
}

// TestNatural pins the form of a row in etcd.
func TestNatural(t *testing.T) {
	tag, up, id := int64(7), false, schema.NameUUID("x")
	row := &nb.LogicalSwitchPort{
		Name: "p/1\n", Tag: &tag, Up: &up, Addresses: []string{"a", "b\""}, DHCPv4Options: &id,
		Options: map[string]string{"z": "1", "a": "é<"},
	}
	table := nb.Schema().TableOf(row)
	want := `{"name":"p/1\n","options":{"a":"é<","z":"1"},"tag":7,"addresses":["a","b\""],"up":false,"dhcpv4_options":"` + id.String() + `"}`
	if got := string(schema.EncodeRow(table, row, nil)); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	only := func(c *schema.Column) bool { return c.Name == "tag" }
	if got := string(schema.EncodeRow(table, row, only)); got != `{"tag":7}` {
		t.Errorf("filtered: %s", got)
	}
	if got := string(schema.EncodeRow(table, &nb.LogicalSwitchPort{}, nil)); got != `{}` {
		t.Errorf("empty: %s", got)
	}
}

func TestDecodeRow(t *testing.T) {
	table := nb.Schema().Table("Logical_Switch_Port")
	for _, c := range []struct{ data, bad string }{
		{`{}`, ""},
		{`{"later":{"x":[1,"y",null,true]},"name":"a"}`, ""},
		{`{"addresses":["b","a","b"]}`, ""},
		{` { "name" : "a" } `, ""},
		{``, "expected '{'"},
		{`{"name":"a"`, "expected ',' or '}'"},
		{`{"name":"a"} x`, "text after the value"},
		{`{"name":1}`, "column name"},
		{`{"tag":0}`, "0 is not in the valid range 1 to 4095"},
		{`{"tag":1.5}`, "column tag"},
		{`{"tag":99999999999999999999}`, "out of range"},
		{`{"up":null}`, "column up"},
		{`{"dhcpv4_options":"x"}`, "not a valid UUID"},
		{`{"options":[]}`, "expected '{'"},
		{`{"addresses":{}}`, "expected '['"},
		{"{\"name\":\"\xff\"}", "not valid UTF-8"},
		{`{"name":"\u0000"}`, "null bytes"},
		{`{"x":` + strings.Repeat("[", 1<<20), "nested too deep"},
	} {
		row, err := schema.DecodeRow(table, schema.NameUUID("x"), []byte(c.data))
		switch {
		case c.bad == "" && err != nil:
			t.Errorf("%.40s: %v", c.data, err)
		case c.bad == "" && row.RowUUID() != schema.NameUUID("x"):
			t.Errorf("%.40s: wrong UUID", c.data)
		case c.bad != "" && (err == nil || !strings.Contains(err.Error(), c.bad)):
			t.Errorf("%.40s: %v, want %s", c.data, err, c.bad)
		}
	}
	row, err := schema.DecodeRow(table, schema.UUID{}, []byte(`{"addresses":["b","a","b"],"_uuid":"x"}`))
	if err != nil || !reflect.DeepEqual(row.(*nb.LogicalSwitchPort).Addresses, []string{"a", "b"}) {
		t.Errorf("%v %v", row, err)
	}
}

func TestDecodeMember(t *testing.T) {
	ports := column(t, "Logical_Switch", "ports")
	vips := column(t, "Load_Balancer", "vips")
	set := column(t, "Address_Set", "addresses")
	id := schema.NameUUID("x").String()
	for _, c := range []struct {
		column     *schema.Column
		part, data string
		ok         bool
	}{
		{ports, id, "", true},
		{ports, strings.ToUpper(id), "", false},
		{ports, id, "x", false},
		{ports, "", "", false},
		{ports, "%", "", false},
		{vips, "[fd00::1]:80", `"10.0.0.1:80"`, true},
		{vips, "%", `""`, true},
		{vips, "a", ``, false},
		{vips, "a", `1`, false},
		{vips, "a", `"x" y`, false},
		{set, "10.0.0.0%2F8", "", true},
		{set, "10.0.0.0%2f8", "", false},
		{set, "10.0.0.0/8", "", false},
		{set, "%41", "", false},
		{set, "%4", "", false},
		{set, "%zz", "", false},
		{set, "%FF", "", false},
		{set, "%00", "", false},
		{set, "a%", "", false},
		{column(t, "Logical_Switch", "name"), "a", "", false},
		{column(t, "NB_Global", "ssl"), id, "", false},
	} {
		_, _, err := schema.DecodeMember(c.column, c.part, []byte(c.data))
		if (err == nil) != c.ok {
			t.Errorf("%s %q %q: %v", c.column.Name, c.part, c.data, err)
		}
	}
}

func TestReals(t *testing.T) {
	table := shapes().Tables[0]
	for _, v := range someReals {
		row := &everyShape{Strs: []string{"x"}, Real: v, OptReal: &v, Reals: []float64{v}}
		got, err := schema.DecodeRow(table, schema.UUID{}, schema.EncodeRow(table, row, nil))
		if err != nil || got.(*everyShape).Real != v || *got.(*everyShape).OptReal != v {
			t.Errorf("%v: %v, %v", v, got, err)
		}
	}
}
