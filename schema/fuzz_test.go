package schema_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/schema"
)

// FuzzDecodeRow: no text makes it panic; what it takes is a row that encodes
// to what it takes again.
func FuzzDecodeRow(f *testing.F) {
	tables := append(every(), shapes().Tables...)
	f.Add(uint8(0), []byte(`{"name":"x","addresses":["a","b"],"options":{"a":"b"},"tag":7,"up":true}`))
	f.Add(uint8(len(tables)-1), []byte(`{"int":1,"real":1e5,"reals":[0.5],"str_id":{"a":"01234567-89ab-cdef-0123-456789abcdef"},"int_id":{"7":""}}`))
	f.Add(uint8(3), []byte(`{"\u00e9":[[{"a":null}],true,-0.1e-5,"\ud800"]}`))
	f.Fuzz(func(t *testing.T, n uint8, data []byte) {
		table := tables[int(n)%len(tables)]
		row, err := schema.DecodeRow(table, schema.UUID{}, data)
		if err != nil {
			return
		}
		if !json.Valid(data) {
			t.Fatalf("took %q", data)
		}
		text := schema.EncodeRow(table, row, nil)
		again, err := schema.DecodeRow(table, schema.UUID{}, text)
		if err != nil || !table.Equal(row, again) {
			t.Fatalf("%q became %s: %v", data, text, err)
		}
	})
}

// FuzzParseDatum: no text makes it panic; what it takes is allowed by the type
// and reads back from its own notation.
func FuzzParseDatum(f *testing.F) {
	var columns []*schema.Column
	for _, table := range append(every(), shapes().Tables...) {
		columns = append(columns, table.Columns...)
	}
	for _, r := range refused {
		for i, c := range columns {
			if c.Table.Name == r.table && c.Name == r.column {
				f.Add(uint16(i), []byte(r.value))
				break
			}
		}
	}
	named := func(name string) (schema.UUID, error) { return schema.NameUUID(name), nil }
	f.Fuzz(func(t *testing.T, n uint16, data []byte) {
		typ := &columns[int(n)%len(columns)].Type
		d, err := schema.ParseDatum(data, typ, named)
		if err != nil {
			if err.Error() == "" {
				t.Fatal("an error without text")
			}
			return
		}
		if err := typ.Check(d); err != nil || !json.Valid(data) {
			t.Fatalf("took %q: %v", data, err)
		}
		text := d.AppendJSON(nil, typ)
		again, err := schema.ParseDatum(text, typ, nil)
		if err != nil || !again.Equal(d) {
			t.Fatalf("%q became %s: %v", data, text, err)
		}
	})
}

// FuzzDecodeMember: no key of form 1 makes it panic; each element has one key.
func FuzzDecodeMember(f *testing.F) {
	columns := memberColumns()
	f.Add(uint8(0), "01234567-89ab-cdef-0123-456789abcdef", []byte(nil))
	f.Add(uint8(1), "10.0.0.0%2F8", []byte(`"x"`))
	f.Add(uint8(2), "%", []byte(`""`))
	f.Fuzz(func(t *testing.T, n uint8, part string, data []byte) {
		c := columns[int(n)%len(columns)]
		k, _, err := schema.DecodeMember(c, part, data)
		if err != nil {
			return
		}
		if schema.IsBucket(part) {
			t.Fatalf("%s: %q is a bucket too", c.Name, part)
		}
		if again, _, err := schema.DecodeMember(c, strings.ToUpper(part), data); err == nil && again == k && strings.ToUpper(part) != part {
			t.Fatalf("%s: %q has a second key", c.Name, part)
		}
	})
}

// FuzzDecodeBucket: no bucket makes it panic; what it takes lies where it says.
func FuzzDecodeBucket(f *testing.F) {
	columns := memberColumns()
	f.Add(uint8(0), "0123+01", []byte(`["01234567-89ab-cdef-0123-456789abcdef"]`))
	f.Add(uint8(0), "+", []byte("\x010123456789abcdef"))
	f.Add(uint8(1), "10.0+0011", []byte(`["10.0.0.1","10.0.0.2"]`))
	f.Add(uint8(2), "+", []byte(`{"":"x"}`))
	f.Fuzz(func(t *testing.T, n uint8, name string, data []byte) {
		c := columns[int(n)%len(columns)]
		d, err := schema.DecodeBucket(c, name, data)
		if err != nil || d.Len() == 0 {
			return
		}
		row := c.Table.New(schema.UUID{})
		if err := schema.SetMembers(c, row, d.Keys, d.Values); err != nil {
			return
		}
		if got, err := c.InBucket(row, name); err != nil || !got.Equal(d) {
			t.Fatalf("%s: %q %s became %v, %v", c.Name, name, data, got, err)
		}
	})
}

func memberColumns() (columns []*schema.Column) {
	for _, table := range append(every(), shapes().Tables...) {
		for _, c := range table.Columns {
			if c.Members {
				columns = append(columns, c)
			}
		}
	}
	return columns
}
